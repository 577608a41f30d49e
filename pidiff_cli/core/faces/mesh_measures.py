"""Proportions of a face from the points of its mesh, as if it looked straight at the camera.

The mesh has a depth, so a turned head is turned back before anything is measured. The unit is the
geometric mean of the face's width and height; lengths that vary by a factor are logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Pairs of points, the picture's left first, whose mean direction is the face's own x axis.
_ACROSS = ((33, 263), (133, 362), (234, 454), (61, 291), (58, 288), (127, 356), (129, 358))
TOP, CHIN, LEFT, RIGHT = 10, 152, 234, 454
#: Ends of a width: what it is called, its points. The first ones are shares of the face's width.
_OF_WIDTH = {
    "jaw_width": (172, 397), "jaw_angle": (58, 288), "chin_width": (149, 378),
    "chin_tip": (148, 377), "temple": (21, 251), "forehead_width": (103, 332),
}  # fmt: skip
_WIDTHS = {
    "eye_gap": (133, 362), "brow_gap": (107, 336), "nose_width": (129, 358),
    "nostrils": (98, 327), "bridge_width": (122, 351), "tip_width": (45, 275),
    "mouth_width": (61, 291),
}  # fmt: skip
#: What `shape_measures` tells, in its order.
SHAPES = (
    "face_aspect", *_OF_WIDTH, *_WIDTHS,
    "eye_width", "eye_open", "eye_tilt", "brow_height", "brow_arch", "brow_tilt", "brow_length",
    "brow_thick", "nose_length", "tip_drop", "nose_out", "lip_up", "lip_low", "philtrum",
    "chin_height", "eyes_to_nose", "forehead_height", "nose_to_chin", "mouth_lift", "mouth_open",
    "cheek_depth", "chin_out",
)  # fmt: skip
_BROW_UP, _BROW_LOW = (105, 66, 63, 334, 296, 293), (52, 65, 53, 282, 295, 283)


def unit_of(points: np.ndarray) -> float:
    """The length of 1: the geometric mean of a mesh's (P, 2 or 3) width and height."""
    across, down = points[RIGHT] - points[LEFT], points[CHIN] - points[TOP]
    return float(np.sqrt(np.linalg.norm(across) * np.linalg.norm(down)))


def frontal(points: np.ndarray) -> np.ndarray:
    """Mesh points (P, 3) in the face's own axes: x to the picture's right, y down, z away."""
    points = points - points.mean(0)
    x = np.sum([points[b] - points[a] for a, b in _ACROSS], axis=0)
    x = x / np.linalg.norm(x)
    y = points[CHIN] - points[TOP]
    y = y - x * (x @ y)
    y = y / np.linalg.norm(y)
    turned = points @ np.stack([x, y, np.cross(x, y)], 1)
    return np.asarray(turned / unit_of(turned))


def shape_measures(points: np.ndarray) -> dict[str, float]:
    """What a mesh (478, 3), any unit, says of a face's shape; names in a fixed order."""
    q = frontal(points)
    width = _gap(q, LEFT, RIGHT)
    found = {"face_aspect": np.log(width / _gap(q, TOP, CHIN))}
    found |= {name: np.log(_gap(q, *at) / width) for name, at in _OF_WIDTH.items()}
    found |= {name: np.log(_gap(q, *at)) for name, at in _WIDTHS.items()}
    found |= _eyes(q) | _nose_and_mouth(q)
    return {name: float(value) for name, value in found.items()}


def _eyes(q: np.ndarray) -> dict[str, float]:
    y, eyes = q[:, 1], _eye_height(q)
    wide = (_gap(q, 33, 133) + _gap(q, 263, 362)) / 2
    thick = [_gap(q, a, b) for a, b in zip(_BROW_UP, _BROW_LOW, strict=True)]
    return {
        "eye_width": np.log(wide),
        "eye_open": (_gap(q, 159, 145) + _gap(q, 386, 374)) / 2 / wide,
        "eye_tilt": (y[133] - y[33] + y[362] - y[263]) / 2 / wide,
        "brow_height": eyes - _mean(y, (105, 66, 334, 296, 52, 65, 282, 295)),
        "brow_arch": (y[70] + y[107] + y[300] + y[336]) / 4 - (y[105] + y[334]) / 2,
        "brow_tilt": (y[107] - y[70] + y[336] - y[300]) / 2,
        "brow_length": np.log((_gap(q, 70, 107) + _gap(q, 300, 336)) / 2),
        "brow_thick": float(np.mean(thick)),
    }


def _nose_and_mouth(q: np.ndarray) -> dict[str, float]:
    y, z, eyes = q[:, 1], q[:, 2], _eye_height(q)
    return {
        "nose_length": np.log(y[2] - y[168]),
        "tip_drop": y[2] - y[4],
        "nose_out": (z[129] + z[358]) / 2 - z[4],
        "lip_up": y[13] - y[0],
        "lip_low": y[17] - y[14],
        "philtrum": y[0] - y[2],
        "chin_height": y[CHIN] - y[17],
        "eyes_to_nose": y[2] - eyes,
        "forehead_height": eyes - y[TOP],
        "nose_to_chin": y[CHIN] - y[2],
        "mouth_lift": (_mean(y, (13, 14)) - _mean(y, (61, 291))) / _gap(q, 61, 291),
        "mouth_open": y[14] - y[13],
        "cheek_depth": (z[LEFT] + z[RIGHT] - z[117] - z[346]) / 2,
        "chin_out": z[17] - z[CHIN],
    }


def _eye_height(q: np.ndarray) -> float:
    return _mean(q[:, 1], (33, 133, 263, 362))


def _gap(q: np.ndarray, a: int, b: int) -> float:
    return float(np.linalg.norm(q[a, :2] - q[b, :2]))


def _mean(values: np.ndarray, at: Sequence[int]) -> float:
    return float(values[list(at)].mean())
