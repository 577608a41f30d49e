"""Light checkpoints: a run's networks in half precision, to go on on another machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

LIGHT = "light.safetensors"


def write_light(folder: Path) -> bool:
    """Write `light.safetensors` from the checkpoint: networks in half precision, no optimisers.

    Of a network that has a running mean, the mean. It is an eighth of the checkpoint at most, to
    go on elsewhere. Returns whether there was a checkpoint.
    """
    path = folder / "checkpoint.pt"
    if not path.exists():
        return (folder / LIGHT).exists()
    state = torch.load(path, map_location="cpu", weights_only=True)
    mean = state.get("ema", {})
    flat: dict[str, Tensor] = {}
    for name, part in state.items():
        if name == "ema" or not isinstance(part, dict) or not _is_weights(part):
            continue
        for key, value in part.items():
            value = mean.get(key, mean.get(key.removeprefix("net."), value))
            half = value.half() if value.is_floating_point() else value
            flat[f"{name}/{key}"] = half.contiguous().clone()
    about = {name: str(state[name]) for name in ("step", "spent_seconds")}
    about["updates"] = str(int(mean.get("_ema_count", torch.tensor(0))))
    temporary = folder / "light.tmp"
    temporary.write_bytes(save(flat, metadata=about))
    os.replace(temporary, folder / LIGHT)
    return True


def _is_weights(part: dict[str, Any]) -> bool:
    return bool(part) and all(isinstance(value, Tensor) for value in part.values())


def load_light(folder: Path, parts: dict[str, Any]) -> dict[str, str] | None:
    """Give networks the weights of `light.safetensors`, means the networks'; what it says of
    itself (step, spent_seconds), or None where there is none."""
    path = folder / LIGHT
    if not path.exists():
        return None
    with safe_open(path, "pt") as file:
        about: dict[str, str] = file.metadata()
        found = {key: file.get_tensor(key) for key in file.keys()}
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            own = {
                k.removeprefix(f"{name}/"): v for k, v in found.items() if k.startswith(f"{name}/")
            }
            part.load_state_dict(own)
    nets = [part for part in parts.values() if isinstance(part, nn.Module)]
    for part in parts.values():
        if hasattr(part, "begin"):  # a running mean
            part.begin(nets[0], int(about["updates"]))
    return about
