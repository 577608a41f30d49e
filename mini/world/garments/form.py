"""What the tailors share: the body's outline, colours, folds, collars and small trimmings.

Points are in the unit frame, mostly given for the wearer's one side as (distance from the middle,
y) and mirrored. `Cloth` is a layer whose points get the chest's slight turn by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mini.world.context import Context
from mini.world.paint.canvas import ORDER, Frame, Layer, Points, ellipse_points, smooth_curve
from mini.world.paint.geometry import Geometry

Array = npt.NDArray[np.float64]
Rgb = tuple[float, float, float]
Rng = np.random.Generator

MIDDLE = 64.0  # x of the body's axis
GOLD: Rgb = (0.87, 0.66, 0.20)
PALE_GOLD: Rgb = (0.99, 0.88, 0.52)
INK: Rgb = (0.10, 0.09, 0.11)
#: A unit circle.
DISC = ellipse_points((0.0, 0.0), 1.0, 1.0, count=14)


@dataclass(frozen=True)
class BodyFrame(Frame):
    """A frame whose points first turn slightly with the chest."""

    geo: Geometry | None = None

    def to_px(self, points: Points) -> Array:
        """Unit points (N, 2) -> pixels, through `Geometry.body`."""
        return Frame.to_px(self, points if self.geo is None else self.geo.body(points))


class Cloth(Layer):
    """A layer of clothes in unit-frame coordinates."""

    def __init__(self, geo: Geometry, name: str, **facts: Any) -> None:
        """facts: keywords of `Layer` (material, order, thickness, shadow, slot)."""
        f = geo.frame
        facts.setdefault("order", ORDER["garment"])
        super().__init__(BodyFrame(f.size, f.zoom, f.offset, f.pivot, geo), name, label=1, **facts)


def tone(colour: Rgb, k: float) -> Rgb:
    """Darker (k < 1) or lighter (k > 1, towards white) colour."""
    if k <= 1:
        return colour[0] * k, colour[1] * k, colour[2] * k
    return mix(colour, (1.0, 1.0, 1.0), min(k - 1, 1.0))


def mix(a: Rgb, b: Rgb, t: float) -> Rgb:
    """a at t = 0, b at t = 1."""
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


def pick(rng: Rng, colours: Sequence[Rgb], jitter: float = 0.025) -> Rgb:
    """One of the colours, moved a little."""
    c = np.asarray(colours[int(rng.integers(len(colours)))])
    r, g, b = np.clip(c * rng.uniform(0.9, 1.08) + rng.normal(0, jitter, 3), 0.03, 0.97)
    return float(r), float(g), float(b)


def outfit(context: Context, colours: Sequence[Rgb], jitter: float = 0.02) -> Rgb:
    """The picture's colour for this outfit: garment and headgear that ask alike get alike."""
    return pick(np.random.default_rng([16, context.seed]), colours, jitter)


def sym(half: Sequence[tuple[float, float]], dx: float = 0.0) -> Array:
    """Closed outline from (distance from the axis, y) pairs of one side, top to bottom."""
    h = np.asarray(half, np.float64)
    other = h[::-1] * (-1, 1)
    if h[0, 0] == 0:
        other = other[:-1]
    return np.vstack([h, other]) + (MIDDLE + dx, 0.0)


def side(points: Sequence[tuple[float, float]], sign: int) -> Array:
    """(distance from the axis, y) pairs put on the picture's right (+1) or left (-1)."""
    return np.asarray(points, np.float64) * (sign, 1) + (MIDDLE, 0.0)


def arc(
    cx: float, cy: float, rx: float, ry: float, start: float, end: float, count: int = 20
) -> Array:
    """Points on an ellipse from `start` to `end` degrees; 0 is right, 90 is down."""
    t = np.radians(np.linspace(start, end, count))
    return np.stack([cx + rx * np.cos(t), cy + ry * np.sin(t)], 1)


def band(
    cy: float, rx: float, ry: float, width: float, drop: float = 0.0, cx: float = MIDDLE
) -> Array:
    """Front half of a collar ring: between two lower half-ellipses `width` apart."""
    inner = arc(cx, cy, rx, ry, -10, 190)
    outer = arc(cx, cy + drop, rx + width, ry + width, 178, 2)
    return np.vstack([inner, outer])


def torso(geo: Geometry, gap: float = 0.6, wide: float = 0.0, dip: float = 5.6) -> Array:
    """Outline of chest and arms below a round neckline; gap widens it, dip deepens it."""
    n, s = geo.neck_half + gap, geo.shoulder_half + wide
    return smooth_curve(
        sym(
            [
                (0, 100.6 + dip), (n * 0.62, 100.4 + dip * 0.8), (n, 100.2), (n + 5, 103.0),
                (s * 0.70, 107.0), (s - 3, 111.2), (s + 1.6, 117), (s + 4.5, 126), (s + 8, 150),
            ]
        )
    )  # fmt: skip


def back_collar(geo: Geometry, colour: Rgb, wide: float = 3.0, high: float = 4.0) -> Cloth:
    """The inside of a collar that shows behind the neck."""
    back = Cloth(geo, "back collar", order=25.0, slot="behind", shadow=0.2)
    n = geo.neck_half
    back.fill(sym([(0, 100.5 - high), (n, 101 - high), (n + wide, 102), (n + wide, 108), (0, 110)]),
              tone(colour, 0.62), smooth=True)  # fmt: skip
    return back


def taper(paths: npt.ArrayLike, widths: Sequence[float], steps: int = 9) -> list[Array]:
    """Outlines of many strokes in one go, for `Layer.many`.

    paths (K, 3, 2): each a parabola through its three points; widths spread along every stroke.
    """
    p = np.asarray(paths, np.float64)
    t = np.linspace(0.0, 1.0, steps)[None, :, None]  # (1, T, 1)
    a, b, c = (p[:, i, None, :] for i in range(3))
    line = a * (1 - t) * (1 - 2 * t) + b * 4 * t * (1 - t) + c * t * (2 * t - 1)  # (K, T, 2)
    d = line[:, 1:] - line[:, :-1]
    d = np.concatenate([d, d[:, -1:]], 1)
    d /= np.sqrt((d * d).sum(2, keepdims=True)) + 1e-9
    w = np.interp(t[0, :, 0], np.linspace(0, 1, len(widths)), widths) / 2
    n = np.stack([-d[..., 1], d[..., 0]], 2) * w[None, :, None]
    return list(np.concatenate([line + n, (line - n)[:, ::-1]], 1))


def creases(cloth: Cloth, geo: Geometry, colour: Rgb, rng: Rng, amount: float = 1.0) -> None:
    """Armhole seams, folds that fan out from the armpits, and their relief."""
    s = geo.shoulder_half
    dark, light = tone(colour, 0.62), tone(colour, 1.16)
    seam = [(s * 0.74, 107.5), (s * 0.66, 115.5), (s * 0.70, 132)]
    sides = np.array([[-1.0, 1.0], [1.0, 1.0]])[:, None, :]  # (2, 1, 2)
    seams = np.asarray(seam) * sides + (MIDDLE, 0.0)  # (2, 3, 2)
    y, end = rng.uniform(115, 124, 6), rng.uniform(0.30, 0.52, 6) * s
    x = np.stack([np.full(6, s * 0.66), (s * 0.66 + end) / 2, end], 1)
    ys = np.stack([y + 4, y + 1.5, y + rng.uniform(-1, 2, 6)], 1)
    folds = np.stack([x, ys], 2)  # (6, 3, 2), from the armpit to the chest
    folds[:3, :, 0] *= -1
    x, y = s * rng.uniform(0.82, 0.98, 4), rng.uniform(115, 125, 4)
    sleeve = np.stack([np.stack([x - 5, x, x + 5], 1), np.stack([y - 2, y, y + 3.5], 1)], 2)
    sleeve[:2, :, 0] *= -1
    folds[..., 0] += MIDDLE
    sleeve[..., 0] += MIDDLE
    cloth.many(taper(seams, (2.6, 2.6)), dark, 0.20 * amount, soft=0.9)
    cloth.many(taper(seams, (0.5, 0.5)), dark, 0.6 * amount)
    cloth.many(taper(folds, (1.6, 0.5)) + taper(sleeve, (0.4, 1.4, 0.4)), dark, 0.33 * amount,
               soft=0.4)  # fmt: skip
    cloth.many(taper(folds + (0, 1.2), (1.2, 0.3)), light, 0.30 * amount, soft=0.35)
    for sign in (-1, 1):
        cloth.bump(MIDDLE + sign * s * 0.84, 116, 4.5, 8, 2.2 * amount, 20.0 * sign)
        cloth.bump(MIDDLE + sign * s * 0.42, 118, 7.0, 7, 1.6 * amount)


def buttons(cloth: Cloth, at: Sequence[tuple[float, float]], radius: float, colour: Rgb) -> None:
    """Round buttons with a shadow, a rim and a light."""
    r = radius
    discs = (
        (1.25, 0.2, 0.5, INK, 0.4), (1.0, 0.0, 0.0, tone(colour, 0.62), 1.0),
        (0.78, -0.1, -0.15, colour, 1.0), (0.28, -r * 0.3, -r * 0.35, tone(colour, 1.6), 1.0),
    )  # fmt: skip
    for k, dx, dy, tint, opacity in discs:
        disc = DISC * (r * k) + (dx, dy)
        cloth.many([disc + p for p in at], tint, opacity)


def gems(cloth: Layer, at: npt.ArrayLike, radius: float, colour: Rgb, opacity: float = 1.0) -> None:
    """Plain discs of one colour on what is there."""
    cloth.many([DISC * radius + p for p in np.asarray(at, np.float64)], colour, opacity)


def star(x: float, y: float, r: float, points: int = 5, turn: float = 0.0) -> Array:
    """Outline of a star."""
    t = np.arange(2 * points) * np.pi / points + turn - np.pi / 2
    radius = np.where(np.arange(2 * points) % 2 == 0, r, r * 0.42)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], 1)


def lines(paths: Any, width: float | Sequence[float]) -> list[Array]:
    """Outlines of many lines of one length (K, P, 2), for `Layer.many`."""
    p = np.asarray(paths, np.float64)
    d = np.gradient(p, axis=1)
    n = np.stack([-d[..., 1], d[..., 0]], 2) / (np.sqrt((d * d).sum(2, keepdims=True)) + 1e-9)
    w = np.atleast_1d(np.asarray(width, np.float64))
    w = np.interp(np.linspace(0, 1, p.shape[1]), np.linspace(0, 1, len(w)), w) / 2
    n *= w[None, :, None]
    return list(np.concatenate([p + n, (p - n)[:, ::-1]], 1))


def collar_leaf(geo: Geometry, sign: int, reach: float = 9.0, drop: float = 9.0) -> Array:
    """One leaf of a shirt collar, from beside the neck to its point near the throat."""
    n = geo.neck_half
    return side(
        [(n * 0.96, 97.6), (n + 1.9, 100.2), (n * 0.62 + reach * 0.5, 101 + drop * 0.95),
         (1.0, 105.9), (n * 0.55, 103.4)],
        sign,
    )  # fmt: skip


def lapel(geo: Geometry, sign: int, low: float = 142.0) -> Array:
    """One notched lapel of a jacket."""
    n = geo.neck_half
    return side(
        [(n * 0.98, 98.8), (n + 4.2, 100.4), (n + 9.5, 108.5), (n + 5.6, 110.6), (n + 8.4, 112.2),
         (n * 0.9, low - 14), (2.0, low), (0.0, low), (n * 0.42, 116), (n * 0.86, 105)],
        sign,
    )  # fmt: skip


def shirt_front(geo: Geometry, low: float = 146.0) -> Array:
    """The V of a shirt between the lapels."""
    n = geo.neck_half
    return sym([(0, 104.6), (n * 0.7, 103), (n + 0.8, 99.5), (n + 2.5, 104), (n * 0.8, 118),
                (0, low)])  # fmt: skip
