"""How a head is turned, from the 68 points alone: whichever network found them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Points that hold still while a face moves, on a mean head that looks straight ahead: right,
#: down, away from the camera, in distances between the eyes' centres. Means over the face mesh of
#: frontal photographs, both sides alike; the points of the picture's left are their mirror images.
_MIDDLE = {8: (0.0, 1.86, 0.08), 27: (0.0, -0.06, -0.32), 30: (0.0, 0.54, -0.66),
           33: (0.0, 0.74, -0.36)}  # fmt: skip
_RIGHT = {26: (0.91, -0.25, 0.03), 35: (0.28, 0.68, -0.23), 42: (0.27, 0.02, -0.04),
          45: (0.70, -0.02, 0.04), 54: (0.46, 1.02, 0.03)}  # fmt: skip
_MIRRORED = {26: 17, 35: 31, 42: 39, 45: 36, 54: 48}


@dataclass(frozen=True)
class Pose:
    """Degrees from looking straight into the camera.

    Attributes:
        turn: to the picture's right; negative to its left. nod: down; negative up.
        tilt: clockwise as seen. The head nods first, then turns, then tilts.
    """

    turn: float
    nod: float
    tilt: float


def _model() -> tuple[list[int], np.ndarray]:
    """The points' numbers, and their places (N, 3) about their middle."""
    left = {_MIRRORED[i]: (-x, y, z) for i, (x, y, z) in _RIGHT.items()}
    at = {**_MIDDLE, **_RIGHT, **left}
    places = np.array(list(at.values()))
    return list(at), places - places.mean(0)


_NUMBERS, _PLACES = _model()
_SOLVE = np.linalg.pinv(_PLACES)  # (3, N)


def pose_of(landmarks: np.ndarray) -> Pose:
    """The turn of the mean head that lies best on the points, seen from afar (least squares).

    Args:
        landmarks: (68, 2) pixels, iBUG order.
    """
    points = np.asarray(landmarks, float)[_NUMBERS]
    across, down = (_SOLVE @ (points - points.mean(0))).T  # (3,) each: the picture's axes
    u, _, vt = np.linalg.svd(np.stack([across, down]), full_matrices=False)
    across, down = u @ vt
    tilt = np.arctan2(down[0], across[0])
    upright = np.cos(tilt) * down - np.sin(tilt) * across  # the picture's axis, tilted back
    nod = np.arctan2(-upright[2], upright[1])
    level = np.hypot(across[0], down[0])
    turn = np.arctan2(np.cross(across, down)[0], level)
    return Pose(*(round(float(np.rad2deg(angle)), 1) for angle in (turn, nod, tilt)))
