"""Where a pretraining run stands, on the disk: whole tensors, whoever made them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import torch
from msgspec import Meta, Struct
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from pidiff_cli.config import PretrainConfig
from pidiff_cli.core.identity.files import SETTINGS
from pidiff_cli.core.training.checkpoint import (
    averages,
    load_checkpoint,
    read_state,
    spread_like,
    write_averages,
)
from pidiff_cli.errors import InputError
from pidiff_cli.files import recover, write_folder
from pidiff_cli.stages.pretrain.spread import Processes, gathered

TRAINING, CHECKPOINT = "training", "checkpoint"  # in the output folder, until the run is done


class Saved(Struct, forbid_unknown_fields=True):
    """Where a run stands."""

    step: Annotated[int, Meta(ge=0, le=10_000_000)]
    seconds: float
    recent: list[float]
    digest: str


def found_state(config: PretrainConfig, out: Path, processes: Processes) -> dict[str, Any]:
    """What an unfinished run's checkpoint says, {} without one; the first process cleans up."""
    training = out / TRAINING
    if processes.first:
        recover(training / CHECKPOINT)
        if config.restart:
            shutil.rmtree(training / CHECKPOINT, ignore_errors=True)
    processes.wait()
    saved = read_state(training / CHECKPOINT, Saved) or {}
    if (out / SETTINGS).is_file() and not saved and not config.restart:
        raise InputError(
            f"There is an identity branch in {out} already.",
            "Write to another folder: --out DIR, or go on from it: --restart",
        )
    return saved


def save(
    folder: Path,
    processes: Processes,
    parameters: dict[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
) -> None:
    """Write a checkpoint that does not tell how many processes made it."""
    tensors, found = gathered(parameters), averages(optimizer)  # in all of them

    def fill(target: Path) -> None:
        save_file(tensors, target / "parameters.safetensors")
        write_averages(target, found, generator, state)

    if processes.first:
        write_folder(folder, fill)
    processes.wait()


def restore(
    folder: Path, parameters: dict[str, nn.Parameter], optimizer: torch.optim.Optimizer
) -> None:
    """Put a checkpoint's parameters and averages back, each process its part.

    Raises:
        InputError: it is damaged.
    """
    try:
        tensors = load_file(folder / "parameters.safetensors")
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(spread_like(tensors[name], parameter))
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        raise InputError("The checkpoint is damaged.", "Begin at step 0: --restart") from error
    load_checkpoint(folder, optimizer, torch.Generator())


def digest_of(config: PretrainConfig, weights: str) -> str:
    """Changes when a run cannot go on from another's checkpoint."""
    values: list[Any] = [config.batch, config.size, config.buckets, config.learning_rate]
    values += [config.seed, str(config.data)]
    values += [config.disentangle_weight, config.preserve_weight, config.locate_weight, weights]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
