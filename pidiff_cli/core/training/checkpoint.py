"""A training run on disk: adapter, optimizer, random state and step, without pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pidiff_cli.core.identity.adapter import trainable_parameters
from pidiff_cli.core.identity.adapters import save_adapters
from pidiff_cli.core.identity.lora import PersonLora


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    lora: PersonLora | None,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
    best: dict[str, Tensor] | None = None,
) -> None:
    """Write everything a run needs to go on as if it had not stopped.

    Args:
        folder: an empty folder (the caller makes the move into place atomic).
        model: the PEFT model of the branch, or the bare UNet. lora: the second part, if any.
        generator: the loop's random numbers.
        state: JSON values of the loop, the step among them.
        best: parameters of the best step so far, by name.
    """
    save_adapters(model, lora, folder)
    if best:
        save_file(best, folder / "best.safetensors")
    save_optimizer(folder, optimizer, generator, state)


def save_optimizer(
    folder: Path,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
) -> None:
    """Write optimizer, random state and the loop's JSON values, as ``load_checkpoint`` reads."""
    tensors, scalars = _flatten(optimizer.state_dict()["state"])
    tensors["generator"] = generator.get_state()
    save_file(tensors, folder / "optimizer.safetensors")
    everything = {"loop": state, "optimizer": scalars}
    (folder / "state.json").write_text(json.dumps(everything), encoding="utf-8")


def read_state(folder: Path) -> dict[str, Any] | None:
    """The loop's JSON values; None where no whole checkpoint is."""
    try:
        return cast(dict[str, Any], json.loads((folder / "state.json").read_bytes())["loop"])
    except (OSError, ValueError, KeyError):
        return None


def load_checkpoint(
    folder: Path, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Tensor] | None:
    """Put optimizer and random state back (the adapter is loaded by PEFT); returns the best.

    States of 8-bit and of torch's AdamW do not fit each other: where the run goes on with the other
    one (bitsandbytes came or went in between), its averages begin anew.
    """
    tensors = load_file(folder / "optimizer.safetensors")
    scalars = json.loads((folder / "state.json").read_bytes())["optimizer"]
    generator.set_state(tensors.pop("generator"))
    state: dict[int, Any] = {}
    for key, value in [*tensors.items(), *scalars.items()]:
        index, *path, last = key.split("/")
        inner = state.setdefault(int(index), {})
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    if isinstance(optimizer, torch.optim.AdamW) != all("exp_avg" in one for one in state.values()):
        state = {}
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    best = folder / "best.safetensors"
    return load_file(best) if best.is_file() else None


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the adapter's parameters by name, on the CPU."""
    return {k: p.detach().cpu().clone() for k, p in trainable_parameters(model).items()}


def restore(model: nn.Module, values: dict[str, Tensor]) -> None:
    """Put a snapshot back."""
    with torch.no_grad():
        for name, parameter in trainable_parameters(model).items():
            parameter.copy_(values[name])


def _flatten(state: dict[Any, Any], prefix: str = "") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Optimizer state as tensors and JSON scalars, keys ``index/name`` (8-bit: one level more)."""
    tensors: dict[str, Tensor] = {}
    scalars: dict[str, Any] = {}
    for name, value in state.items():
        key = f"{prefix}{name}"
        if isinstance(value, Tensor):
            tensors[key] = value.detach().cpu().contiguous().clone()
        elif isinstance(value, dict):
            inner = _flatten(value, f"{key}/")
            tensors |= inner[0]
            scalars |= inner[1]
        else:
            scalars[key] = value
    return tensors, scalars
