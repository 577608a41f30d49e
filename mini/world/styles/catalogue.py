"""Art styles: a finished portrait turned into a painting, a drawing or a print.

All take and give float32 (S, S, 3) RGB in [0, 1] at S = 256, with the figure's and the face's soft
masks (S, S); features, hair tone and skin tone stay readable in each.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from mini.world.styles.prints import woodblock
from mini.world.styles.tools import (
    Array,
    blur,
    edges,
    flow,
    luma,
    noise,
    paint_strokes,
    ramp,
    saturate,
    washes,
    wobble,
)

Rng = np.random.Generator
PAPER = np.array([0.972, 0.955, 0.915], np.float32)
_OIL_PASSES = ((7.0, 20.0, 0.10), (4.2, 12.5, 0.08), (2.3, 7.5, 0.06), (1.2, 4.2, 0.04))
_HATCHES = ((52, 0.80, 5.2), (-38, 0.56, 4.8), (86, 0.36, 4.4), (12, 0.2, 4.0))
_BACKS = (
    ((0.36, 0.78, 0.46), (0.98, 0.93, 0.36)), ((0.98, 0.50, 0.36), (1.0, 0.88, 0.42)),
    ((0.24, 0.62, 0.90), (0.72, 0.92, 0.98)), ((0.93, 0.36, 0.62), (1.0, 0.76, 0.82)),
    ((0.48, 0.38, 0.84), (0.82, 0.76, 0.98)), ((0.98, 0.78, 0.20), (1.0, 0.96, 0.66)),
)  # fmt: skip
_INKS = (
    ((0.09, 0.12, 0.24), (0.93, 0.62, 0.30)), ((0.24, 0.08, 0.10), (0.86, 0.72, 0.40)),
    ((0.06, 0.20, 0.18), (0.90, 0.48, 0.38)), ((0.16, 0.10, 0.22), (0.50, 0.74, 0.78)),
)  # fmt: skip


def photo(rgb: Array, figure: Array, face: Array, rng: Rng) -> Array:
    """Leave the picture as it is."""
    return rgb


def oil(rgb: Array, figure: Array, face: Array, rng: Rng) -> Array:
    """Four passes of ever smaller strokes along the flow; relief catches light."""
    side = rgb.shape[0]
    rich = saturate(rgb, 1.16)
    angles = flow(luma(blur(rich, 1.5)), 5.0) + np.float32(0.5) * noise(side, 7, 1) * (1 - figure)
    canvas = np.ascontiguousarray(blur(rich, 7.0))
    height = np.full((side, side), 0.3, np.float32)
    for half_width, half_length, jitter in _OIL_PASSES:
        if half_width > 6:
            gate = np.ones((side, side), np.float32)
        else:
            miss = np.abs(blur(rich, half_width * 0.5) - canvas).sum(2)
            gate = ramp(blur(miss, 1.5), 0.03, 0.22) + face * np.float32(0.55)
            gate += np.float32(0.16 if half_width > 2 else 0.0) * figure
        count = int(side * side / (half_width * half_length * 0.42))
        spots = np.empty((count, 5), np.float32)
        spots[:, :2] = rng.integers(0, side, (count, 2))
        spots[:, 2] = 1 + rng.normal(0, jitter * 0.8, count)
        spots[:, 3] = rng.normal(0, jitter * 0.4, count)
        spots[:, 4] = rng.random(count)
        calm = 1 - face[spots[:, 1].astype(int), spots[:, 0].astype(int)] * np.float32(0.6)
        spots[:, 2] = 1 + (spots[:, 2] - 1) * calm
        paint_strokes(canvas, height, blur(rich, half_width * 0.45), spots, angles, gate,
                      np.float32(half_width), np.float32(half_length))  # fmt: skip
    keep = np.float32(0.3) * face[..., None]
    canvas += (rich - canvas) * keep
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0) + cv2.Sobel(height, cv2.CV_32F, 0, 1)
    relief = 1 - np.clip(slope, -1, 1) * np.float32(0.11) * (1 - np.float32(0.6) * face)
    weave = noise(side, 128, 2) * np.float32(0.012)
    return np.asarray(canvas * (relief + weave)[..., None], np.float32)


def pencil(rgb: Array, figure: Array, face: Array, rng: Rng) -> Array:
    """Graphite: a light wash of tone, four hatchings switched on by darkness, and lines."""
    side, kind = rgb.shape[0], int(rng.integers(8))
    tone = luma(rgb)
    tone = np.clip(tone + (tone - blur(tone, 9)) * np.float32(0.5), 0, 1)
    faded = 1 - (1 - tone) * np.float32(0.5)
    far = noise(side, 5, kind) * np.float32(0.12)
    tone = np.where(figure > 0.5, tone, np.clip(faded + far, 0, 1)).astype(np.float32)
    axis = np.arange(side, dtype=np.float32)
    shake = noise(side, 30, kind + 10) * np.float32(1.7)
    ink = (1 - blur(tone, 0.8)) * np.float32(0.42)
    soft = blur(tone, 1.2)
    for angle, level, period in _HATCHES:
        a = np.deg2rad(angle + rng.uniform(-6, 6))
        across = axis[None, :] * np.float32(np.sin(a)) + axis[:, None] * np.float32(np.cos(a))
        along = axis[None, :] * np.float32(np.cos(a)) - axis[:, None] * np.float32(np.sin(a))
        wave = np.cos((across + shake + np.sin(along / 23) * 1.2) * np.float32(2 * np.pi / period))
        stroke = ramp(wave, -0.1, 0.9) * (np.float32(0.8) + np.float32(0.3) * noise(side, 48, kind))
        ink += stroke * ramp(level - soft, 0.0, 0.3) * (np.float32(0.4) - np.float32(0.18) * face)
    grey = luma(rgb)
    ink += edges(grey, 1.1, 9.0) * np.float32(0.75) + edges(grey, 2.2, 5.0) * np.float32(0.35)
    rim = np.abs(cv2.Sobel(blur(figure, 1.2), cv2.CV_32F, 1, 0)) + np.abs(
        cv2.Sobel(blur(figure, 1.2), cv2.CV_32F, 0, 1)
    )
    ink += np.clip(rim * np.float32(0.8), 0, 0.6)
    grain = noise(side, 200, 3) * np.float32(0.10)
    ink = np.clip(ink * (1 + grain * 2), 0, 0.93)
    paper = PAPER * (1 + grain[..., None] * np.float32(0.12))
    lead = np.array([0.13, 0.13, 0.15], np.float32)
    return np.asarray(paper + (lead - paper) * ink[..., None], np.float32)


def watercolour(rgb: Array, figure: Array, face: Array, rng: Rng) -> Array:
    """Washes with pooled edges and granulation on paper with a ragged border."""
    side, kind = rgb.shape[0], int(rng.integers(8))
    moved = wobble(rgb, (1 - face) * np.float32(3.2), kind + 20)
    flat = washes(moved, 5)
    flat += (washes(moved, 2) - flat) * np.clip(face * np.float32(1.15), 0, 1)[..., None]
    flat = saturate(flat, 1.3)
    density = -np.log(np.clip(flat, 0.03, 1))
    free = 1 - np.float32(0.75) * face
    pool = np.clip(np.abs(luma(flat) - blur(luma(flat), 3.5)) * 2.2, 0, 0.35)
    wash = 1 + free * (
        np.float32(0.22) * noise(side, 6, kind) + np.float32(0.1) * noise(side, 26, kind)
    )
    grain = np.float32(0.09) * noise(side, 170, 4) * (1 - np.float32(0.5) * face)
    thin = np.float32(0.78) + np.float32(0.06) * figure
    density = density * (thin * wash + grain + pool * free)[..., None]
    axis = np.abs(np.arange(side, dtype=np.float32) - (side - 1) / 2) / (side / 2)
    border = np.maximum(axis[None, :], axis[:, None])
    border = (
        border
        + np.float32(0.035) * noise(side, 16, kind + 3)
        + np.float32(0.02) * noise(side, 50, kind)
    )
    inside = 1 - ramp(border, 0.90, 0.94)
    pooled = 1 + np.float32(0.5) * ramp(border, 0.84, 0.9)
    line = edges(luma(rgb), 1.0, 7.0) * np.float32(0.5)
    paper = (
        np.array([0.985, 0.978, 0.955], np.float32)
        * (1 + np.float32(0.012) * noise(side, 120, 5))[..., None]
    )
    out = paper * np.exp(-density * (inside * pooled)[..., None])
    return np.asarray(out * (1 - (line * inside)[..., None]), np.float32)


def _dots(side: int, period: float, shift: float = 0.0) -> Array:
    """A 45 degree screen (side, side), 0 between dots to 1 at their centres."""
    axis = np.arange(side, dtype=np.float32) + np.float32(shift)
    turn = np.float32(2 * np.pi / period / np.sqrt(2))
    u, v = (axis[None, :] + axis[:, None]) * turn, (axis[None, :] - axis[:, None]) * turn
    return np.asarray(0.5 + 0.25 * (np.cos(u) + np.cos(v)), np.float32)


def pop(rgb: Array, figure: Array, face: Array, rng: Rng) -> Array:
    """Three flat tones of each colour by the figure's percentiles, dots, thick outlines."""
    side = rgb.shape[0]
    soft = cv2.bilateralFilter(rgb, 7, 0.12, 5)
    grey = luma(blur(soft, 1.0))
    local = np.clip(grey / np.maximum(luma(blur(rgb, 14)), 0.08), 0.4, 1.8)
    inside = figure > 0.5
    picked = local[inside][::7] if inside.any() else local.ravel()[::97]
    dark, light = np.percentile(picked, (24, 66))
    flat = washes(soft, 4)
    colour = saturate(flat, 1.7)
    colour += (saturate(flat, 1.28) - colour) * face[..., None]  # fair skin must not turn yellow
    top = np.clip(colour.max(2, keepdims=True), 0.05, 1)
    colour = colour / top * (np.float32(0.32) + np.float32(0.7) * top)
    lit = np.clip(colour * np.float32(1.16) + np.float32(0.09), 0, 1)
    shade = colour * np.array([0.62, 0.46, 0.52], np.float32)
    screen = ramp(_dots(side, 7.2), 0.55, 0.68)
    out = colour + (lit - colour) * ramp(local - light, -0.01, 0.02)[..., None]
    middle = ramp(light - local, -0.01, 0.02) * ramp(local - dark, -0.02, 0.02)
    out += (shade - out) * (middle * screen * np.float32(0.42))[..., None]
    out += (shade - out) * ramp(dark - local, -0.01, 0.03)[..., None]
    back, dot = (np.asarray(c, np.float32) for c in _BACKS[int(rng.integers(len(_BACKS)))])
    drop = np.linspace(-0.1, 0.16, side, dtype=np.float32)[:, None]
    scenery = ramp(grey, 0.25, 0.75) * np.float32(0.24)
    area = ramp(_dots(side, 9.0) + drop + scenery - np.float32(0.12), 0.5, 0.58)
    ground = back + (dot - back) * area[..., None]
    out = ground + (out - ground) * ramp(figure, 0.4, 0.6)[..., None]
    thick = cv2.dilate(figure, np.ones((5, 5), np.uint8)) - cv2.erode(
        figure, np.ones((3, 3), np.uint8)
    )
    lines = edges(luma(rgb), 1.4, 16.0) * inside
    black = np.maximum(ramp(thick, 0.3, 0.7), ramp(lines, 0.24, 0.6))
    return np.asarray(out * (1 - black[..., None] * np.float32(0.94)), np.float32)


def linocut(rgb: Array, figure: Array, face: Array, rng: Rng) -> Array:
    """Two inks: tone cut into curved lines, rays behind the figure."""
    side = rgb.shape[0]
    ink, second = (np.asarray(c, np.float32) for c in _INKS[int(rng.integers(len(_INKS)))])
    grey = luma(blur(rgb, 0.9))
    inside = figure > 0.5
    picked = grey[inside][::7] if inside.any() else grey.ravel()[::97]
    low, high = np.percentile(picked, (6, 92))
    tone = np.clip((grey - low) / max(float(high - low), 0.05), 0, 1) + (grey - blur(grey, 6)) * 1.4
    axis = np.arange(side, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    wave = y + 14 * np.sin(x / 38 + rng.uniform(0, 6)) + noise(side, 18, 6) * 1.6
    stripe = np.float32(0.5) + np.float32(0.34) * np.sin(wave * np.float32(2 * np.pi / 6.4))
    stripe = stripe + (np.float32(0.46) - stripe) * np.float32(0.72) * face
    cut = ramp(tone - stripe + noise(side, 90, 7) * np.float32(0.05), -0.06, 0.06)
    cx, cy = side * rng.uniform(0.4, 0.6), side * rng.uniform(0.34, 0.5)
    angle = np.arctan2(y - cy, x - cx) * rng.integers(7, 11)
    rays = ramp(np.sin(angle) + noise(side, 70, 8) * np.float32(0.12), -0.05, 0.05)
    paper = np.array([0.955, 0.93, 0.86], np.float32)
    warm = paper + (second - paper) * (np.float32(0.30) * (1 - ramp(tone, 0.3, 0.8)))[..., None]
    person = ink + (warm - ink) * cut[..., None]
    ground = ink + (second - ink) * rays[..., None]
    scenery = ramp(edges(grey, 1.6, 14.0), 0.2, 0.6) * (1 - figure)
    ground = ground + (ink - ground) * scenery[..., None] * np.float32(0.8)
    gap = cv2.dilate(figure, np.ones((7, 7), np.uint8))[..., None]
    out = ground + (paper - ground) * ramp(gap, 0.4, 0.6)
    out = out + (person - out) * ramp(figure, 0.4, 0.6)[..., None]
    worn = np.clip(noise(side, 150, 9) * np.float32(0.05), -0.05, 0.05)[..., None]
    return np.asarray(out * (1 + worn), np.float32)


_FILTERS: dict[str, Callable[[Array, Array, Array, Rng], Array]] = {
    "photo": photo,
    "oil": oil,
    "pencil": pencil,
    "watercolour": watercolour,
    "pop": pop,
    "linocut": linocut,
    "woodblock": woodblock,
}


def apply_style(style: str, rgb: Array, figure_mask: Array, face_mask: Array, seed: int) -> Array:
    """The picture in a style, float32 (S, S, 3) in [0, 1]; `seed` moves strokes and palettes.

    rgb (S, S, 3) in [0, 1]; masks (S, S) in [0, 1]. KeyError for an unknown style.
    """
    rng = np.random.default_rng([52, seed])
    out = _FILTERS[style](rgb, figure_mask, face_mask, rng)
    return np.asarray(np.clip(out, 0, 1), np.float32)
