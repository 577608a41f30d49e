"""Aligned pictures degraded like photographs, and masks as imperfect as a mask network's."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mini.train.data.aligned import HEAD_LABELS
from mini.train.machine import to_pm1


def degraded_heads(plain: Tensor, labels: Tensor, draw: torch.Generator) -> Tensor:
    """Aligned crops u8 (B, H, W, 3) and labels -> degraded heads on white (B, 3, H, W), [-1, 1]."""
    x = degrade((to_pm1(plain, channels_last=False) + 1) / 2, draw)
    head = ((labels >= HEAD_LABELS[0]) & (labels <= HEAD_LABELS[-1])).float()[:, None]
    alpha = degraded_mask(head, draw)
    x = x * alpha + 1 - alpha
    return jitter(x * 2 - 1, draw)


def degrade(x: Tensor, draw: torch.Generator) -> Tensor:
    """Light, colour, blur and grain of cameras; (B, 3, H, W) in [0, 1]."""
    batch = x.shape[0]

    def normal(*shape: int) -> Tensor:
        return torch.randn(batch, *shape, generator=draw, device=x.device)

    def uniform() -> Tensor:
        return torch.rand(batch, 1, 1, 1, generator=draw, device=x.device)

    def sometimes(share: float) -> Tensor:
        return (uniform() < share).float()

    soft = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")
    x = x + (soft - x) * sometimes(0.35) * uniform()
    x = x.clamp(1e-3, 1).pow(torch.exp(0.16 * normal(1, 1, 1)))  # gamma
    x = x * torch.exp(0.09 * normal(1, 1, 1) + 0.05 * normal(3, 1, 1))  # exposure, cast
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * torch.exp(0.15 * normal(1, 1, 1))  # saturation
    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * torch.exp(0.10 * normal(1, 1, 1))  # contrast
    x = x + normal(*x.shape[1:]) * 0.03 * sometimes(0.4) * uniform()
    blocks = F.interpolate(F.avg_pool2d(x, 8), scale_factor=8, mode="nearest")
    return (x + (blocks - x) * 0.15 * sometimes(0.2)).clamp(0, 1)  # coarse compression


def degraded_mask(head: Tensor, draw: torch.Generator) -> Tensor:
    """A head mask (B, 1, H, W) grown or shrunk, softened, at times with a piece of background."""
    batch, _, height, width = head.shape
    like: dict[str, Any] = {"generator": draw, "device": head.device}
    soft = F.avg_pool2d(F.avg_pool2d(head, 5, 1, 2), 5, 1, 2)
    level = 0.5 + 0.28 * (2 * torch.rand(batch, 1, 1, 1, **like) - 1)
    alpha = ((soft - level) * 5 + 0.5).clamp(0, 1)
    centre = torch.rand(batch, 2, 1, 1, 1, **like)
    radius = 0.05 + 0.15 * torch.rand(batch, 1, 1, 1, **like)
    radius = radius * (torch.rand(batch, 1, 1, 1, **like) < 0.25)
    y = torch.linspace(0, 1, height, device=head.device)[:, None] - centre[:, 0]
    x = torch.linspace(0, 1, width, device=head.device) - centre[:, 1]
    blob = (x.square() + y.square() < radius.square()).float()
    kept = torch.rand(batch, 1, 1, 1, **like) < 0.6  # leftover, else a bite out of the head
    return torch.where(kept, torch.maximum(alpha, blob), alpha * (1 - blob))


def jitter(x: Tensor, draw: torch.Generator) -> Tensor:
    """Small errors of the alignment: +-3 degrees, 4 %, 2 px; white outside."""
    batch = x.shape[0]
    like: dict[str, Any] = {"generator": draw, "device": x.device}
    angle = 0.035 * torch.randn(batch, **like)
    scale = torch.exp(0.03 * torch.randn(batch, **like))
    shift = 0.02 * torch.randn(batch, 2, **like)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x - 1, grid, align_corners=False) + 1
