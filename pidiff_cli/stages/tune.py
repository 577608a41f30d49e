"""tune: tailor the identity branch to one prepared and inverted person."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pidiff_cli import hub
from pidiff_cli.config import TuneConfig, check
from pidiff_cli.core.diffusion.base import Base, pick_device
from pidiff_cli.core.diffusion.dataset import LatentSet
from pidiff_cli.core.diffusion.drawn import DrawnLikeness
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.diffusion.tailor import Tailor
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    code_delta,
    load_adapter,
    make_optimizer,
    save_adapter,
    trainable_parameters,
)
from pidiff_cli.core.identity.checkpoint import (
    load_checkpoint,
    read_state,
    restore,
    save_checkpoint,
    snapshot,
)
from pidiff_cli.core.identity.likeness import FaceReader, own_likeness
from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages import _tuning, measure, report
from pidiff_cli.stages._bases import (
    ADAPTER,
    check_base,
    fingerprint,
    identity_fingerprint,
    load_parts,
)
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import TuneResult

CHECKPOINT = "checkpoint"
BETTER = 0.02  # an earlier step is kept if its previews are this much more alike than the last


@dataclass
class _Run:
    """Where a run stands; this is what a checkpoint holds besides tensors."""

    step: int = 0
    seconds: float = 0.0
    losses: list[dict[str, float]] = field(default_factory=list)
    before: float | None = None
    best_step: int = 0
    best_score: float | None = None


@dataclass
class _Job:
    """Everything the loop works with."""

    profile: Profile
    config: TuneConfig
    base: Base
    tailor: Tailor
    drawn: DrawnLikeness | None
    data: tuple[LatentSet, LatentSet]
    model: nn.Module
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    previews: _tuning.Previews
    digest: str
    best: dict[str, Tensor] | None = None


def run(config: TuneConfig, progress: Progress) -> TuneResult:
    """Tune a profile; goes on from its last checkpoint unless told to restart.

    Raises:
        InputError: no such profile, no photos or no W+ code in it.
        MissingWeightError: the base is not on this machine.
        OutOfMemoryError: the device has no room for the settings.
    """
    check(config)
    profile = Profile.open(config.name, config.home)
    with profile.lock():
        try:
            return _tune(profile, config, progress)
        except (MemoryError, torch.cuda.OutOfMemoryError) as error:
            raise OutOfMemoryError(
                "Not enough memory for these settings.",
                "Use a smaller batch or picture, or checkpointing: true in the recipe.",
            ) from error


def _tune(profile: Profile, config: TuneConfig, progress: Progress) -> TuneResult:
    name = hub.choose_base(config.base, config.home)
    parts = hub.base_parts(name, config.home)
    check_base(profile, config, parts)
    weights = {"fingerprint": fingerprint(parts)}
    if parts.family != "mini":
        weights |= {"family": parts.family, "identity": identity_fingerprint(parts)}
    own, held_out = _tuning.training_photos(profile)
    digest = _tuning.digest_of(profile, config, own, "".join(weights.values()))
    if config.restart or not config.resume:
        _forget(profile)
    state = profile.stage_state("tune")
    done = bool(state.get("done"))
    if done and state["digest"] == digest and state["result"]["steps"] >= config.steps:
        steps = state["result"]["steps"]
        progress.line(
            f"{profile.name} is tuned already ({len(own)} photos, {steps} steps). "
            f"Add photos or --restart, --steps {2 * steps} goes on from {steps}."
        )
        return _result(profile, state["result"])
    device, dtype, amp = pick_device(config.device, config.precision, parts.family)
    base = load_parts(parts, device, dtype)
    if config.checkpointing:
        base.unet.enable_gradient_checkpointing()  # type: ignore[operator]
        base.unet.train()  # diffusers checkpoints in training mode only; there is no dropout
    codes, mean = _tuning.codes_of(profile, own)
    model, current = _start(profile, config, base, state, digest, progress)
    groups = _tuning.rate_groups(model, config)
    eight_bit = {"auto": None, "adamw": False, "adamw8bit": True}[config.optimizer]
    reader = measure.open_reader(parts.faces)
    job = _Job(
        profile, config, base,
        Tailor(
            base, codes, mean, _tuning.captions(base, profile.manifest.noun),
            _tuning.loss_settings(config), code_delta(model), amp,
        ),
        _tuning.drawn_likeness(profile, config, base, mean, own, reader),
        _tuning.training_data(profile, config, base, own), model,
        make_optimizer(groups, device, config.learning_rate, eight_bit),
        torch.Generator().manual_seed(config.seed + current.step),
        _tuning.previews(profile, config, base, mean, own, reader), digest,
    )  # fmt: skip
    if current.step and not done:
        checkpoint = profile.folder / CHECKPOINT
        job.best = load_checkpoint(checkpoint, job.optimizer, job.generator)
    profile.update_stage("tune", done=False, digest=digest)
    _loop(job, current, progress)
    profile.write_folder(ADAPTER, lambda target: save_adapter(model, target))
    values = {
        "base": name, "recipe": config.recipe, "steps": current.step,
        "seconds": round(current.seconds, 1), "peak_mb": round(_tuning.peak_mb(device)),
        "likeness": _conclude(job, current, parts.judge, reader, mean, own, held_out),
    }  # fmt: skip
    profile.update(
        base={"name": name, **weights},
        recipe={"name": config.recipe, **_tuning.settings_of(config)},
    )
    profile.update_stage("tune", done=True, digest=digest, result=values)
    profile.remove(CHECKPOINT)
    report.tell(progress, values)
    return _result(profile, values)


def _loop(job: _Job, current: _Run, progress: Progress) -> None:
    """The training loop, from ``current.step`` to the last step."""
    config, profile = job.config, job.profile
    parameters = list(trainable_parameters(job.model).values())
    began = time.perf_counter() - current.seconds
    progress.start("tune", config.steps)
    if current.step:
        progress.advance("tune", current.step)
    elif config.preview_every:
        current.before = job.previews.look(fresh=True)
    while current.step < config.steps:
        faces, photos = job.data
        data = faces if current.step < config.face_phase * config.steps else photos
        for group in job.optimizer.param_groups:
            group["lr"] = group["rate"] * _tuning.learning_rate(config, current.step)
        losses = _backward(job, data)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        job.optimizer.step()
        job.optimizer.zero_grad()
        current.step += 1
        current.losses.append({k: round(float(v.detach()), 6) for k, v in losses.items()})
        progress.advance("tune", 1, loss=current.losses[-1]["loss"])

        last = current.step == config.steps
        if config.preview_every and (last or current.step % config.preview_every == 0):
            score = job.previews.look()
            best = current.best_score
            if score is not None and (best is None or score >= best - (BETTER if last else 0)):
                current.best_step, current.best_score = current.step, score
                job.best = snapshot(job.model)
        current.seconds = time.perf_counter() - began
        if not last and current.step % config.checkpoint_every == 0:
            state = {**asdict(current), "digest": job.digest}
            profile.write_folder(
                CHECKPOINT,
                lambda folder, state=state: save_checkpoint(  # type: ignore[misc]
                    folder, job.model, job.optimizer, job.generator, state, job.best
                ),
            )
    job.base.context.clear()
    if job.best is None:
        current.best_step = current.step
    else:
        restore(job.model, job.best)
    loss = current.losses[-1]["loss"] if current.losses else 0.0
    progress.finish("tune", f"{current.step} steps · loss {loss:.3f} · {current.seconds:.0f} s")
    _tuning.write_log(profile, current.losses)


def _backward(job: _Job, data: LatentSet) -> dict[str, Tensor]:
    """One step's losses with their gradients; each term's graph is freed before the next."""
    config, generator = job.config, job.generator
    losses = job.tailor.loss(data, config.batch, generator)
    losses["loss"].backward()
    if job.drawn and torch.rand((), generator=generator) < config.likeness_share:
        unlike = job.drawn.loss(generator)
        if unlike is not None:
            (config.likeness_weight * unlike).backward()
            losses["unlike"] = unlike
    return losses


def _start(
    profile: Profile,
    config: TuneConfig,
    base: Base,
    state: dict[str, Any],
    digest: str,
    progress: Progress,
) -> tuple[nn.Module, _Run]:
    """The adapter to train, and where: new, from a checkpoint, or from a finished tuning."""
    same = state.get("digest") == digest
    checkpoint = profile.folder / CHECKPOINT
    saved = read_state(checkpoint)
    current, adapter = _Run(), None
    if same and state.get("done"):
        current.step = current.best_step = state["result"]["steps"]
        current.before = state["result"]["likeness"]["before"]
        current.losses = _tuning.read_log(profile)[: current.step]
        adapter = profile.folder / ADAPTER
    elif same and saved and saved.pop("digest") == digest and saved["step"] < config.steps:
        current, adapter = _Run(**saved), checkpoint / ADAPTER
    elif state and not same:
        progress.line("The photos or settings have changed: tuning starts again at step 0.")
    if adapter:
        progress.line(f"Going on from step {current.step}.")
        return load_adapter(base.unet, adapter, trainable=True), current
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # LoRA's A matrices start random
        return add_adapter(base.unet, config.rank, config.alpha, config.tune_code), current


def _conclude(
    job: _Job,
    current: _Run,
    judge_folder: Path | None,
    reader: FaceReader | None,
    mean: Tensor,
    own: list[Photo],
    held_out: list[Photo],
) -> dict[str, Any]:
    """Draw the standard prompts, measure, and write the report."""
    profile, base, size = job.profile, job.base, job.config.size
    against = _tuning.aligned_faces(profile, held_out or own)
    everyone = _tuning.aligned_faces(profile, [*own, *held_out])
    reference = reader.embed(against) if reader else None
    prompts = measure.standard_prompts(base, profile.manifest.noun, job.config.report_prompts)
    judge = measure.open_judge(judge_folder)
    settings = DrawSettings(steps=_tuning.REPORT_STEPS, size=size)
    shown = measure.measure(base, mean, prompts, settings, reader, reference, judge)
    values = measure.summary(shown)
    likeness = {
        "held_out": values["generated"] if held_out else None,
        "learnt_from": None if held_out else values["generated"],
        "photos": own_likeness(reader.embed(everyone)) if reader else None,
        "before": current.before,
        "text_drop": values["text_drop"],
        "background": values["background"],
        "best_step": current.best_step,
    }
    recorded = {**_tuning.settings_of(job.config), "seconds": round(current.seconds, 1)}
    data = report.build_json(profile.name, likeness, shown, current.losses, recorded)
    profile.write("reports/likeness.json", (json.dumps(data, indent=1) + "\n").encode())
    profile.write("reports/likeness.html", report.build_html(data, everyone, shown).encode())
    return likeness


def _forget(profile: Profile) -> None:
    profile.clear_stage("tune")
    for relative in (CHECKPOINT, _tuning.PREVIEWS):
        if profile.path(relative).exists():
            profile.remove(relative)


def _result(profile: Profile, values: dict[str, Any]) -> TuneResult:
    report = profile.folder / "reports" / "likeness.html"
    return TuneResult(profile=profile.folder, report=report, **values)
