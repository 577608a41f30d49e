"""The measures of docs/method.md, section 8, as functions of what was drawn and seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

MOST_HEAD = 0.05  # a pixel with more head than this is not background
OVER = 0.5  # of M and of a head mask: inside


def overlap(looked: np.ndarray, head: np.ndarray) -> float:
    """IoU of the localisation map M with the head, both cut at one half.

    Args:
        looked: M (h, w) float32 in [0, 1], the mean over layers and steps.
        head: (H, W) float32 in [0, 1], 1 on the head; M is scaled up to it.
    """
    small = torch.from_numpy(np.ascontiguousarray(looked, np.float32))[None, None]
    wide = F.interpolate(small, head.shape, mode="bilinear")[0, 0].numpy()
    inside, true = wide > OVER, head > OVER
    return float((inside & true).sum() / max(int((inside | true).sum()), 1))


def off_face_share(energy: np.ndarray, head: np.ndarray) -> float | None:
    """How much of the identity branch's energy lies off the head, 0 to 1.

    Args:
        energy: (h, w) float32 ≥ 0, of ``diffusion.probe.branch_energy``. head: (H, W) in [0, 1].
    Returns: None where the branch did nothing at all.
    """
    mask = torch.from_numpy(np.ascontiguousarray(head, np.float32))[None, None]
    m = F.interpolate(mask, energy.shape, mode="area")[0, 0].numpy()  # (h, w)
    total = float(energy.sum())
    return float((energy * (1 - m)).sum() / total) if total > 0 else None


def off_face_change(
    image: np.ndarray, plain: np.ndarray, heads: Sequence[np.ndarray]
) -> float | None:
    """Mean absolute difference off every head (H, W), a share of the range; None if all is head.

    Args:
        image, plain: (H, W, 3) uint8, with identity and without, same prompt and seed.
    """
    off = np.max(heads, axis=0) < MOST_HEAD
    if not off.any():
        return None
    return float(np.abs(image.astype(np.float32) - plain)[off].mean() / 255)


def feature_distance(
    one: Sequence[Tensor], other: Sequence[Tensor], keep: np.ndarray | None = None
) -> float | None:
    """LPIPS' form (Zhang 2018, eq. 1, every channel weighing the same) on a network that is here.

    Args:
        one, other: feature maps (C, h, w) of two pictures, layer by layer.
        keep: (H, W) in [0, 1], where a difference counts; None is everywhere.
    Returns: the mean over layers of the squared distance of unit feature vectors, 0 to 4; None
        where ``keep`` is empty.
    """
    distances = []
    for a, b in zip(one, other, strict=True):
        gap = (F.normalize(a, dim=0) - F.normalize(b, dim=0)).square().sum(0)  # (h, w)
        if keep is None:
            distances.append(gap.mean())
            continue
        mask = torch.from_numpy(np.ascontiguousarray(keep, np.float32))[None, None].to(gap)
        weight = F.interpolate(mask, gap.shape, mode="area")[0, 0]
        if weight.sum() <= 0:
            return None
        distances.append((gap * weight).sum() / weight.sum())
    return float(torch.stack(distances).mean())


def mean_of(values: Sequence[float | None]) -> float | None:
    """Mean of those that are there; None of none."""
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def plus_minus(values: Sequence[float | None]) -> float | None:
    """Half of the 95 % interval of their mean (normal approximation).

    None below three values, and where all are equal: that says nothing of the next one.
    """
    found = [value for value in values if value is not None]
    if len(found) < 3 or min(found) == max(found):
        return None
    return float(1.96 * np.std(found, ddof=1) / len(found) ** 0.5)
