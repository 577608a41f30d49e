"""A second person in the picture: drawn like the first, lit by the same light, put behind."""

from __future__ import annotations

import cv2
import numpy as np

from pidiff_cli.mini.world.canvas import Array
from pidiff_cli.mini.world.light import PLUM, Figure, unit

_SHADOW = 0.42


def put_before(front: Figure, back: Figure) -> Figure:
    """Both figures as one: `front` over `back` with a soft shadow between them.

    The labels are those of `front` alone.
    """
    size = front.cover.shape[0]
    key = unit(front.light.key_dir)
    small = cv2.resize(front.cover, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    move = np.array([[1, 0, -5.0 * key[0]], [0, 1, 2.0 - 3.0 * key[1]]], np.float64)
    soft = cv2.GaussianBlur(cv2.warpAffine(small, move, small.shape[::-1]), (0, 0), 4.0)
    soft = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    dark: Array = 1 - np.float32(_SHADOW) * soft * (1 - np.asarray(PLUM, np.float32))
    both = Figure(size, front.light)
    free = 1 - front.cover
    both.acc = np.ascontiguousarray(front.acc + back.acc * dark * free[..., None], np.float32)
    both.cover = np.ascontiguousarray(front.cover + back.cover * free, np.float32)
    both.labels = front.labels
    return both


def seen_labels(front: Figure, back: Figure) -> np.ndarray:
    """The second person's label map (S, S) u8, 0 where the first one hides it."""
    return np.where(front.cover > 0.5, 0, back.labels).astype(np.uint8)
