"""The drawn test picture of the alignment vectors; integers only, so the same everywhere."""

from __future__ import annotations

import numpy as np


def synth_image(height: int, width: int, variant: int) -> np.ndarray:
    """uint8 (H, W, 3): three overlaid triangle waves and two tinted ellipses."""
    y, x = np.mgrid[:height, :width].astype(np.int64)
    k = 7 * variant
    channels = (
        _wave(2 * x + y + k, 97 + k),
        _wave(3 * y - x + 1000 + k, 151 + k),
        _wave(x * y // (40 + k) + k, 113),
    )
    picture = np.stack(channels, -1)
    down, across = y - (height // 2 - k), x - (width // 2 + k)
    tall, wide = max(height // 4, 1), max(width // 5, 1)
    large = (down * wide) ** 2 + (across * tall) ** 2 < (tall * wide) ** 2
    picture[large] = (picture[large] + [400, 300, 200]) // 3
    down, across = y - (height // 2 - k) // 2, x - (width // 2 + k) // 2
    small = (4 * down) ** 2 + (3 * across) ** 2 < (min(height, width) // 2) ** 2
    picture[small] = (2 * picture[small] + [10, 120, 240]) // 3
    return np.clip(picture, 0, 255).astype(np.uint8)


def _wave(v: np.ndarray, period: int) -> np.ndarray:
    return 255 * (period - np.abs(v % (2 * period) - period)) // period
