"""How a face is lit: how bright, and from which side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidiff_cli.core.faces.align import points_in_square

#: iBUG points around each cheek, the picture's left first.
CHEEKS = ((1, 2, 3, 4, 48, 31, 39, 40, 41, 36), (15, 14, 13, 12, 54, 35, 42, 47, 46, 45))
DARK = 0.22  # of linear light: what all but the brightest 5 % of the face's square stay below
HARSH = 1.5  # stops between the cheeks
FRONTAL = 25.0  # degrees of turn up to which both cheeks are seen well enough


@dataclass(frozen=True)
class Light:
    """The light on a face.

    Attributes:
        level: mean linear light of the cheeks, 0 to 1. side: stops by which the picture's right
            cheek is brighter than its left; negative where it is darker.
        brightest: what the brightest 5 % of the square reach, linear, 0 to 1.
    """

    level: float
    side: float
    brightest: float

    @property
    def low(self) -> bool:
        return self.brightest < DARK

    @property
    def harsh(self) -> bool:
        return abs(self.side) >= HARSH


def light_of(aligned: np.ndarray, landmarks: np.ndarray) -> Light:
    """The light on an aligned face.

    Args:
        aligned: uint8 (S, S, 3), FFHQ-aligned. landmarks: (68, 2) pixels of the photo it is from.
    """
    import cv2

    side = aligned.shape[0]
    grey = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    linear = cv2.GaussianBlur(grey**2.2, (0, 0), max(side / 128, 0.5))
    points = points_in_square(np.asarray(landmarks, float), side).astype(np.float32)
    left, right = (_mean_inside(linear, points[list(cheek)]) for cheek in CHEEKS)
    inner = linear[round(0.16 * side) : round(0.9 * side), round(0.16 * side) : round(0.84 * side)]
    brightest = float(np.percentile(inner, 95))
    stops = float(np.log2(max(right, 1e-3) / max(left, 1e-3)))
    return Light(round((left + right) / 2, 3), round(stops, 2), round(brightest, 3))


def _mean_inside(linear: np.ndarray, points: np.ndarray) -> float:
    """Mean over the hull of some points; over the whole where the hull is empty."""
    import cv2

    mask = np.zeros(linear.shape, np.uint8)
    hull = np.rint(cv2.convexHull(points)).astype(np.int32)
    cv2.fillConvexPoly(mask, hull, 1)
    return float(linear[mask > 0].mean() if mask.any() else linear.mean())
