"""Training pictures of one person: jittered crops, encoded once, kept as latents.

Phase (a) learns from aligned faces on white (what does this face look like), phase (b) from the
original photos with their head masks (where does it belong).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.faces.framing import Framing, Place, place_in_mask
from pidiff_cli.core.images import to_tensor

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base


AT_ONCE = 8 * 128 * 128  # pixels in one call of the autoencoder: one picture where they are large


@dataclass(frozen=True)
class LatentSet:
    """Cached training pictures.

    Attributes:
        latents: (N, C, h, w), scaled. masks: (N, 1, h, w) in [0, 1], 1 on the head.
        photo: (N,) int64, which photo each came from.
        areas: (N, 1, h, w) ≥ 0, what L_face weighs; None are the masks (``focus.focused``).
    """

    latents: Tensor
    masks: Tensor
    photo: Tensor
    areas: Tensor | None = None

    def __len__(self) -> int:
        return len(self.latents)

    def pick(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``count`` random pictures: latents, masks, areas, photo indices."""
        index = torch.randint(len(self), (count,), generator=generator)
        areas = self.masks if self.areas is None else self.areas
        return self.latents[index], self.masks[index], areas[index], self.photo[index]


def face_variants(
    face: np.ndarray, mask: np.ndarray, size: int, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Phase (a): the aligned head on white, moved, scaled and turned a little differently.

    Args:
        face: (S, S, 3) uint8, FFHQ-aligned. mask: (S, S) in [0, 1], 1 on the head.
        size: side of the results. count: how many.
    Returns: images (count, 3, size, size) in [-1, 1], masks (count, 1, size, size).
    """
    x, m = to_tensor(face), _grey(mask)
    x = x * m + (1 - m)  # white, as the W+ encoder saw it
    scale = _uniform(count, 0.62, 1.0, generator)  # heads of whole pictures are smaller than crops
    room = 1 - scale
    shift = torch.stack([_uniform(count, -1, 1, generator) * room for _ in range(2)], dim=1)
    turn = _uniform(count, -8, 8, generator) * (torch.pi / 180)
    return _moved(x, m, scale, shift, turn, size)


def photo_variants(
    picture: np.ndarray,
    mask: np.ndarray,
    size: int,
    count: int,
    generator: torch.Generator,
    framing: Framing,
    place: Place | None = None,
) -> tuple[Tensor, Tensor]:
    """Phase (b): square crops of the photo, framed as the base frames its portraits.

    Args:
        picture: (H, W, 3) uint8. mask: (H, W) in [0, 1], 1 on the head.
        place: of the face in it; None guesses it from the mask.
    Returns: as ``face_variants``.
    """
    x, m = to_tensor(picture), _grey(mask)
    place = place or place_in_mask(mask)
    images, masks = [], []
    for _ in range(count):
        x0, y0, side = _window(x.shape[-2:], framing, place, generator)
        images.append(_crop(x, y0, x0, side, size))
        masks.append(_crop(m, y0, x0, side, size))
    return torch.cat(images), torch.cat(masks)


def _window(
    shape: torch.Size, framing: Framing, place: Place, generator: torch.Generator
) -> tuple[float, float, float]:
    """Left, top and side of a square of a photo (height, width) that frames the face.

    It stays within the photo where the framing allows it: what lies beyond has to be made up, and
    a photo that is framed already is best taken whole.
    """
    height, width = shape
    span = _uniform(1, *framing.span, generator).item()
    least, most = place.span / framing.span[1], float(min(height, width))
    side = min(place.span / span, max(least, most), 1.5 * most)
    ends = ((place.x, framing.across, width), (place.y, framing.down, height))
    x0, y0 = (
        _start(middle - side * high, middle - side * low, length - side, generator)
        for middle, (low, high), length in ends
    )
    return x0, y0, side


def _start(low: float, high: float, room: float, generator: torch.Generator) -> float:
    """A place in [low, high], within [0, room] where they meet, else as near to it as it goes."""
    inside = max(low, min(0.0, room)), min(high, max(0.0, room))
    if inside[0] <= inside[1]:
        return _uniform(1, *inside, generator).item()
    return low if inside[0] == low else high


def cache_latents(base: Base, parts: list[tuple[Tensor, Tensor]]) -> LatentSet:
    """Encode each photo's variants (images, masks) once with the base's autoencoder.

    In the order of memory that a file keeps: AutoencoderKL gives channels last, and a run that read
    its latents would differ in the last bit from one that made them.
    """
    images = torch.cat([x for x, _ in parts])
    batch = max(1, AT_ONCE // (images.shape[-2] * images.shape[-1]))
    encoded = [base.encode(chunk) for chunk in images.split(batch)]
    latents = torch.cat(encoded).contiguous()
    masks = F.interpolate(torch.cat([m for _, m in parts]), latents.shape[-2:], mode="area")
    photo = torch.cat([torch.full((len(x),), i) for i, (x, _) in enumerate(parts)])
    return LatentSet(latents, masks.to(latents), photo)


def _grey(mask: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))[None, None]


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def _moved(
    x: Tensor, m: Tensor, scale: Tensor, shift: Tensor, turn: Tensor, size: int
) -> tuple[Tensor, Tensor]:
    """Scale, turn and shift one picture (1, 3, S, S) with its mask, white beyond the border."""
    cos, sin = turn.cos() / scale, turn.sin() / scale
    move = -(torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1) @ shift[
        ..., None
    ])  # fmt: skip
    theta = torch.cat(
        [torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1), move], dim=2
    )  # (count, 2, 3)
    small = F.interpolate(torch.cat([1 - x, m], 1), (size, size), mode="area")  # 1 - x: white is 0
    grid = F.affine_grid(theta, [len(scale), 4, size, size], align_corners=False)
    both = F.grid_sample(small.expand(len(scale), -1, -1, -1), grid, align_corners=False)
    return 1 - both[:, :3], both[:, 3:]


def _crop(x: Tensor, y0: float, x0: float, side: float, size: int) -> Tensor:
    """A square of (1, C, H, W), its border pixels repeated where it leaves the picture."""
    top, left, edge = round(y0), round(x0), max(2, round(side))
    rows = torch.arange(top, top + edge).clamp(0, x.shape[-2] - 1)
    cols = torch.arange(left, left + edge).clamp(0, x.shape[-1] - 1)
    square = x[:, :, rows][:, :, :, cols]
    mode = "area" if edge >= size else "bilinear"
    return F.interpolate(square, (size, size), mode=mode)
