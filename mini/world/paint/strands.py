"""Strands: many tapered hairs at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.paint.canvas import Layer, smooth_curve

Array = npt.NDArray[np.float64]


def spread(line: Array, count: int) -> Array:
    """A smooth line through points (N, 2), resampled to `count` points of equal distance."""
    curve = smooth_curve(line, closed=False)
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.linspace(0, run[-1], count)
    return np.stack([np.interp(at, run, curve[:, 0]), np.interp(at, run, curve[:, 1])], 1)


def ribbons(lines: Array, widths: Array) -> Array:
    """Tapered outlines (K, 2T, 2) of lines (K, T, 2); widths (K,) are the widest place."""
    d = np.empty_like(lines)
    d[:, 0], d[:, -1] = lines[:, 1] - lines[:, 0], lines[:, -1] - lines[:, -2]
    d[:, 1:-1] = lines[:, 2:] - lines[:, :-2]
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
    shapes = ribbons(lines, rng.uniform(0.35, 1.1, count))
    cut = int(count * 0.6)
    layer.many(shapes[:cut], hair * 0.52, 0.50, clip=clip)
    lift = 0.05 + 0.06 * max(0.0, 1 - 4 * float(hair.mean()))  # black hair needs its strands shown
    light = np.minimum(
        hair * np.array([1.42, 1.34, 1.22]) + lift * np.array([1.0, 0.85, 0.75]), 1.0
    )
    layer.many(shapes[cut:], light, 0.42, clip=clip)


def discs(at: Array, radii: Array, count: int = 12) -> Array:
    """Circles (K, count, 2) of radii (K,) around points (K, 2)."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = np.stack([np.cos(t), np.sin(t)], 1)  # (count, 2)
    return np.asarray(at)[:, None] + ring[None] * np.asarray(radii)[:, None, None]
