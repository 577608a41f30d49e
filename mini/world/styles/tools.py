"""What the art styles share: tone, flow along edges, noise, flat washes and brush strokes."""

from __future__ import annotations

# mypy: disable-error-code="misc, untyped-decorator"
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[np.float32]


def luma(rgb: Array) -> Array:
    """Brightness (S, S) of RGB (S, S, 3)."""
    return np.asarray(rgb @ np.array([0.3, 0.59, 0.11], np.float32), np.float32)


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur, sigma in pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def saturate(rgb: Array, amount: float) -> Array:
    """Colours moved away from (amount > 1) or towards grey."""
    grey = luma(rgb)[..., None]
    return np.asarray(np.clip(grey + (rgb - grey) * np.float32(amount), 0, 1), np.float32)


@lru_cache(maxsize=64)
def noise(side: int, cells: int, kind: int) -> Array:
    """Smooth noise (side, side) in about [-1, 1] from a (cells, cells) grid; `kind` is a seed."""
    rng = np.random.default_rng([51, cells, kind])
    grid = rng.uniform(-1.3, 1.3, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)


def ramp(value: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def flow(grey: Array, sigma: float = 4.0) -> Array:
    """Angle (S, S) in radians along which brightness changes least."""
    soft = blur(grey, 1.2)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    xx, yy, xy = blur(gx * gx, sigma), blur(gy * gy, sigma), blur(gx * gy, sigma)
    return np.asarray(0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2, np.float32)


def edges(grey: Array, sigma: float, gain: float) -> Array:
    """Dark-line strength (S, S) in [0, 1]: how far a pixel is below its surroundings."""
    return np.asarray(
        np.clip((blur(grey, sigma * 1.8) - blur(grey, sigma)) * np.float32(gain), 0, 1), np.float32
    )


def washes(rgb: Array, radius: int) -> Array:
    """Kuwahara filter: of four windows around a pixel, the mean of the one that varies least."""
    size, side = 2 * radius + 1, radius
    mean = cv2.blur(rgb, (size, size))
    grey = luma(rgb)
    grey_mean = cv2.blur(grey, (size, size))
    spread = cv2.blur(grey * grey, (size, size)) - grey_mean * grey_mean
    best = np.full(grey.shape, 1e9, np.float32)
    out = np.zeros_like(rgb)
    for dy in (-side, side):
        for dx in (-side, side):
            move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
            there = cv2.warpAffine(spread, move, spread.shape[::-1], flags=cv2.INTER_NEAREST,
                                   borderMode=cv2.BORDER_REFLECT)  # fmt: skip
            colour = cv2.warpAffine(mean, move, spread.shape[::-1], flags=cv2.INTER_NEAREST,
                                    borderMode=cv2.BORDER_REFLECT)  # fmt: skip
            wins = there < best
            best = np.where(wins, there, best)
            out = np.where(wins[..., None], colour, out)
    return np.asarray(out, np.float32)


def wobble(rgb: Array, amount: Array, kind: int) -> Array:
    """The picture pushed about by smooth noise, `amount` (S, S) pixels at most."""
    side = rgb.shape[0]
    axis = np.arange(side, dtype=np.float32)
    xs = axis[None, :] + noise(side, 22, kind) * amount
    ys = axis[:, None] + noise(side, 22, kind + 1) * amount
    return np.asarray(
        cv2.remap(rgb, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32
    )


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def paint_strokes(out, height, colours, spots, angles, gate, half_width, half_length):  # type: ignore[no-untyped-def]
    """Lay tapered strokes over out (S, S, 3) in order, recording their relief in height (S, S).

    spots (n, 5): x, y, brightness factor, warmth, random in [0, 1). colours (S, S, 3) says what
    each stroke picks up at its centre, angles (S, S) its direction; spots where gate (S, S) is
    lower than their random number are skipped.
    """
    size = out.shape[0]
    for n in range(spots.shape[0]):
        cx, cy = int(spots[n, 0]), int(spots[n, 1])
        if gate[cy, cx] <= spots[n, 4]:
            continue
        a = angles[cy, cx] + (spots[n, 4] - np.float32(0.5)) * np.float32(0.4)
        c, s = np.cos(a), np.sin(a)
        wide = int(np.sqrt((half_length * c) ** 2 + (half_width * s) ** 2) * 1.12) + 1
        tall = int(np.sqrt((half_length * s) ** 2 + (half_width * c) ** 2) * 1.12) + 1
        level, warm = spots[n, 2], spots[n, 3]
        r = colours[cy, cx, 0] * level * (1 + warm)
        g = colours[cy, cx, 1] * level
        b = colours[cy, cx, 2] * level * (1 - warm)
        for y in range(max(0, cy - tall), min(size, cy + tall + 1)):
            for x in range(max(0, cx - wide), min(size, cx + wide + 1)):
                u = ((x - cx) * c + (y - cy) * s) / half_length
                v = ((y - cy) * c - (x - cx) * s) / half_width
                q = u * u * u * u + v * v
                if q >= 1:
                    continue
                cover = min(np.float32(1.0), (np.float32(1.0) - q) * np.float32(2.2))
                bristle = np.sin(v * np.float32(5.0) + spots[n, 4] * np.float32(40.0))
                cover *= np.float32(0.92)
                tone = 1 + np.float32(0.035) * bristle
                out[y, x, 0] += (r * tone - out[y, x, 0]) * cover
                out[y, x, 1] += (g * tone - out[y, x, 1]) * cover
                out[y, x, 2] += (b * tone - out[y, x, 2]) * cover
                relief = (
                    np.float32(0.35) + spots[n, 4] * np.float32(0.4) + bristle * np.float32(0.15)
                )
                height[y, x] += (relief * (1 - q * np.float32(0.6)) - height[y, x]) * cover
