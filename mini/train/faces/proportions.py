"""Drawn faces with the proportions of real ones: smaller eyes, a longer way down to the chin.

The drawn world's eyes are large and its chins short, and a landmark net that has seen nothing else
finds them so in photographs: eye corners too far apart by an eighth of the eye distance, chins too
high. Warping drawings between their own proportions and beyond real ones takes that away from it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

SMALLEST_EYES, LONGEST_CHIN = 0.6, 1.35  # of their size; of the way from the mouth to the chin
REACH = 1.15  # radius around an eye that moves with it, in widths of the eye
EYES = (slice(36, 42), slice(42, 48))
MOUTH, CHIN = slice(48, 60), 8
STEPS = 12  # to find where a point lands
Field = Callable[[np.ndarray], np.ndarray]


def reshape(
    rgb: np.ndarray, labels: np.ndarray, points: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A drawing, its labels and its points (68, 2) px with other proportions, drawn at random."""
    eyes, chin = rng.uniform(SMALLEST_EYES, 1.0), rng.uniform(1.0, LONGEST_CHIN)
    fields = [_smaller(points[eye], eyes) for eye in EYES]
    fields.append(_longer(points[MOUTH].mean(0), points[CHIN], chin))

    def source(places: np.ndarray) -> np.ndarray:
        return places + sum(field(places) for field in fields)  # type: ignore[no-any-return]

    height, width = labels.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
    at = source(grid.astype(np.float64)).reshape(height, width, 2).astype(np.float32)
    border = cv2.BORDER_REPLICATE
    moved = cv2.remap(rgb, at, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]
    maps = cv2.remap(labels, at, None, cv2.INTER_NEAREST, borderMode=border)  # type: ignore[call-overload]
    return moved, maps, _landing(points, source)


def _smaller(eye: np.ndarray, factor: float) -> Field:
    """Where the pixels around an eye (6, 2) come from, less where they are: it shrinks."""
    middle = eye.mean(0)
    reach = REACH * max(float(np.hypot(*(eye[3] - eye[0]))), 1.0)

    def field(places: np.ndarray) -> np.ndarray:
        away = places - middle
        near = np.clip(1 - (away**2).sum(-1, keepdims=True) / reach**2, 0, 1)
        return np.asarray(away * (1 / factor - 1) * near**2)

    return field


def _longer(mouth: np.ndarray, chin: np.ndarray, factor: float) -> Field:
    """The same below the mouth: the way to the chin grows, and what is below it moves along."""
    way = chin - mouth
    length = max(float(np.hypot(*way)), 1.0)
    down = way / length

    def field(places: np.ndarray) -> np.ndarray:
        far = ((places - mouth) @ down)[..., None]
        grown = np.clip(far, 0, factor * length)
        return np.asarray(-grown * (1 - 1 / factor) * down)

    return field


def _landing(points: np.ndarray, source: Field) -> np.ndarray:
    """Where points of the drawing lie in the warped one (damped fixed-point steps)."""
    moved = points.astype(np.float64)
    for _ in range(STEPS):
        moved = moved + 0.6 * (points - source(moved))
    return moved.astype(np.float32)
