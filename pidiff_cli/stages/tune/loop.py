"""The training loop of `tune`: steps, previews, checkpoints, which step is kept, when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.identity.adapter import untune
from pidiff_cli.core.training.checkpoint import restore, save_checkpoint, snapshot
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.fast_step import Switches
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.core.training.step import Tailor
from pidiff_cli.profile import Profile
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune import pace as _pace
from pidiff_cli.stages.tune import plan as _planning
from pidiff_cli.stages.tune import setup as _tuning
from pidiff_cli.stages.tune.previews import Glance, Previews

CHECKPOINT = "checkpoint"
T = TypeVar("T")
BETTER = 0.02  # an earlier step, or none, is kept if its previews are this much more alike
RISE = 0.01  # previews that gain less likeness than this over the best so far are on a plateau


@dataclass
class Run:
    """Where a run stands; this is what a checkpoint holds besides tensors.

    Attributes:
        before: likeness of the first strip, before any step.
        best_step, best_score, best_loss: the kept step, its likeness and its loss of text
            alignment (a share).
        top: the highest likeness so far, whatever its text, the first strip's included.
        flat: previews in a row without a higher one.
        ended_early: the likeness had stopped rising.
    """

    step: int = 0
    seconds: float = 0.0
    losses: list[dict[str, float]] = field(default_factory=list)
    before: float | None = None
    best_step: int = 0
    best_score: float | None = None
    best_loss: float | None = None
    top: float | None = None
    flat: int = 0
    ended_early: bool = False

    def did_harm(self) -> bool:
        """Whether the kept step draws plainly less alike than the untuned branch."""
        if self.before is None or self.best_score is None:
            return False
        return self.best_score < self.before - BETTER


@dataclass
class Job:
    """Everything the loop works with.

    Attributes:
        smaller: plans to step down to where memory runs out.
        scaler: of the loss, where the base computes in fp16; does nothing elsewhere.
        paces: seconds of every step of this run, previews not counted.
    """

    profile: Profile
    config: TuneConfig
    base: Base
    tailor: Tailor
    data: tuple[LatentSet, LatentSet]
    model: nn.Module
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    previews: Previews
    digest: str
    plan: Plan
    smaller: list[Plan]
    scaler: torch.amp.GradScaler
    switches: Switches
    best: dict[str, Tensor] | None = None
    paces: list[float] = field(default_factory=list)


def train(job: Job, current: Run, progress: Progress) -> None:
    """From ``current.step`` to the last step; the model ends as it was at its best previews."""
    config = job.config
    began = time.perf_counter() - current.seconds
    if not current.step:
        _begin(job, current, progress)
    progress.start("tune", config.steps)
    if current.step:
        progress.advance("tune", current.step)
    while current.step < config.steps and not current.ended_early:
        started = time.perf_counter()
        current.losses.append(_fitting(job, current, progress, lambda: _step(job, current)))
        job.paces.append(time.perf_counter() - started)
        current.step += 1
        if told := _pace.estimate(job.paces, config.steps - current.step):
            progress.line(told)
        progress.advance("tune", 1, loss=current.losses[-1]["loss"])
        last = current.step == config.steps
        if config.preview_every and (last or current.step % config.preview_every == 0):
            _fitting(job, current, progress, partial(_preview, job, current, last))
        current.seconds = time.perf_counter() - began
        if not (last or current.ended_early) and current.step % config.checkpoint_every == 0:
            _checkpoint(job, current)
    job.base.context.clear()
    _choose(job, current)
    loss = current.losses[-1]["loss"] if current.losses else 0.0
    early = f" of {config.steps}: likeness has stopped rising" if current.ended_early else ""
    progress.finish(
        "tune", f"{current.step} steps{early} · loss {loss:.3f} · {current.seconds:.0f} s"
    )
    _tuning.write_log(job.profile, current.losses)


def _begin(job: Job, current: Run, progress: Progress) -> None:
    """Before the first step: what the untuned branch draws."""
    if job.config.preview_every > 0:
        look = partial(job.previews.look, fresh=True)
        current.before = current.top = _fitting(job, current, progress, look).likeness


def _fitting(job: Job, current: Run, progress: Progress, act: Callable[[], T]) -> T:
    """What ``act`` gives; where memory runs out it is tried again under smaller plans."""
    before = job.generator.get_state()
    while True:
        try:
            return act()
        except (torch.cuda.OutOfMemoryError, MemoryError):
            if not job.smaller:
                raise
        job.plan = job.smaller.pop(0)
        job.generator.set_state(before)
        job.optimizer.zero_grad()
        job.base.context.clear()
        if job.base.device.type == "cuda":
            torch.cuda.empty_cache()
        _planning.apply(job.plan, job.base, job.switches)
        said = _planning.describe(job.plan, job.config.batch)
        progress.warn(f"Out of memory at step {current.step + 1}: going on with {said}.")


def _step(job: Job, current: Run) -> dict[str, float]:
    """One optimizer step; the losses it saw."""
    config, (faces, photos) = job.config, job.data
    data = faces if current.step < config.face_phase * config.steps else photos
    for group in job.optimizer.param_groups:
        group["lr"] = group["rate"] * _tuning.learning_rate(config, current.step)
    losses = _backward(job, data)
    parameters = [p for group in job.optimizer.param_groups for p in group["params"]]
    job.scaler.unscale_(job.optimizer)
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    job.scaler.step(job.optimizer)  # not where fp16 overflowed
    job.scaler.update()
    job.optimizer.zero_grad()
    return {k: round(float(v.detach()), 6) for k, v in losses.items()}


def _choose(job: Job, current: Run) -> None:
    """Leave the model as it was at the step that is kept; as it began where none did good."""
    if job.best is None:
        current.best_step = current.step
        return
    restore(job.model, job.best)
    if current.did_harm():
        untune(job.model)
        current.best_step = 0


def _preview(job: Job, current: Run, last: bool) -> None:
    """Draw a strip; keep these weights where they are the best so far; end on a plateau."""
    seen = job.previews.look()
    if seen.likeness is None:
        return
    if is_better(seen, current, job.config.text_loss, last):
        current.best_step, current.best_score = current.step, seen.likeness
        current.best_loss = seen.text_loss
        job.best = snapshot(job.model)
    rises = current.top is None or seen.likeness >= current.top + RISE
    current.flat = 0 if rises else current.flat + 1
    current.top = seen.likeness if current.top is None else max(current.top, seen.likeness)
    current.ended_early = not last and 0 < job.config.patience <= current.flat


def is_better(seen: Glance, current: Run, most_loss: float, last: bool) -> bool:
    """Whether a strip is to be kept rather than the best so far.

    The most alike wins among those that lose at most ``most_loss`` of the base's text alignment; a
    strip that loses more wins only over one that loses still more. The last strip is kept where an
    earlier one is hardly more alike.
    """
    if seen.likeness is None:
        return False
    if current.best_score is None:
        return True
    loss, best_loss = seen.text_loss or 0.0, current.best_loss or 0.0
    if loss > most_loss or best_loss > most_loss:
        return loss < best_loss
    return seen.likeness >= current.best_score - (BETTER if last else 0)


def _checkpoint(job: Job, current: Run) -> None:
    state = {**asdict(current), "digest": job.digest}
    job.profile.write_folder(
        CHECKPOINT,
        lambda folder: save_checkpoint(
            folder, job.model, job.optimizer, job.generator, state, job.best
        ),
    )


def _backward(job: Job, data: LatentSet) -> dict[str, Tensor]:
    """One step's losses with their gradients; each term's graph is freed before the next."""
    config, generator = job.config, job.generator
    batch = job.tailor.draw(data, config.batch, generator)
    losses: dict[str, Tensor] = {}
    for part in batch.split(job.plan.at_once):
        share = len(part) / len(batch)
        with job.tailor.narrow:
            found = job.tailor.loss(part)
            job.scaler.scale(found["loss"] * share).backward()
        for name, value in found.items():
            losses[name] = losses.get(name, 0) + share * value.detach()
    return losses
