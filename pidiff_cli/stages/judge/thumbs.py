"""Small pictures for the page."""

from __future__ import annotations

import numpy as np

from pidiff_cli.core.images import shrink

SIDE = 160  # px: what the page shows, twice as fine as the smallest


def thumb(picture: np.ndarray, landmarks: np.ndarray | None = None) -> np.ndarray:
    """A picture (H, W, 3) uint8 for the page; with points (68, 2) the square around that head."""
    if landmarks is None:
        return np.ascontiguousarray(shrink(picture, SIDE)[0])
    low, high = landmarks.min(0), landmarks.max(0)
    middle, half = (low + high) / 2, float((high - low).max())
    x0, y0 = np.maximum(middle - half, 0).astype(int)
    x1, y1 = np.ceil(middle + half).astype(int)
    cut = picture[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    return np.ascontiguousarray(shrink(cut if cut.size else picture, SIDE)[0])
