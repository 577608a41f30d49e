"""What the training loop works with, made before it: base, adapter, optimizer, data, previews."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from msgspec import convert
from torch import Tensor, nn

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    code_delta,
    make_optimizer,
    trainable_parameters,
)
from pidiff_cli.core.identity.adapters import load_adapters
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.training.checkpoint import load_checkpoint, read_state
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.focus import focused
from pidiff_cli.core.training.step import LossSettings, TrainingStep
from pidiff_cli.profile import Photo, Profile, codes_file
from pidiff_cli.recipe import Recipe
from pidiff_cli.stages.base import load_parts
from pidiff_cli.stages.faces import Faces
from pidiff_cli.stages.opening import BESIDE
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.report.evaluators import Evaluators
from pidiff_cli.stages.report.measure import standard_prompts
from pidiff_cli.stages.tune import plan, previews, told
from pidiff_cli.stages.tune.already import HIDDEN, is_done
from pidiff_cli.stages.tune.as_it_is import AsItIs, is_judged
from pidiff_cli.stages.tune.data import codes_of, material, other_prompts, training_photos
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.log import as_losses, read_log
from pidiff_cli.stages.tune.loop import CHECKPOINT, Job
from pidiff_cli.stages.tune.remaining import (
    PREVIEW_STEPS,
    PREVIEWED,
    REPORT_STEPS,
    TimeLeft,
)
from pidiff_cli.stages.tune.state import Look, Run, SavedRun
from pidiff_cli.weights.locate import BaseParts

SCALE = 2.0**12  # of the loss in fp16 at first; it doubles while nothing overflows
DIGEST = 2  # raised where settings come or go: an earlier tuning still draws, and begins anew
_NOT_IN_DIGEST = {
    "home", "device", "offline", "name", "recipe", "steps", "resume", "restart", "retune",
    "checkpoint_every", "preview_every", "keep_checkpoints", "report_prompts", "checkpointing",
    "micro_batch", "quantise", "memory", "wplus", "patience", "text_loss", "fast_step",
    "self_attention", "skip_dropped", "always",
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What is to be tuned, on what, from which photos.

    Attributes:
        recipe: whose ``generate`` section says how pictures are drawn.
        weights: fingerprints of the base, kept in the profile.
        digest: changes when a run cannot go on from another's checkpoint.
    """

    profile: Profile
    config: TuneConfig
    internals: TuneInternals
    parts: BaseParts
    recipe: Recipe
    weights: dict[str, str]
    own: list[Photo]
    held_out: list[Photo]
    digest: str

    def drawing(self, steps: int) -> DrawSettings:
        """How previews and the report are drawn: as `generate` will with this recipe."""
        chosen = {**(BESIDE if self.config.lora_rank else {}), **self.recipe.generate}
        names = ("guidance", "prompt_pull", "identity_scale", "start", "negative", "scheduler")
        given = {name: chosen[name] for name in names if name in chosen}
        given |= {"keep_background": chosen["hold"]} if "hold" in chosen else {}
        return DrawSettings(steps=steps, size=self.config.size, **given)

    def settings(self) -> dict[str, object]:
        """The settings worth keeping, JSON values."""
        values = {**asdict(self.config), **asdict(self.internals)}
        # A record's keys keep their names.
        values["at_once"], values["lean"] = values.pop("micro_batch"), values.pop("fast_step")
        return {key: value for key, value in values.items() if key not in HIDDEN}


def make_task(
    profile: Profile,
    config: TuneConfig,
    internals: TuneInternals,
    parts: BaseParts,
    weights: dict[str, str],
    recipe: Recipe,
) -> Task:
    """Raises InputError where the profile holds no photo to learn from."""
    own, held_out = training_photos(profile)
    values: dict[str, Any] = {**asdict(config), **asdict(internals)}
    values = {key: value for key, value in values.items() if key not in _NOT_IN_DIGEST}
    files = profile.manifest.files
    values["version"] = DIGEST
    values["photos"] = [(p.key, files.get(p.face, "")) for p in own]
    values["codes"] = files.get(codes_file(profile), "") if parts.has_branch else "none"
    values["fingerprint"] = "".join(weights.values())
    text = json.dumps(values, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Task(profile, config, internals, parts, recipe, weights, own, held_out, digest)


def make_job(
    task: Task, state: dict[str, Any], tools: Evaluators, faces: Faces, progress: Progress
) -> tuple[Job, Run, plan.Planned]:
    """Everything the loop works with, where it begins, and how it is computed.

    Args:
        state: what the profile's last tuning noted. tools: evaluators, for the previews.
    """
    profile, config, internals, own = task.profile, task.config, task.internals, task.own
    planned = plan.plan_here(config, task.parts.family, task.parts.has_branch, internals)
    progress.line(told.line(planned, config))
    plan.hold_to(config, planned.device)
    base = load_parts(
        task.parts, planned.device, planned.dtype, planned.plan.parked, planned.plan.nf4
    )
    codes, mean = codes_of(profile, own) if base.has_branch else (None, None)
    model, current = _adapter(task, base, state, progress)
    plan.apply(planned.plan, base, planned.fast)
    others = others_of(base, config, internals, profile.manifest.noun)
    weights = task.weights["fingerprint"]
    moods = config.lora_rank > 0 and internals.lora_moods
    stuff = material(profile, config, base, own, faces, weights, progress, others, moods)
    training = TrainingStep(
        base, codes, mean, stuff.captions, loss_settings(config, internals, len(others)),
        code_delta(model), planned.amp, stuff.texts, stuff.told,
    )  # fmt: skip
    data = stuff.data
    judged = is_judged(profile, task.parts)
    if judged:  # a photograph differs everywhere from mini's
        data = focused_data(base, config, internals, training, data)
    eight_bit = {"auto": None, "adamw": False}.get(config.optimizer, True)
    optimizer = make_optimizer(
        rate_groups(model, config, internals, base, data), planned.device, config.learning_rate,
        eight_bit, config.optimizer == "paged_adamw8bit", progress.warn,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(config.seed + current.step)
    best = None
    if current.step and not is_done(state):
        best = load_checkpoint(profile.path(CHECKPOINT), optimizer, generator)
    strips = _strips(task, base, mean, tools, faces)
    scaler = torch.amp.GradScaler(
        planned.device.type, SCALE, enabled=planned.dtype == torch.float16
    )
    shown = standard_prompts(base, profile.manifest.noun, internals.report_prompts)
    left = TimeLeft(
        config.steps, config.preview_every, 2 * len(shown) * REPORT_STEPS,
        strip=len(strips.prompts) * strips.settings.steps,
    )  # fmt: skip
    job = Job(
        profile, config, internals, base, training,
        data, model, optimizer, generator,
        strips, task.digest, planned.plan, list(planned.smaller), planned.fast, scaler, best,
        left=left, judged=judged,
    )  # fmt: skip
    return job, current, planned


def make_as_it_is(task: Task, tools: Evaluators, faces: Faces) -> AsItIs:
    """What draws a person of whom nothing is learnt: adapters as they begin."""
    config = task.config
    planned = plan.plan_here(config, task.parts.family, task.parts.has_branch, task.internals)
    plan.hold_to(config, planned.device)
    base = load_parts(
        task.parts, planned.device, planned.dtype, planned.plan.parked, planned.plan.nf4
    )
    _, mean = codes_of(task.profile, task.own)
    model = _fresh(task, base)
    base.rest()
    return AsItIs(base, model, _strips(task, base, mean, tools, faces))


def _strips(
    task: Task, base: Base, mean: Tensor | None, tools: Evaluators, faces: Faces
) -> previews.Previews:
    reader, own = tools.reader, [faces[p.key] for p in task.own if p.key in faces]
    prompts = standard_prompts(base, task.profile.manifest.noun, PREVIEWED)
    return previews.Previews(
        task.profile, base, mean, prompts, task.drawing(PREVIEW_STEPS), reader,
        reader.embed(own) if reader else None, tools.judge,
        held_out=tools.reference if tools.held_out else None,
    )  # fmt: skip


def _adapter(
    task: Task, base: Base, state: dict[str, Any], progress: Progress
) -> tuple[nn.Module, Run]:
    """The adapter to train, and where: new, from a checkpoint, or from a finished tuning."""
    profile, config = task.profile, task.config
    same = state.get("digest") == task.digest
    checkpoint = profile.path(CHECKPOINT)
    saved = read_state(checkpoint, SavedRun)
    current: Run = Run()
    adapter: Callable[[str], Path] | None = None
    if same and is_done(state) and state["result"]["steps"]:
        current.step = current.best_step = state["result"]["steps"]
        current.before = state["result"].get("likeness", {}).get("before")
        current.losses = read_log(profile)[: current.step]
        adapter = profile.stored
    elif same and saved and saved.pop("digest") == task.digest and saved["step"] < config.steps:
        saved["losses"] = as_losses(saved.get("losses", ()))
        saved["held"] = convert(saved.get("held", []), list[Look])
        current, adapter = Run(**saved), checkpoint.joinpath
    elif state and not same:
        progress.line("The photos or settings have changed: tuning starts again at step 0.")
    if adapter:
        progress.line(f"Going on from step {current.step}.")
        model, base.lora = load_adapters(base.unet, adapter, learn=True)
        return model, current
    return _fresh(task, base), current


def _fresh(task: Task, base: Base) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.config.seed)  # LoRA's A matrices start random
        return new_adapters(base, task.config, task.internals)


def new_adapters(base: Base, config: TuneConfig, internals: TuneInternals) -> nn.Module:
    """Fresh adapters of the parts that are to learn; what holds their parameters."""
    model = base.unet
    if base.has_branch and config.rank:
        model = add_adapter(
            base.unet, config.rank, config.alpha, internals.tune_code, config.trained_blocks
        )
    if config.lora_rank:
        rank, alpha = config.lora_rank, config.lora_alpha
        base.lora = add_lora(base.unet, rank, alpha, config.lora_layers, internals.lora_blocks)
    return model


def others_of(
    base: Base, config: TuneConfig, internals: TuneInternals, noun: str
) -> list[EncodedPrompt]:
    """Captions beside the photos', under which a LoRA has to leave the base as it is."""
    return other_prompts(base, noun) if config.lora_rank and internals.lora_others else []


def loss_settings(config: TuneConfig, internals: TuneInternals, others: int = 0) -> LossSettings:
    """Weights and shares of the losses, of recipe and internals.

    With a LoRA nothing is dropped: rows without a prompt are the base's own when it draws.
    """
    drops = (internals.drop_text, internals.drop_identity, internals.drop_both)
    min_snr = internals.min_snr
    if config.lora_rank:
        drops, min_snr = (0.0, 0.0, 0.0), internals.lora_min_snr
    return LossSettings(
        min_snr, internals.off_face_weight, config.preserve_weight, config.preserve_share,
        internals.locate_weight, internals.code_weight if internals.tune_code else 0.0,
        *drops, internals.skip_dropped, others,
    )  # fmt: skip


def learns_marks(base: Base, config: TuneConfig) -> bool:
    """Whether a LoRA learns beside a general branch that stays as it is: what W+ cannot say."""
    return base.has_branch and config.rank == 0 and config.lora_rank > 0


def focused_data(
    base: Base,
    config: TuneConfig,
    internals: TuneInternals,
    training: TrainingStep,
    data: tuple[LatentSet, LatentSet],
) -> tuple[LatentSet, LatentSet]:
    """Pictures of both phases, with what a LoRA beside the branch has to learn weighed more."""
    if not (internals.lora_focus and learns_marks(base, config)):
        return data
    faces, photos = data
    photos = focused(training, photos, internals.lora_focus)
    used = config.face_phase > 0 and photos.areas is not None
    return focused(training, faces, internals.lora_focus) if used else faces, photos


def rate_groups(
    model: nn.Module,
    config: TuneConfig,
    internals: TuneInternals,
    base: Base,
    data: tuple[LatentSet, LatentSet],
) -> list[dict[str, Any]]:
    """Parameter groups for the optimizer; ``rate`` multiplies the learning rate of each.

    ``data``: of ``focused_data``; where marks are what is learnt, the LoRA's rate is higher.
    """
    code, lora = code_delta(model), {id(p) for p in (base.lora.parameters() if base.lora else ())}
    every = [p for p in trainable_parameters(model).values() if p is not code]
    branch = [p for p in every if id(p) not in lora]
    groups: list[dict[str, Any]] = [{"params": branch, "rate": 1.0}]
    if code is not None:
        groups.append({"params": [code], "rate": internals.code_rate})
    if lora:
        rate = config.lora_rate / config.learning_rate
        if data[1].areas is not None:
            rate *= internals.lora_beside
        groups.append({"params": [p for p in every if id(p) in lora], "rate": rate})
    return [group for group in groups if group["params"]]
