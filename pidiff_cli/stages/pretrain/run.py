"""pretrain identity: a general identity branch for a base, from a folder of people's pictures."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pidiff_cli.config import PretrainConfig
from pidiff_cli.core.device import pick_device
from pidiff_cli.core.identity.files import save_identity_branch
from pidiff_cli.core.training.pretraining import GeneralLosses, GeneralTrainer, batches, make_whole
from pidiff_cli.errors import UsageError
from pidiff_cli.stages.base import fingerprint, load_parts
from pidiff_cli.stages.pretrain.people import COMMAND, Reader, read_people
from pidiff_cli.stages.pretrain.saved import (
    CHECKPOINT,
    TRAINING,
    digest_of,
    found_state,
    restore,
    save,
)
from pidiff_cli.stages.pretrain.spread import Processes, gathered, open_processes, spread
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights import locate


@dataclass(frozen=True)
class PretrainResult:
    """Result of `pretrain identity`.

    Attributes:
        identity: the folder that was written. pictures: how many had a face.
        steps: in all, resumed ones among them. loss: the mean of the last steps.
        processes: that computed them.
    """

    identity: Path
    base: str
    pictures: int
    steps: int
    seconds: float
    loss: float
    processes: int = 1


def run(config: PretrainConfig, progress: Progress) -> PretrainResult | None:
    """Train a general branch; the same command goes on where an earlier one stopped.

    Under `accelerate launch` this is one of its processes: each computes its part of every batch,
    the first writes and tells. Every random number is a function of the seed and the step, so a
    checkpoint needs no process's own state, and is gone on with by any number of processes.

    Returns: None in all processes but the first.

    Raises:
        InputError: no pictures with faces, or a branch is there already.
        UsageError: mini, whose branch is trained with its UNet; a batch that is not shared evenly.
        MissingWeightError: the base or the W+ networks are not on this machine.
    """
    parts = locate.base_parts(locate.base_name(config.base, config.home), config.home)
    if parts.family == "mini":
        raise UsageError("mini's branch is trained with its UNet.", "pidiff pretrain mini")
    parts.need_wplus(COMMAND)  # told before anything is loaded
    out = config.out or config.home / "models" / parts.family / "identity"
    training = out / TRAINING
    device, dtype, amp = pick_device(config.device, "auto", parts.family)
    processes = open_processes(device, config.batch)
    progress = progress if processes.first else Progress()
    if processes.whole_all_the_same:
        progress.warn("accelerate shards on GPUs alone: every process holds all of the weights.")
    saved = found_state(config, out, processes)
    base = load_parts(parts, processes.device, dtype)
    reader = Reader(parts, base, config.size, config.buckets)
    people = read_people(
        config.data, training / "data", reader, progress, processes.part, processes.wait
    )
    base.unet.enable_gradient_checkpointing()  # type: ignore[operator]
    base.unet.train()  # diffusers checkpoints in training mode only; there is no dropout
    losses = GeneralLosses(config.disentangle_weight, config.preserve_weight, config.locate_weight)
    trainer = GeneralTrainer(base, people, losses, amp, processes.part)
    model, parameters, optimizer = spread(processes, trainer, config.learning_rate)
    digest = digest_of(config, fingerprint(parts))
    current: dict[str, Any] = {"step": 0, "seconds": 0.0, "recent": [], "digest": digest}
    if saved.get("digest") == digest:
        current = saved
        restore(training / CHECKPOINT, parameters, optimizer)
        progress.line(f"Going on from step {current['step']}.")
    elif saved:
        progress.line("The settings have changed: training starts again at step 0.")
    processes.wait()  # before the first one writes another checkpoint
    _loop(config, processes, model, parameters, optimizer, current, training, progress)
    base.context.clear()
    trained = gathered(parameters)
    if processes.first:
        make_whole(base, trained)
        save_identity_branch(out, base.unet, base.projector)
        shutil.rmtree(training / CHECKPOINT, ignore_errors=True)
    processes.close()
    recent = current["recent"]
    return PretrainResult(
        out, parts.name, len(people.captions), current["step"], round(current["seconds"], 1),
        round(sum(recent) / max(len(recent), 1), 5), processes.part.of,
    ) if processes.first else None  # fmt: skip


def _loop(
    config: PretrainConfig,
    processes: Processes,
    model: nn.Module,
    parameters: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    current: dict[str, Any],
    training: Path,
    progress: Progress,
) -> None:
    """The training loop, the same in every process; gradients are means over them."""
    began = time.perf_counter() - current["seconds"]
    progress.start("pretrain", config.steps)
    if current["step"]:
        progress.advance("pretrain", current["step"])
    for step, generator in batches(config.steps, current["step"], config.seed):
        found = model(config.batch, generator)
        found["loss"].backward()
        torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss = processes.mean(found["loss"])
        current["step"], current["seconds"] = step + 1, time.perf_counter() - began
        current["recent"] = [*current["recent"], loss][-50:]
        progress.advance("pretrain", 1, loss=round(loss, 4))
        if (step + 1) % config.checkpoint_every == 0 and step + 1 < config.steps:
            save(training / CHECKPOINT, processes, parameters, optimizer, generator, current)
    progress.finish("pretrain", f"{current['step']} steps · {current['seconds']:.0f} s")
