"""Skin and hair of an aligned face in CIELAB: how far a drawn code is off its photo's colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

FAR = 28.0  # CIELAB distance, a person's mean; 18 drawn people reach 21 (docs/decisions/)
#: Top, bottom, left, right as shares of the side of an aligned face.
CHEEKS_BROW_NOSE = (
    (0.50, 0.60, 0.28, 0.38), (0.50, 0.60, 0.62, 0.72), (0.28, 0.36, 0.40, 0.60),
    (0.45, 0.58, 0.46, 0.54),
)  # fmt: skip
CROWN = (0.015, 0.075, 0.38, 0.62)  # top and bottom from the head's highest row
PAPER = 0.94  # brighter than this in every channel is the white around the head


@dataclass(frozen=True)
class Colours:
    """CIELAB colours (3,) of skin and crown; NaN where the face shows none."""

    skin: np.ndarray
    hair: np.ndarray

    def distance(self, other: Colours) -> float:
        """The larger of the two distances; 0 where nothing can be compared."""
        found = [np.linalg.norm(self.skin - other.skin), np.linalg.norm(self.hair - other.hair)]
        return float(np.nanmax([*found, 0.0]))


def colours_of(face: Tensor) -> Colours:
    """Skin and crown colour of an aligned face on white, (3, S, S) in [-1, 1]."""
    rgb = (face.detach().permute(1, 2, 0) * 0.5 + 0.5).clamp(0, 1).cpu().numpy()
    lab = cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2LAB)
    head = (face.detach().cpu().numpy() < PAPER).any(axis=0).astype(np.uint8)
    inside = cv2.erode(head, np.ones((5, 5), np.uint8)) > 0
    places = np.stack([_median(lab, inside, box) for box in CHEEKS_BROW_NOSE])
    skin = np.full(3, np.nan)
    if not np.isnan(places).all():
        skin = np.nanmedian(places, axis=0)
    return Colours(skin, _median(lab, inside, _crown(inside)))


def out_of_distribution(faces: Sequence[Tensor], drawn: Sequence[Tensor]) -> bool:
    """Whether a person's faces (3, S, S) lie further from their codes, drawn again, than those of
    any drawing: the encoder does not know such pictures. One photo in odd light is not enough."""
    pairs = zip(faces, drawn, strict=True)
    return bool(np.mean([colours_of(a).distance(colours_of(b)) for a, b in pairs]) > FAR)


def _crown(inside: np.ndarray) -> tuple[float, float, float, float]:
    """The box below the highest row of the head's middle."""
    side = len(inside)
    middle = inside[:, round(0.35 * side) : round(0.65 * side)].sum(axis=1)
    rows = np.flatnonzero(middle > 0.1 * side)
    top = rows[0] / side if len(rows) else 0.0
    return top + CROWN[0], top + CROWN[1], CROWN[2], CROWN[3]


def _median(
    lab: np.ndarray, inside: np.ndarray, box: tuple[float, float, float, float]
) -> np.ndarray:
    """Median colour (3,) of a box inside the head; NaN where hardly any of it is."""
    top, bottom, left, right = (round(value * len(lab)) for value in box)
    values = lab[top:bottom, left:right][inside[top:bottom, left:right]]
    return np.median(values, axis=0) if len(values) > 8 else np.full(3, np.nan)
