"""Steps of a tuning as `tune` computes them, on mini or on random weights of a real base's size."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import torch
from torch import Tensor, nn

from benchmarks.places import WEIGHTS
from benchmarks.speed.cuda_steps import CODES, build
from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates
from pidiff_cli.core.diffusion.single_file import CONFIGS
from pidiff_cli.core.identity.adapter import add_adapter, code_delta, make_optimizer
from pidiff_cli.core.training import step as step_module
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.core.training.step import TrainingStep
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.tune import loop as _loop
from pidiff_cli.stages.tune import plan as _planning
from pidiff_cli.stages.tune import setup as _tuning

CAPTION = {"mini": 32, "sd15": 77, "sdxl": 77}  # text tokens
Act = Callable[[], object]
Case = list[tuple[float, Act]]  # parts of a mean step with their weights
PICTURES = 24  # cached latents, as `tune` keeps


@dataclass
class Person:
    """What is learnt from: latents, codes (P, L, D), their mean (L, D)."""

    data: LatentSet
    codes: Tensor
    mean: Tensor


class Steps:
    """A tuning in this process, step by step, through the loop's own function.

    Args:
        base: with nothing on its UNet but the branch. family: mini, sd15 or sdxl.
        captions: encoded, or None for random text states (a base without a text encoder).
    """

    def __init__(
        self,
        base: Base,
        family: str,
        config: TuneConfig,
        person: Person,
        captions: list[EncodedPrompt] | None = None,
        plan: Plan | None = None,
    ) -> None:
        self.base, self.config, self.person = base, config, person
        amp = _planning.autocast(config, family, base.device, None)
        if base.dtype == torch.float32 and config.precision == "bf16":
            amp = torch.bfloat16
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.model = add_adapter(
                base.unet, config.rank, config.alpha, config.tune_code, config.trained_blocks
            )
        self.model.to(base.device)
        switches = _planning.switches(config, family, amp)
        plan = plan or Plan(config.batch)
        _planning.apply(plan, base, switches)
        with _text(base, family) if captions is None else _nothing():
            self.training_step = TrainingStep(
                base, person.codes, person.mean, captions or _captions(family),
                _tuning.loss_settings(config), code_delta(self.model), amp,
            )  # fmt: skip
        optimizer = make_optimizer(
            _tuning.rate_groups(self.model, config), base.device, config.learning_rate
        )
        nobody = cast(Any, None)
        self.job = _loop.Job(
            nobody, config, base, self.training_step, None, (person.data, person.data), self.model,
            optimizer, torch.Generator().manual_seed(config.seed), nobody, "", plan, [],
            torch.amp.GradScaler("cpu", enabled=False), switches,
        )  # fmt: skip
        self.current = _loop.Run()

    def step(self) -> dict[str, float]:
        """One optimizer step; the losses."""
        found = _loop._step(self.job, self.current)
        self.current.step += 1
        return found

    def checking(self, share: float) -> None:
        """Let so many steps check the preserve term; 0 or 1 make every step alike."""
        self.training_step.settings = replace(self.training_step.settings, preserve_share=share)


def halves(steps: Steps) -> Case:
    """A step without and one with the preserve term, weighed by the recipe's share."""

    def act(share: float) -> Act:
        def step() -> None:
            steps.checking(share)
            steps.step()

        return step

    share = steps.config.preserve_share
    return [(1 - share, act(0.0)), (share, act(1.0))]


def mini_steps(config: TuneConfig, person: Person) -> Steps:
    """mini with its own weights."""
    base = load_base(WEIGHTS)
    return Steps(base, "mini", config, person, _tuning.captions(base, "person"))


def nobody() -> Person:
    """Random latents and codes of mini's own shapes."""
    base = load_base(WEIGHTS)
    return random_person("mini", 128, base.latent_channels, (base.rows, base.dim))


def real_base(family: str, device: torch.device) -> Base:
    """A UNet of the real size with random bf16 weights; nothing else of the base is made."""
    config = json.loads((CONFIGS / f"{family}.json").read_text())
    unet = build(config["unet"], False, device)
    nothing = cast(Any, None)
    vae = SimpleNamespace(config=SimpleNamespace(block_out_channels=[0] * 4))
    return Base(
        unet, cast(Any, vae), nothing, None, config["scheduler"], unet.identity_context,
        *CODES, False, device, torch.bfloat16,
    )  # fmt: skip


def random_person(family: str, size: int, channels: int, codes: tuple[int, int]) -> Person:
    """Latents, masks and codes of nobody."""
    generator, side = torch.Generator().manual_seed(0), size // 8
    z = torch.randn(PICTURES, channels, side, side, generator=generator)
    mask = torch.zeros(PICTURES, 1, side, side)
    mask[..., side // 4 : -side // 4, side // 4 : -side // 4] = 1
    w = 0.3 * torch.randn(1, *codes, generator=generator)
    return Person(LatentSet(z, mask, torch.zeros(PICTURES, dtype=torch.long)), w, w[0])


def config_of(recipe: str, **changes: Any) -> TuneConfig:
    """A recipe's settings, changed."""
    return replace(TuneConfig(), **{**load_recipe(recipe).tune, **changes})


def timed(act: Callable[[], object], count: int, device: torch.device) -> tuple[float, float]:
    """Wall and CPU seconds a call, the mean of ``count``."""
    _wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        act()
    _wait(device)
    return (time.perf_counter() - wall) / count, (time.process_time() - cpu) / count


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _captions(family: str) -> list[EncodedPrompt]:
    subject = torch.zeros(CAPTION[family])
    subject[5] = 1
    ids = torch.zeros(CAPTION[family], dtype=torch.long)
    return [EncodedPrompt("a photo of a person", ids, subject, (), "", None)]


@contextmanager
def _text(base: Base, family: str) -> Iterator[None]:
    """Random text states in the place of the text encoder's."""
    config = cast(Any, base.unet).config

    def states(_: Base, prompts: list[EncodedPrompt]) -> TextStates:
        shape = len(prompts), CAPTION[family], config.cross_attention_dim
        tokens = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(
            base.device, base.dtype
        )
        pooled = tokens.new_zeros(len(prompts), 1280) if family == "sdxl" else None
        return TextStates(tokens, pooled)

    empty = replace(_captions(family)[0], text="", subject=torch.zeros(CAPTION[family]))
    with (
        patch.object(step_module, "text_states", states),
        patch.object(step_module, "encode_prompt", lambda *_: empty),
    ):
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def same_weights(unet: nn.Module, config: dict[str, Any]) -> nn.Module:
    """A stock UNet that shares the frozen weights of one with a branch; no memory of its own."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        stock = cast(nn.Module, UNet2DConditionModel.from_config(config))
    stock.load_state_dict(
        {k: v for k, v in unet.state_dict().items() if "_id." not in k and "identity_" not in k},
        assign=True,
    )
    return stock
