"""The training loop of `tune`: steps, previews, checkpoints, which step is kept, when it ends."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import partial

import torch
from msgspec import to_builtins
from torch import Tensor, nn

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.identity.adapter import reset_adapter
from pidiff_cli.core.identity.adapters import save_adapters
from pidiff_cli.core.training.checkpoint import restore, save_checkpoint, snapshot
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.fast_step import FastStep
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.core.training.step import TrainingStep
from pidiff_cli.errors import StoppedError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune import pace
from pidiff_cli.stages.tune.held import hold
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.plan import apply
from pidiff_cli.stages.tune.previews import Previews, PreviewScore
from pidiff_cli.stages.tune.remaining import TimeLeft
from pidiff_cli.stages.tune.state import BETTER, Run
from pidiff_cli.stages.tune.told import describe

CHECKPOINT = "checkpoint"
RISE = 0.01  # previews that gain less likeness than this over the best so far are on a plateau


@dataclass
class Job:
    """Everything the loop works with.

    Attributes:
        training: the losses of a step. data: latents of phase (a) and (b).
        model: the PEFT model that learns.
        smaller: plans to step down to where memory runs out.
        scaler: of the loss, where the base computes in fp16; does nothing elsewhere.
        best: the adapter's parameters at the best previews so far.
        paces: seconds of every step of this run, previews not counted.
        left: how long it still takes.
        judged: whether the previews' likeness can tell the person; of a photographed one whom
            mini draws it cannot, and may rise while faces fall apart: it chooses no step then.
    """

    profile: Profile
    config: TuneConfig
    internals: TuneInternals
    base: Base
    training: TrainingStep
    data: tuple[LatentSet, LatentSet]
    model: nn.Module
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    previews: Previews
    digest: str
    plan: Plan
    smaller: list[Plan]
    fast: FastStep
    scaler: torch.amp.GradScaler
    best: dict[str, Tensor] | None = None
    paces: list[float] = field(default_factory=list)
    left: TimeLeft = field(default_factory=TimeLeft)
    judged: bool = True


def train(job: Job, current: Run, progress: Progress) -> None:
    """From ``current.step`` to the last step; the model ends as it was at its best previews.

    A pass is a step or a strip of previews; where memory runs out it is tried again under the
    next smaller plan, with the same random numbers.

    Raises:
        StoppedError: the listener wanted to stop; a checkpoint is there to go on from.
        MemoryError, torch.cuda.OutOfMemoryError: the smallest plan did not suffice.
    """
    config, internals, generator = job.config, job.internals, job.generator
    training, optimizer, scaler = job.training, job.optimizer, job.scaler
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    faces, photos = job.data
    began, saved = time.perf_counter() - current.seconds, current.step
    preview_due = config.preview_every > 0 and current.step == 0  # what the untuned branch draws
    progress.start("tune", config.steps)
    if current.step:
        progress.advance("tune", current.step)

    while preview_due or (current.step < config.steps and not current.ended_early):
        last = current.step == config.steps
        random, started = generator.get_state(), time.perf_counter()
        try:
            if preview_due:
                pictures = job.previews.to_draw()
                score = job.previews.draw_strip(fresh=current.step == 0)
                job.left.drew(time.perf_counter() - started, pictures)
            else:
                data = faces if current.step < config.face_phase * config.steps else photos
                for group in optimizer.param_groups:
                    group["lr"] = group["rate"] * learning_rate(config, internals, current.step)
                batch, losses = training.sample(data, config.batch, generator), dict[str, Tensor]()
                for part in batch.split(job.plan.micro_batch):  # gradients add up over the parts
                    share = len(part) / len(batch)
                    with training.half_weights:
                        found = training.loss(part)
                        scaler.scale(found["loss"] * share).backward()
                    for name, value in found.items():
                        losses[name] = losses.get(name, 0) + share * value.detach()
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                scaler.step(optimizer)  # not where fp16 overflowed
                scaler.update()
                optimizer.zero_grad()
        except (torch.cuda.OutOfMemoryError, MemoryError):
            if not job.smaller:
                raise
            job.plan = job.smaller.pop(0)
            generator.set_state(random)
            optimizer.zero_grad()
            job.base.rest()
            if job.base.device.type == "cuda":
                torch.cuda.empty_cache()
            apply(job.plan, job.base, job.fast)
            said = describe(job.plan, config.batch)
            progress.warn(f"Out of memory at step {current.step + 1}: going on with {said}.")
            continue

        if preview_due and current.step == 0:
            current.before = current.top = score.likeness
            current.before_loss = score.text_loss
            preview_due = False
            progress.preview(job.previews.path)
        elif preview_due:
            if is_better(score, current, internals.text_loss, last):
                current.best_step, current.best_score = current.step, score.likeness
                current.best_loss, job.best = score.text_loss, snapshot(job.model)
            if job.judged:
                _watch_plateau(score, current, internals.patience, last)
            half = job.base.dtype != torch.float32
            save = partial(save_adapters, job.model, job.base.lora, half=half)
            hold(job.profile, current, config.keep_checkpoints, score, job.previews.row, save)
            preview_due = False
            progress.preview(job.previews.path)
            tell_left(job.left, config.steps if current.ended_early else current.step, progress)
        else:
            current.losses.append({k: round(float(v), 6) for k, v in losses.items()})
            job.paces.append(time.perf_counter() - started)
            job.left.learnt(job.paces[-1])
            current.step += 1
            if told := pace.estimate(len(job.paces), job.left.at(current.step)):
                progress.line(told)
            tell_left(job.left, current.step, progress)
            progress.advance("tune", 1, loss=current.losses[-1]["loss"])
            every = config.preview_every
            preview_due = every > 0 and (current.step == config.steps or current.step % every == 0)
        current.seconds = time.perf_counter() - began
        ended = current.step == config.steps or current.ended_early
        if preview_due or ended or saved == current.step:
            continue
        stop = progress.stopping()
        if stop or current.step % config.checkpoint_every == 0:
            _checkpoint(job, current)
            saved = current.step
        if stop:
            raise StoppedError(
                f"Stopped at step {current.step} of {config.steps}.", "The same command goes on."
            )

    job.base.rest()
    _keep_best(job, current)
    loss = current.losses[-1]["loss"] if current.losses else 0.0
    early = f" of {config.steps}: likeness has stopped rising" if current.ended_early else ""
    told = f"{current.step} steps{early} · loss {loss:.3f} · {current.seconds:.0f} s"
    progress.finish("tune", told)


def tell_left(left: TimeLeft, step: int, progress: Progress) -> None:
    """How long it takes from here, where that is known."""
    if (seconds := left.at(step)) is not None:
        progress.remaining(seconds)


def learning_rate(config: TuneConfig, internals: TuneInternals, step: int) -> float:
    """Linear warm-up, then a cosine down to a tenth of the peak."""
    if step < internals.warmup:
        return config.learning_rate * (step + 1) / internals.warmup
    along = (step - internals.warmup) / max(config.steps - internals.warmup, 1)
    return config.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(along, 1.0)))


def is_better(score: PreviewScore, current: Run, most_loss: float, last: bool) -> bool:
    """Whether a strip is to be kept rather than the best so far.

    The most alike wins among those that lose at most ``most_loss`` of the base's text alignment; a
    strip that loses more wins only over one that loses still more. The last strip is kept where an
    earlier one is hardly more alike.
    """
    if score.likeness is None:
        return False
    if current.best_score is None:
        return True
    loss, best_loss = score.text_loss or 0.0, current.best_loss or 0.0
    if loss > most_loss or best_loss > most_loss:
        return loss < best_loss
    return score.likeness >= current.best_score - (BETTER if last else 0)


def _watch_plateau(score: PreviewScore, current: Run, patience: int, last: bool) -> None:
    """Count previews without more likeness; so many in a row end the run early."""
    if score.likeness is None:
        return
    rises = current.top is None or score.likeness >= current.top + RISE
    current.flat = 0 if rises else current.flat + 1
    current.top = score.likeness if current.top is None else max(current.top, score.likeness)
    current.ended_early = not last and 0 < patience <= current.flat


def _keep_best(job: Job, current: Run) -> None:
    """Leave the model as it was at the step that is kept; as it began where none did good."""
    if job.best is None or not job.judged:
        current.best_step = current.step
        return
    restore(job.model, job.best)
    lost = job.base.has_branch and current.lost_the_prompt(job.internals.text_loss)
    if current.did_harm() or lost:
        reset_adapter(job.model)
        current.best_step = 0


def _checkpoint(job: Job, current: Run) -> None:
    state = {**to_builtins(current), "digest": job.digest}
    job.profile.write_folder(
        CHECKPOINT,
        lambda folder: save_checkpoint(
            folder, job.model, job.base.lora, job.optimizer, job.generator, state, job.best
        ),
    )
