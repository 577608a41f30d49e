"""The rule that gives every weight of a parity network its value: a function of its name."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)
EQUALISED = re.compile(r"(.*\.)?modulation\.weight|input\.input|styles\.\d+\.linear\.weight")


def noise(key: str, shape: torch.Size | tuple[int, ...]) -> Tensor:
    """Standard normal float32 numbers, seeded by the checksum of the name."""
    generator = torch.Generator().manual_seed(zlib.crc32(key.encode()))
    return torch.randn(tuple(shape), generator=generator)


def value(key: str, old: Tensor, names: set[str]) -> Tensor:
    """The tensor that belongs under a name; `names` are all names of the network."""
    stem, _, last = key.rpartition(".")
    if not old.is_floating_point():
        return torch.zeros_like(old)
    if last == "kernel":
        return old
    n = noise(key, old.shape)
    mapping = re.fullmatch(r"style\.\d+", stem) is not None
    if last.startswith("noise_"):
        return n
    if last in ("running_mean", "running_var"):
        return 0.1 * n if last == "running_mean" else 1 + 0.1 * n.abs()
    if key.endswith("noise.weight"):
        return 0.1 + 0.02 * n
    if last == "bias":
        return 1 + 0.1 * n if stem.endswith("modulation") else (10 if mapping else 0.1) * n
    if mapping:
        return 100 * n
    if EQUALISED.fullmatch(key) or (last == "weight" and n.ndim == 5):
        return n
    if last == "latent_avg":
        return 0.5 * n
    if last == "weight" and n.ndim == 1:  # a norm's factor, else the slope of a PReLU
        return 1 + 0.1 * n if f"{stem}.bias" in names else 0.25 + 0.05 * n
    return n / math.prod(n.shape[1:]) ** 0.5


def fill(module: Module) -> Module:
    """Give a module the rule's weights, in eval mode and without gradients."""
    state = module.state_dict()
    module.load_state_dict({key: value(key, old, set(state)) for key, old in state.items()})
    return module.eval().requires_grad_(False)


def read(path: Path) -> dict[str, Tensor]:
    """All vectors of a file, copied: tensors mapped from a file are not aligned in memory."""
    return {key: tensor.clone() for key, tensor in load_file(path).items()}


def pm1(pixels: Tensor) -> Tensor:
    """u8 (H, W, 3) -> float32 (1, 3, H, W) in [-1, 1]."""
    return ((pixels.float() - 127.5) / 127.5).permute(2, 0, 1)[None]


def gap(made: Tensor, wanted: Tensor) -> float:
    """The largest absolute difference; inf if shapes differ or a number is none."""
    if made.shape != wanted.shape or not bool(torch.isfinite(made).all()):
        return math.inf
    return float((made.double() - wanted.double()).abs().max())


def gaps(made: Mapping[str, Tensor], vectors: Mapping[str, Tensor]) -> dict[str, float]:
    """The gap of every ``out.*`` tensor of a file, by its name without ``out.``.

    Raises:
        KeyError: the file holds an output that nothing was computed for.
    """
    wanted = {k.removeprefix("out."): v for k, v in vectors.items() if k.startswith("out.")}
    if missing := sorted(wanted.keys() - made.keys()):
        raise KeyError(f"nothing was computed for {', '.join(missing)}")
    if not wanted:
        raise KeyError("the file holds no outputs")
    return {name: gap(made[name], value) for name, value in wanted.items()}


def tolerances(folder: Path, name: str, *known: float) -> tuple[float, ...]:
    """The tolerances of a file: those in the table of the folder's README, else the known ones."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except OSError:
        return known
    row = re.search(rf"^\|\s*{re.escape(name)}\s*\|.*\|([^|\n]*)\|\s*$", text, re.MULTILINE)
    told = [float(number) for number in re.findall(r"\d+(?:\.\d+)?e-\d+", row[1] if row else "")]
    return (*told, *known[len(told) :])[: len(known)]


def worst(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Of (error, tolerance) pairs the one that comes nearest to failing, or fails most."""
    return max(pairs, key=lambda pair: pair[0] / pair[1])
