"""Tunings in this process: settings by their names, and the loop's job on a base that is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.identity.adapter import code_delta, make_optimizer
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.core.training.step import TrainingStep
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.tune.data import mood_captions, told_by
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.loop import Job
from pidiff_cli.stages.tune.plan import apply, autocast, fast_step
from pidiff_cli.stages.tune.setup import (
    focused_data,
    loss_settings,
    new_adapters,
    others_of,
    rate_groups,
)

NOUN = "person"
CONFIG = {item.name for item in fields(TuneConfig)}
INTERNALS = {item.name for item in fields(TuneInternals)}


class Tuning(NamedTuple):
    """A recipe's settings, and what no recipe sets."""

    config: TuneConfig
    internals: TuneInternals


@dataclass
class Person:
    """What is learnt from: latents of both phases, codes (P, L, D), their mean (L, D); or None."""

    data: tuple[LatentSet, LatentSet]
    codes: Tensor | None
    mean: Tensor | None


def tuning(recipe: str, changes: Mapping[str, Any]) -> Tuning:
    """A recipe's settings, with those of the changes that are of either kind."""
    values = {**load_recipe(recipe).tune, **changes}
    config = {key: value for key, value in values.items() if key in CONFIG}
    inner = {key: value for key, value in values.items() if key in INTERNALS}
    return Tuning(TuneConfig(**config), TuneInternals(**inner))


def drawing(start: DrawSettings, values: Mapping[str, Any]) -> DrawSettings:
    """Settings of drawing changed by their names in recipes; names of others are left out."""
    named = {"keep_background" if key == "hold" else key: value for key, value in values.items()}
    known = {item.name for item in fields(DrawSettings)}
    return replace(start, **{key: value for key, value in named.items() if key in known})


def parse(line: str) -> dict[str, Any]:
    """``"hold=0.5 rank=4 tune_code=false trained_blocks=up"`` as settings, each of its kind."""
    return {key: _value(text) for key, text in (word.split("=", 1) for word in line.split())}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def make_job(
    base: Base,
    family: str,
    settings: Tuning,
    person: Person,
    captions: list[EncodedPrompt],
    texts: TextStates | None = None,
    plan: Plan | None = None,
) -> Job:
    """What `loop.train` works with, without a profile: no previews, no checkpoints.

    Args:
        base: with nothing on its UNet but the branch. family: mini, sd15 or sdxl.
        texts: states of the captions and of "", for a base without a text encoder.
    """
    config, internals = settings
    config = replace(config, preview_every=0, checkpoint_every=config.steps)
    amp = autocast(internals, family, base.device, None) if base.dtype == torch.float32 else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # LoRA's A matrices start random
        model = new_adapters(base, config, internals)
    model.to(base.device)
    others = others_of(base, config, internals, NOUN) if texts is None else []
    told = None
    if config.lora_rank and internals.lora_moods and texts is None:
        forms = mood_captions(base, NOUN)
        told = told_by(base, person.data[1], forms)
        captions = [*chain.from_iterable(forms)]
    plan, fast = plan or Plan(config.batch), fast_step(internals, family, amp)
    apply(plan, base, fast)
    training = TrainingStep(
        base, person.codes, person.mean, captions + others,
        loss_settings(config, internals, len(others)), code_delta(model), amp, texts, told,
    )  # fmt: skip
    data = focused_data(base, config, internals, training, person.data)
    groups = rate_groups(model, config, internals, base, data)
    optimizer = make_optimizer(groups, base.device, config.learning_rate)
    nobody = cast(Any, None)
    return Job(
        nobody, config, internals, base, training, data, model, optimizer,
        torch.Generator().manual_seed(config.seed), nobody, "", plan, [], fast,
        torch.amp.GradScaler("cpu", enabled=False),
    )  # fmt: skip
