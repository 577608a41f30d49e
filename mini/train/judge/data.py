"""Batches for the judge's networks: drawn pictures, made soft, noisy and tinted at random.

The judge has to be fair to soft pictures: those that an autoencoder and a diffusion model
draw are less sharp than the drawn world, and must not be misread for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mini.train.muon import Muon, split_parameters

SIDE = 128
HEAD_LABELS = (2, 3, 4, 5)  # skin, hair, headgear, glasses
MUON_RATE, ADAM_RATE = 8e-3, 2e-3


class Optimizers:
    """Muon for the trunk's kernels, AdamW for the stem, the norms and the linears.

    Args:
        module: the whole model; its kernels lie under a ``trunk``.
    """

    def __init__(self, module: nn.Module) -> None:
        names = [name for name, _ in module.named_parameters() if "trunk.body" not in name]
        hidden, rest = split_parameters(module, ("trunk.body.0.", *names))
        self.muon = Muon(hidden, MUON_RATE, momentum=0.9, weight_decay=0.1)
        self.adam = torch.optim.AdamW(rest, ADAM_RATE, (0.9, 0.98), weight_decay=0.02, fused=True)
        self._all = [*hidden, *rest]

    def step(self, loss: Tensor, rate: float) -> None:
        """One update; ``rate`` multiplies both learning rates."""
        self.adam.zero_grad()
        self.muon.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._all, 2.0)
        self.muon.param_groups[0]["lr"] = MUON_RATE * rate
        self.adam.param_groups[0]["lr"] = ADAM_RATE * rate
        self.muon.step()
        self.adam.step()

    def state_dict(self) -> dict[str, Any]:
        """Both states."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Both states back."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


def even_out(classes: np.ndarray) -> np.ndarray:
    """Chances (N,) of rows: each class as often as the square root of its own share asks."""
    counts = np.bincount(classes)
    chances = 1 / np.sqrt(counts[classes])
    return np.asarray(chances / chances.sum())


def class_shares(
    facts: Tensor, chances: np.ndarray, classes: Mapping[str, Sequence[str]]
) -> list[Tensor]:
    """How often each class of each fact comes up (C,), for rows drawn with these chances.

    One that never does counts as 1: it is learnt away, and nothing must lift it again.
    """
    weights = torch.from_numpy(chances).float()
    shares = [
        torch.bincount(facts[:, k], weights, minlength=len(values))
        for k, values in enumerate(classes.values())
    ]
    return [torch.where(share > 0, share, 1.0) for share in shares]


def move(rgb: np.ndarray, rng: np.random.Generator, zoom: float, shift: float, turn: float) -> Any:
    """A random crop of u8 (128, 128, 3): zoom 1 +- ``zoom``, ``shift`` px, ``turn`` degrees."""
    import cv2

    scale = 1 + rng.uniform(-zoom, zoom)
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(rng.normal(0, turn)), scale)
    matrix[:, 2] += rng.normal(0, shift, 2)
    return cv2.warpAffine(
        rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def soften(rgb: np.ndarray, rng: np.random.Generator) -> Any:
    """Half of the pictures: blurred, or made small and large again."""
    import cv2

    chance = rng.random()
    if chance < 0.3:
        return cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.4, 1.7)))
    if chance < 0.5:
        small = int(rng.integers(44, 100))
        shrunk = cv2.resize(rgb, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return rgb


def other_background(
    plain: np.ndarray, labels: np.ndarray, other: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """An aligned crop before another one's picture, or before one colour; u8 (128, 128, 3)."""
    import cv2

    head = np.isin(labels, HEAD_LABELS).astype(np.float32)
    head = cv2.GaussianBlur(head, (0, 0), 0.8)[..., None]
    behind = other if rng.random() < 0.6 else np.broadcast_to(rng.integers(0, 256, 3), plain.shape)
    return np.rint(plain * head + behind * (1 - head)).astype(np.uint8)


def tints(count: int, rng: np.random.Generator, tint: float) -> tuple[Tensor, Tensor, Tensor]:
    """Each picture's gains (B, 3, 1, 1), light and level of noise (B, 1, 1, 1)."""
    gain = torch.from_numpy(rng.normal(1, tint, (count, 3, 1, 1)).astype(np.float32))
    light = torch.from_numpy(rng.normal(0, tint, (count, 1, 1, 1)).astype(np.float32))
    level = torch.from_numpy(
        (rng.random((count, 1, 1, 1)) ** 2 * 0.12 * (rng.random((count, 1, 1, 1)) < 0.5)).astype(
            np.float32
        )
    )
    return gain, light, level


def tinted(pixels: Tensor, gain: Tensor, light: Tensor, level: Tensor) -> Tensor:
    """u8 (B, H, W, 3) on any device -> (B, 3, H, W) in [-1, 1], as `tints` says."""
    x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0
    x = x * gain + light + torch.randn(x.shape, device=x.device) * level
    return x.clamp(-1, 1).contiguous(memory_format=torch.channels_last)
