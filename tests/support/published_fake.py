"""Checkpoints in the published layouts, without the published weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.support.places import LAYOUTS

_PARTS = ("state_dict", "g_ema", "w_proj", "wplus_adapter", "image_proj", "ip_adapter", "unet")
NAMES = sorted(  # of the layouts that hold weights
    path.name.removesuffix(".json")
    for path in LAYOUTS.glob("*.json")
    if set(_PARTS) & json.loads(path.read_text()).keys()
)


def shapes(name: str, part: str = "state_dict") -> dict[str, tuple[int, ...]]:
    """Names and shapes of one part of a layout file."""
    layout = json.loads((LAYOUTS / f"{name}.json").read_text())
    return {key: tuple(entry[0]) for key, entry in layout[part].items()}


def hollow(name: str, part: str = "state_dict") -> dict[str, Tensor]:
    """One stored number a tensor, spread over the real shape: full size in name only."""
    layout = json.loads((LAYOUTS / f"{name}.json").read_text())
    return {
        key: torch.full((), 0.5).to(getattr(torch, dtype)).expand(shape)
        for key, (shape, dtype) in layout[part].items()
    }


def checkpoint(name: str) -> Any:
    """A checkpoint as published under that name, hollow."""
    layout = json.loads((LAYOUTS / f"{name}.json").read_text())
    parts = [part for part in _PARTS if isinstance(layout.get(part), dict)]
    if parts == ["state_dict"] and "_top_level" not in layout:
        return hollow(name)  # a bare state dict
    found: dict[str, Any] = {part: hollow(name, part) for part in parts}
    if name.startswith("e4e"):
        found |= {"latent_avg": torch.zeros(1).expand(18, 512)}
        found["opts"] = {"encoder_type": "Encoder4Editing", "stylegan_size": 1024, "device": "cuda"}
    if name.startswith("stylegan2-ffhq"):
        found["latent_avg"] = torch.zeros(1).expand(512)
    return found


def save(tmp_path: Path, value: Any, name: str = "checkpoint.pt") -> Path:
    """Write it as torch does."""
    path = tmp_path / name
    torch.save(value, path)
    return path
