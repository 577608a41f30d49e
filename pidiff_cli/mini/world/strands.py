"""Strands: many tapered hairs at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pidiff_cli.mini.world.canvas import Layer, smooth_curve

Array = npt.NDArray[np.float64]


def spread(line: Array, count: int) -> Array:
    """A smooth line through points (N, 2), resampled to `count` points of equal distance."""
    curve = smooth_curve(line, closed=False)
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.linspace(0, run[-1], count)
    return np.stack([np.interp(at, run, curve[:, 0]), np.interp(at, run, curve[:, 1])], 1)


def ribbons(lines: Array, widths: Array) -> Array:
    """Tapered outlines (K, 2T, 2) of lines (K, T, 2); widths (K,) are the widest place."""
    d = np.gradient(lines, axis=1)
    n = np.stack([-d[..., 1], d[..., 0]], -1)
    n /= np.linalg.norm(n, axis=-1, keepdims=True) + 1e-9
    steps = lines.shape[1]
    taper = np.sin(np.pi * np.linspace(0.12, 0.94, steps)) ** 0.7
    half = n * (widths[:, None] * taper[None] / 2)[..., None]
    return np.concatenate([lines + half, (lines - half)[:, ::-1]], axis=1)


def comb(
    layer: Layer, lines: Array, hair: Array, rng: np.random.Generator, *, clip: bool = True
) -> None:
    """Draw strands (K, T, 2), unit frame: 60 % darker, 40 % lighter and warmer."""
    count = len(lines)
    shapes = ribbons(lines, rng.uniform(0.40, 1.25, count))
    cut = int(count * 0.6)
    layer.many(shapes[:cut], hair * 0.52, 0.50, clip=clip)
    light = np.minimum(hair * np.array([1.42, 1.34, 1.22]) + np.array([0.045, 0.035, 0.03]), 1.0)
    layer.many(shapes[cut:], light, 0.42, clip=clip)
