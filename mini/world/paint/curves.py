"""Point lists of curves: smooth lines, strokes' outlines, ellipses. Plain (N, 2) float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Vec = Sequence[float] | npt.NDArray[Any]
Points = Sequence[Sequence[float]] | Sequence[npt.NDArray[Any]] | npt.NDArray[Any]


def smooth_curve(points: Points, closed: bool = True, steps: int = 6) -> npt.NDArray[np.float64]:
    """Catmull-Rom through `points` (N, 2): (N * steps, 2) closed, or open with both ends kept."""
    p = np.asarray(points, np.float64)
    if len(p) < 3:
        return p
    if closed:
        a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        ext = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
        a, b, c, d = ext[:-3], ext[1:-2], ext[2:-1], ext[3:]
    t = (np.arange(steps) / steps)[None, :, None]  # (1, T, 1)
    a, b, c, d = (v[:, None] for v in (a, b, c, d))  # (N, 1, 2)
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    out = curve.reshape(-1, 2)
    return out if closed else np.vstack([out, p[-1:]])


def ribbon(points: Points, widths: Points | float | Sequence[float]) -> npt.NDArray[np.float64]:
    """Outline of a stroke along `points` (N, 2); full widths, one or spread over the line."""
    p = np.asarray(points, np.float64)
    w = np.atleast_1d(np.asarray(widths, np.float64))
    if len(w) > 1:
        w = np.interp(np.arange(len(p)) * ((len(w) - 1) / (len(p) - 1)), np.arange(len(w)), w)
    d = np.empty_like(p)
    d[0], d[-1] = p[1] - p[0], p[-1] - p[-2]
    d[1:-1] = p[2:] - p[:-2]
    half = d[:, ::-1] * (-1.0, 1.0)
    half *= (w / (2 * np.sqrt((d * d).sum(1)) + 1e-9))[:, None]
    return np.concatenate([p + half, (p - half)[::-1]])


def ellipse_points(
    centre: Vec, rx: float, ry: float, angle: float = 0.0, count: int = 24
) -> npt.NDArray[np.float64]:
    """Points (count, 2) of an ellipse; angle in degrees, clockwise on the screen."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = rx * np.cos(t), ry * np.sin(t)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.stack([centre[0] + x * c - y * s, centre[1] + x * s + y * c], 1)
