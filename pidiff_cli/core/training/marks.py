"""Marks at the edge of a head that its mask leaves out, such as a strand of another colour (ours).

A face parser takes green hair ends for background; there the preserve term would hold the base's
own. What is wrong at the same place of the head in the photos is the person's, not the background.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EXTENT, CELLS = 0.95, 20  # of the frame that heads are laid over each other in, half sides in √area
REACH = 2  # cells from the head
WIDE = 0.55  # rows of a head against its widest; beside a neck are clothes, which nobody tells of
WRONG = 0.4  # the mean error, a channel, from which on such a place is the person's


def grown_masks(wrong: Tensor, masks: Tensor, photo: Tensor) -> Tensor:
    """Masks with what is wrong beside the head in the photos, (N, 1, h, w) in [0, 1].

    Args:
        wrong: how wrong an untuned prediction is at a place, (N, 1, h, w) ≥ 0.
        masks: (N, 1, h, w) in [0, 1], 1 on the head. photo: (N,) which each is of.
    """
    local = F.max_pool2d(wrong, 3, stride=1, padding=1)  # heads turn: a place is good to a cell
    middle, scale = _frames(masks)
    heads = _sampled(local, *_to_frame(middle, scale, masks.shape[-2:]))  # (N, 1, G, G)
    each = torch.stack([heads[photo == one].mean(0) for one in photo.unique()])  # (P, 1, G, G)
    if len(each) < 2:
        return masks
    # One photo of four may hide a mark: under a hat, on the far side.
    shared = each.kthvalue(1 if len(each) < 4 else 1 + len(each) // 4, dim=0).values[None]
    back = _sampled(shared.expand(len(masks), -1, -1, -1), *_from_frame(middle, scale, masks))
    inside = (masks > 0.5).float()
    near = F.max_pool2d(inside, 2 * REACH + 1, stride=1, padding=REACH)
    widths = inside.sum(3, keepdim=True)  # (N, 1, h, 1)
    near = near * (widths > WIDE * widths.amax(2, keepdim=True))
    found = (back > WRONG) & (wrong > WRONG) & (near > 0)
    return torch.maximum(masks, found.to(masks))


def _frames(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Middle (N, 2), x before y, and √area (N,) of heads, in cells."""
    height, width = masks.shape[-2:]
    weight = masks[:, 0] / masks.sum((1, 2, 3)).clamp_min(1e-6).view(-1, 1, 1)
    x = (weight.sum(1) * torch.arange(width).to(weight)).sum(1)
    y = (weight.sum(2) * torch.arange(height).to(weight)).sum(1)
    return torch.stack([x, y], dim=1), masks.sum((1, 2, 3)).clamp_min(1.0).sqrt()


def _to_frame(middle: Tensor, scale: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
    """Places (N, G, G) in cells, x and y, of the common frame's cells in each picture."""
    ticks = torch.linspace(-EXTENT, EXTENT, CELLS).to(middle)
    spread = ticks * scale[:, None]  # (N, G)
    x = (middle[:, :1] + spread)[:, None].expand(-1, CELLS, -1)
    y = (middle[:, 1:] + spread)[:, :, None].expand(-1, -1, CELLS)
    return 2 * x / (size[1] - 1) - 1, 2 * y / (size[0] - 1) - 1


def _from_frame(middle: Tensor, scale: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Places (N, h, w), x and y, of each picture's cells in the common frame."""
    height, width = masks.shape[-2:]
    x = (torch.arange(width).to(middle) - middle[:, :1]) / (EXTENT * scale[:, None])
    y = (torch.arange(height).to(middle) - middle[:, 1:]) / (EXTENT * scale[:, None])
    return x[:, None].expand(-1, height, -1), y[:, :, None].expand(-1, -1, width)


def _sampled(values: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Values (N, 1, h, w) at places in [-1, 1]; 0 beyond."""
    return F.grid_sample(values, torch.stack([x, y], dim=-1), align_corners=True)
