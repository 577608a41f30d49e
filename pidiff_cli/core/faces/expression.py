"""What a face does, from the 68 points: smile, open mouth, closed eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SMILES, OPEN, CLOSED = 0.95, 0.2, 0.115


@dataclass(frozen=True)
class Expression:
    """A face's expression.

    Attributes:
        smile: the mouth's width over the distance between the eyes; a smile from 0.95 on.
        gap: the mouth's opening over its width. eyes: the wider eye's opening over its width.
    """

    smile: float
    gap: float
    eyes: float

    @property
    def word(self) -> str:
        """ "smile", "open mouth" or "calm"."""
        if self.smile >= SMILES:
            return "smile"
        return "open mouth" if self.gap >= OPEN else "calm"

    @property
    def closed(self) -> bool:
        """Whether both eyes are closed; a laugh that narrows them is not enough."""
        return self.eyes < CLOSED


def expression_of(landmarks: np.ndarray) -> Expression:
    """The expression of points (68, 2), iBUG order, any unit."""
    points = np.asarray(landmarks, float)

    def apart(one: int, other: int) -> float:
        return float(np.hypot(*(points[one] - points[other])))

    def opening(first: int) -> float:
        lids = apart(first + 1, first + 5) + apart(first + 2, first + 4)
        return lids / max(2 * apart(first, first + 3), 1e-6)

    between = np.hypot(*(points[42:48].mean(0) - points[36:42].mean(0)))
    width = apart(48, 54)
    return Expression(
        round(width / max(float(between), 1e-6), 3),
        round(apart(62, 66) / max(width, 1e-6), 3),
        round(max(opening(36), opening(42)), 3),
    )
