"""pretrain identity: a general identity branch for a base, from a folder of people's pictures."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from msgspec import Meta, Struct
from safetensors.torch import load_file, save_file
from torch import nn

from pidiff_cli.config import PretrainConfig
from pidiff_cli.core.device import pick_device
from pidiff_cli.core.identity.adapter import make_optimizer
from pidiff_cli.core.identity.files import SETTINGS, save_identity_branch
from pidiff_cli.core.training.checkpoint import load_checkpoint, read_state, save_optimizer
from pidiff_cli.core.training.pretraining import (
    GeneralLosses,
    GeneralTrainer,
    batches,
    general_parameters,
)
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import recover, write_folder
from pidiff_cli.stages.base import fingerprint, load_parts
from pidiff_cli.stages.pretrain.people import COMMAND, read_people
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights import locate

TRAINING = "training"  # in the output folder, until the run is done


@dataclass(frozen=True)
class PretrainResult:
    """Result of `pretrain identity`.

    Attributes:
        identity: the folder that was written. pictures: how many had a face.
        steps: in all, resumed ones among them. loss: the mean of the last steps.
    """

    identity: Path
    base: str
    pictures: int
    steps: int
    seconds: float
    loss: float


def run(config: PretrainConfig, progress: Progress) -> PretrainResult:
    """Train a general branch; the same command goes on where an earlier one stopped.

    Raises:
        InputError: no pictures with faces, or a branch is there already.
        UsageError: mini, whose branch is trained with its UNet.
        MissingWeightError: the base or the W+ networks are not on this machine.
    """
    parts = locate.base_parts(locate.base_name(config.base, config.home), config.home)
    if parts.family == "mini":
        raise UsageError("mini's branch is trained with its UNet.", "pidiff pretrain mini")
    parts.need_wplus(COMMAND)  # told before anything is loaded
    out = config.out or config.home / "models" / parts.family / "identity"
    training = out / TRAINING
    recover(training / "checkpoint")
    digest = _digest(config, fingerprint(parts))
    saved = read_state(training / "checkpoint", _Saved) or {}
    if config.restart:
        shutil.rmtree(training, ignore_errors=True)
        saved = {}
    elif (out / SETTINGS).is_file() and not saved:
        raise InputError(
            f"There is an identity branch in {out} already.",
            "Write to another folder: --out DIR, or go on from it: --restart",
        )
    device, dtype, amp = pick_device(config.device, "auto", parts.family)
    base = load_parts(parts, device, dtype)
    people = read_people(config.data, training / "data", parts, base, config.size, progress)
    base.unet.enable_gradient_checkpointing()  # type: ignore[operator]
    base.unet.train()  # diffusers checkpoints in training mode only; there is no dropout
    losses = GeneralLosses(config.disentangle_weight, config.preserve_weight, config.locate_weight)
    trainer = GeneralTrainer(base, people, losses, amp)
    parameters = general_parameters(base)
    optimizer = make_optimizer(list(parameters.values()), device, config.learning_rate)
    current: dict[str, Any] = {"step": 0, "seconds": 0.0, "recent": [], "digest": digest}
    if saved.get("digest") == digest:
        current = saved
        _restore(training / "checkpoint", parameters)
        load_checkpoint(training / "checkpoint", optimizer, torch.Generator())
        progress.line(f"Going on from step {current['step']}.")
    elif saved:
        progress.line("The settings have changed: training starts again at step 0.")
    _loop(config, trainer, parameters, optimizer, current, training, progress)
    base.context.clear()
    save_identity_branch(out, base.unet, base.projector)
    shutil.rmtree(training / "checkpoint", ignore_errors=True)
    recent = current["recent"]
    return PretrainResult(
        out, parts.name, len(people.latents), current["step"], round(current["seconds"], 1),
        round(sum(recent) / max(len(recent), 1), 5),
    )  # fmt: skip


class _Saved(Struct, forbid_unknown_fields=True):
    """Where a run stands."""

    step: Annotated[int, Meta(ge=0, le=10_000_000)]
    seconds: float
    recent: list[float]
    digest: str


def _loop(
    config: PretrainConfig,
    trainer: GeneralTrainer,
    parameters: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    current: dict[str, Any],
    training: Path,
    progress: Progress,
) -> None:
    """The training loop. One process; the two lines around ``backward`` are what spreads."""
    began = time.perf_counter() - current["seconds"]
    progress.start("pretrain", config.steps)
    if current["step"]:
        progress.advance("pretrain", current["step"])
    for step, generator in batches(config.steps, current["step"], config.seed):
        found = trainer.loss(config.batch, generator)
        found["loss"].backward()
        torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss = float(found["loss"].detach())
        current["step"], current["seconds"] = step + 1, time.perf_counter() - began
        current["recent"] = [*current["recent"], loss][-50:]
        progress.advance("pretrain", 1, loss=round(loss, 4))
        if (step + 1) % config.checkpoint_every == 0 and step + 1 < config.steps:
            _save(training / "checkpoint", parameters, optimizer, generator, current)
    progress.finish("pretrain", f"{current['step']} steps · {current['seconds']:.0f} s")


def _save(
    folder: Path,
    parameters: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
) -> None:
    def fill(target: Path) -> None:
        tensors = {k: p.detach().cpu().contiguous() for k, p in parameters.items()}
        save_file(tensors, target / "parameters.safetensors")
        save_optimizer(target, optimizer, generator, state)

    write_folder(folder, fill)


def _restore(folder: Path, parameters: dict[str, nn.Parameter]) -> None:
    tensors = load_file(folder / "parameters.safetensors")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])


def _digest(config: PretrainConfig, weights: str) -> str:
    """Changes when a run cannot go on from another's checkpoint."""
    values = [config.batch, config.size, config.learning_rate, config.seed, str(config.data)]
    values += [config.disentangle_weight, config.preserve_weight, config.locate_weight, weights]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
