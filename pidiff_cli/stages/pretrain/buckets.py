"""Pictures of other shapes than square: the sizes they are trained at, and what is cut out."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.faces.framing import Framing, Place

STEP = 64  # px: sides are multiples of it, as Stable Diffusion's own buckets
WIDEST = 2.0  # width to height, and height to width


def sizes(size: int) -> list[tuple[int, int]]:
    """Widths and heights in px of about ``size``² pixels, never more; the square first."""
    found = [(size, size)]
    for width in range(STEP, int(size * WIDEST) + 1, STEP):
        height = size * size // width // STEP * STEP
        if height and 1 / WIDEST <= width / height <= WIDEST and width != height:
            found.append((width, height))
    return found


def nearest(width: int, height: int, size: int) -> tuple[int, int]:
    """The size whose shape is nearest to a picture's."""
    shape = np.log(width / height)
    return min(sizes(size), key=lambda wh: abs(float(np.log(wh[0] / wh[1]) - shape)))


def cut(
    x: Tensor, m: Tensor, place: Place, framing: Framing, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """The largest window of a size's shape in which the face is as large as the base knows it.

    It stays in the picture, and the face is as near to its usual place as that allows.

    Args:
        x: (1, 3, H, W). m: (1, 1, H, W). size: width and height of the results.
    Returns: (1, 3, h, w) and (1, 1, h, w).
    """
    height, width = x.shape[-2:]
    wide, high = size
    most = min(width / wide, height / high)  # picture px a training px
    usual = place.span / (framing.span[0] * (wide * high) ** 0.5)
    scale = min(most, usual)
    w, h = max(2, round(wide * scale)), max(2, round(high * scale))
    across, down = sum(framing.across) / 2, sum(framing.down) / 2
    left = round(min(max(place.x - across * w, 0), width - w))
    top = round(min(max(place.y - down * h, 0), height - h))
    mode = "area" if scale >= 1 else "bilinear"
    both = (t[:, :, top : top + h, left : left + w] for t in (x, m))
    image, mask = (F.interpolate(t, (high, wide), mode=mode) for t in both)
    return image, mask
