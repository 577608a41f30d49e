"""A small brush for backdrops: antialiased shapes in blurred depth bands, numpy and cv2 only.

Everything is given in frame units (the picture is 128 units wide, x right, y down); the canvas
reaches MARGIN units past the frame on every side, so that a band may be blurred and the finished
picture shifted without its edge fading.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

MARGIN = 8.0  # units painted beyond each side of the 128-unit frame
SCALE = 2.0  # canvas pixels per unit
SIDE = int((128 + 2 * MARGIN) * SCALE)  # canvas pixels per side, 288

Array = np.ndarray
Colour = tuple[float, float, float]  # 0..255 each
Points = Sequence[tuple[float, float]] | Array
_SHIFT = 4  # fractional bits that cv2 uses for sub-pixel positions


def vary(colour: Colour, rng: np.random.Generator, amount: float = 12.0) -> Colour:
    """The colour moved a little: one common brightness step and one small step a channel."""
    step = rng.normal(0, amount) + rng.normal(0, amount * 0.4, 3)
    red, green, blue = np.clip(np.asarray(colour) + step, 0, 255)
    return float(red), float(green), float(blue)


def blend(a: Colour, b: Colour, t: float) -> Colour:
    """`a` at t = 0, `b` at t = 1."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def cloud_noise(rng: np.random.Generator, side: int, cells: int, octaves: int = 4) -> Array:
    """Smooth noise. Returns float32 (side, side), mean near 0, range about [-1, 1]."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        count = min(cells << octave, side)
        grid = rng.uniform(-1, 1, (count + 2, count + 2)).astype(np.float32)
        fine = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
        total += fine * (0.62**octave)
    return total / np.float32(1.5)


class Painter:
    """A float32 RGB canvas of SIDE x SIDE pixels in [0, 1], painted band after band.

    Shapes go to the open band; `flush(blur)` softens the band as a whole and lays it down.
    """

    def __init__(self) -> None:
        self.canvas = np.zeros((SIDE, SIDE, 3), np.float32)
        self._layer = np.zeros((SIDE, SIDE, 3), np.float32)  # premultiplied
        self._alpha = np.zeros((SIDE, SIDE, 1), np.float32)
        self._touched = False
        axis = (np.arange(SIDE, dtype=np.float32) + 0.5) / np.float32(SCALE) - np.float32(MARGIN)
        self.x, self.y = axis[None, :], axis[:, None]  # units of every pixel column and row

    def gradient(self, *stops: tuple[float, Colour]) -> None:
        """Fill the canvas with a vertical gradient through (y, colour) stops."""
        ys = [stop[0] for stop in stops]
        axis = self.y[:, 0]
        for channel in range(3):
            values = np.interp(axis, ys, [stop[1][channel] / 255 for stop in stops])
            self.canvas[..., channel] = values.astype(np.float32)[:, None]

    def mottle(self, rng: np.random.Generator, amount: float, cells: int = 4) -> None:
        """Multiply the canvas by smooth noise of the given strength."""
        noise = cloud_noise(rng, SIDE, cells)
        self.canvas *= 1 + np.float32(amount) * noise[..., None]

    def glow(self, cx: float, cy: float, radius: float, colour: Colour, power: float) -> None:
        """Add a soft disc of light to the canvas (1 / e at `radius`)."""
        far = ((self.x - cx) ** 2 + (self.y - cy) ** 2) / np.float32(radius**2)
        light = np.asarray(colour, np.float32) / 255 * np.float32(power)
        self.canvas += np.exp(-far)[..., None] * light

    def haze(self, y0: float, y1: float, colour: Colour, power: float) -> None:
        """Mix a horizontal band of mist into the canvas, strongest halfway from y0 to y1."""
        t = np.clip((self.y - y0) / (y1 - y0), 0, 1)
        amount = (np.sin(np.pi * t) * np.float32(power))[..., None]
        self.canvas += (np.asarray(colour, np.float32) / 255 - self.canvas) * amount

    def poly(
        self, points: Points, colour: Colour, low: Colour | None = None, alpha: float = 1.0
    ) -> None:
        """Fill a polygon; with `low`, a gradient from `colour` (its top) to `low` (its foot)."""
        corners = np.add(points, MARGIN, dtype=np.float32) * np.float32(SCALE)
        x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
        x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 3, SIDE)
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        local = np.round((corners - np.asarray([x0, y0], np.float32)) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [local], 255, cv2.LINE_AA, _SHIFT)
        self._lay(mask, (x0, y0, x1, y1), colour, low, alpha, corners[:, 1])

    def _lay(
        self,
        mask: Array,
        box: tuple[int, int, int, int],
        colour: Colour,
        low: Colour | None,
        alpha: float,
        ys: Array,
    ) -> None:
        x0, y0, x1, y1 = box
        cover = mask.astype(np.float32)[..., None] * np.float32(alpha / 255)
        tint = np.asarray(colour, np.float32) / 255
        if low is not None:
            top, foot = float(ys.min()), float(ys.max())
            t = np.clip((np.arange(y0, y1) - top) / max(foot - top, 1), 0, 1)
            end = np.asarray(low, np.float32) / 255
            tint = (tint + (end - tint) * t[:, None]).astype(np.float32)[:, None, :]
        layer, cover_all = self._layer[y0:y1, x0:x1], self._alpha[y0:y1, x0:x1]
        layer += (tint - layer) * cover
        cover_all += (1 - cover_all) * cover
        self._touched = True

    def ellipse(
        self,
        cx: float,
        cy: float,
        rx: float,
        ry: float,
        colour: Colour,
        low: Colour | None = None,
        alpha: float = 1.0,
        angle: float = 0.0,
    ) -> None:
        """Fill an ellipse turned by `angle` degrees."""
        t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        turn = np.deg2rad(angle)
        x, y = rx * np.cos(t), ry * np.sin(t)
        xs = cx + x * np.cos(turn) - y * np.sin(turn)
        ys = cy + x * np.sin(turn) + y * np.cos(turn)
        self.poly(np.stack([xs, ys], 1), colour, low, alpha)

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        colour: Colour,
        low: Colour | None = None,
        alpha: float = 1.0,
    ) -> None:
        """Fill an upright rectangle."""
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, low, alpha)

    def line(
        self, points: Points, width: float, colour: Colour, alpha: float = 1.0, end: float = -1.0
    ) -> None:
        """A stroke `width` units wide, tapering to `end` units where that is given."""
        path = np.asarray(points, np.float32)
        along = np.gradient(path, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        normal = np.stack([-along[:, 1], along[:, 0]], 1)
        half = np.linspace(width, width if end < 0 else end, len(path))[:, None] / 2
        self.poly(np.concatenate([path + normal * half, (path - normal * half)[::-1]]), colour,
                  None, alpha)  # fmt: skip

    def ring(
        self, cx: float, cy: float, r: float, width: float, colour: Colour, alpha: float
    ) -> None:
        """A circle's outline."""
        t = np.linspace(0, 2 * np.pi, 28)
        self.line(np.stack([cx + r * np.cos(t), cy + r * np.sin(t)], 1), width, colour, alpha)

    def flush(self, blur: float = 0.0) -> None:
        """Soften the open band by `blur` units (sigma) and lay it on the canvas."""
        if not self._touched:
            return
        layer, alpha = self._layer, self._alpha
        if blur > 0:
            layer = cv2.GaussianBlur(layer, (0, 0), blur * SCALE)
            alpha = cv2.GaussianBlur(alpha, (0, 0), blur * SCALE)[..., None]
        self.canvas *= 1 - alpha
        self.canvas += layer
        self._layer[:] = 0
        self._alpha[:] = 0
        self._touched = False


def ridge(
    rng: np.random.Generator, y: float, height: float, steps: int = 14, smooth: bool = False
) -> Array:
    """A skyline polygon from edge to edge, closed far below. Returns float32 (n, 2) in units."""
    knots = y - height * rng.uniform(0, 1, steps)
    xs = np.linspace(-12, 140, steps)
    if smooth:
        fine = np.linspace(-12, 140, 80)
        soft = cv2.resize(knots.astype(np.float32)[None], (80, 1), interpolation=cv2.INTER_CUBIC)[0]
        xs, knots = fine, soft
    line = np.stack([xs, knots], 1)
    return np.concatenate([line, [[140, 150], [-12, 150]]]).astype(np.float32)


def sides(rng: np.random.Generator, spread: float = 34.0) -> float:
    """A position across the frame that keeps clear of the person in the middle."""
    offset = float(rng.uniform(0, spread))
    return offset if rng.random() < 0.5 else 128 - offset


class Mood(NamedTuple):
    """How a scene lights the person in it; colours are linear factors near 0..1 per channel."""

    side: float  # -1 the key comes from the left, +1 from the right
    key: tuple[float, float, float]
    ambient: tuple[float, float, float]
    bounce: tuple[float, float, float]  # light thrown up by the ground
    rim: tuple[float, float, float]
    height: float = 0.55  # of the key's direction, 0 = level with the face, 1 = overhead


def either(rng: np.random.Generator) -> float:
    """-1 or +1."""
    return -1.0 if rng.random() < 0.5 else 1.0
