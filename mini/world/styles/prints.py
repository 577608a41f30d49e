"""A colour woodblock print: flat blocks of each local colour, a dark key block of lines, grain.

Unlike the two-ink linocut it keeps skin, hair and cloth apart by colour.
"""

from __future__ import annotations

import cv2
import numpy as np

from mini.world.styles.tools import Array, blur, edges, luma, noise, ramp, saturate, washes

_PAPER = np.array([0.955, 0.925, 0.850], np.float32)
_INKS = ((0.10, 0.10, 0.22), (0.14, 0.09, 0.09), (0.07, 0.15, 0.18))
_SKIES = ((0.20, 0.36, 0.62), (0.74, 0.30, 0.24), (0.16, 0.46, 0.46), (0.86, 0.58, 0.26))


def woodblock(rgb: Array, figure: Array, face: Array, rng: np.random.Generator) -> Array:
    """Float32 (S, S, 3) in [0, 1] as a print; masks (S, S)."""
    side, kind = rgb.shape[0], int(rng.integers(8))
    ink = np.asarray(_INKS[int(rng.integers(len(_INKS)))], np.float32)
    sky = np.asarray(_SKIES[int(rng.integers(len(_SKIES)))], np.float32)
    colour = _blocks(rgb, face)
    # the backdrop fades into a band of one colour at the top, as printers wipe the block
    band = ramp(np.linspace(1.0, 0.0, side, dtype=np.float32), 0.52, 1.0)[:, None, None]
    calm = (1 - figure)[..., None]
    colour = colour + (sky - colour) * (band * np.float32(0.75)) * calm
    colour = colour + (_PAPER - colour) * np.float32(0.22) * calm
    shift = rng.uniform(-1.3, 1.3, 2)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    colour = cv2.warpAffine(colour, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
    grain = _grain(side, kind) * (1 - np.float32(0.55) * face)
    out = _PAPER * colour ** np.float32(0.94) * (1 + grain[..., None])
    lines = _key_block(rgb, figure, face)
    out = out + (ink - out) * lines[..., None]
    return _framed(np.clip(out, 0, 1), ink, side)


def _blocks(rgb: Array, face: Array) -> Array:
    """Flat areas: local colour at five levels of tone, at twelve on the face, or it is lost."""
    lit = np.clip((rgb - 0.02) / 0.90, 0, 1) ** np.float32(0.90)
    near = np.clip(face * np.float32(1.15), 0, 1)
    flat, fine = saturate(washes(lit, 4), 1.25), saturate(washes(lit, 1), 1.05)
    flat = flat + (fine - flat) * near[..., None]
    tone = np.clip(luma(flat), 0.03, 1)
    coarse, close = _levels(tone, 5.0), _levels(tone, 12.0)
    level = np.float32(0.04) + np.float32(0.96) * (coarse + (close - coarse) * near)
    return np.asarray(np.clip(flat * (level / tone)[..., None], 0, 1), np.float32)


def _levels(tone: Array, count: float) -> Array:
    """Tone in steps whose edges are a little soft."""
    scaled = tone * np.float32(count)
    low = np.floor(scaled)
    return np.asarray((low + ramp(scaled - low, 0.38, 0.62)) / np.float32(count), np.float32)


def _key_block(rgb: Array, figure: Array, face: Array) -> Array:
    """The dark lines (S, S): contours of the figure and of what is drawn within it."""
    grey = luma(rgb)
    local = grey / np.maximum(blur(grey, 12), 0.10)  # lines on deep skin as on fair
    thin = ramp(edges(local, 1.0, 8.0), 0.28, 0.70)
    bold = ramp(edges(local, 2.1, 7.0), 0.28, 0.62)
    inner = bold + (thin * np.float32(0.85) - bold) * face
    wide = np.ones((5, 5), np.uint8)
    rim = cv2.dilate(figure, wide) - cv2.erode(figure, np.ones((3, 3), np.uint8))
    scenery = np.float32(0.30) + np.float32(0.7) * figure
    lines = np.maximum(inner * scenery, ramp(rim, 0.3, 0.7))
    return np.asarray(blur(lines, 0.5) * np.float32(0.96), np.float32)


def _grain(side: int, kind: int) -> Array:
    """The wood's grain (side, side): long waves across, about +-0.05."""
    axis = np.arange(side, dtype=np.float32)
    wave = axis[:, None] + 9 * noise(side, 4, kind + 30) + 3 * noise(side, 9, kind + 31)
    rings = np.sin(wave * np.float32(2 * np.pi / 5.2)) * np.float32(0.026)
    return np.asarray(rings + np.float32(0.03) * noise(side, 150, 12), np.float32)


def _framed(out: Array, ink: Array, side: int) -> Array:
    """A margin of paper and a thin frame."""
    axis = np.minimum(np.arange(side), np.arange(side)[::-1]).astype(np.float32)
    depth = np.minimum(axis[:, None], axis[None, :])[..., None]
    out = np.where(depth < 6.5, ink, out)
    return np.asarray(np.where(depth < 5.0, _PAPER, out), np.float32)
