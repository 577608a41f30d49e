"""Pieces of haircuts: long hair behind and beside the face, tails, buns, grain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.strands import comb, spread
from mini.world.people import Person

Array = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Style:
    """Numbers of one haircut in units: volume over the skull and how far it comes down."""

    volume: float  # beside and above the skull
    top: float  # extra above the crown
    sideburn: float  # y where the hair ends in front of the ears
    temple: float  # how far the hairline recedes at the temples (0..1)
    fringe: float  # y of a fringe's end, or 0 for none
    down: float  # y where side hair ends, or 0 for none


def skull_arc(geo: Geometry, s: Style, low: float, count: int = 25, tuck: bool = False) -> Array:
    """Silhouette over the skull from the left at y = low over the crown to the right."""
    shape = geo.shape
    t = np.linspace(-1, 1, count) * np.pi / 2
    x = (shape.skull + s.volume) * np.sign(t) * np.abs(np.sin(t)) ** 0.86
    y = (shape.top - s.top) * np.cos(t) ** 0.92
    side = np.array(
        [[-(shape.skull + s.volume), low * 0.5], [-(shape.skull + s.volume * 0.6), low]]
    )
    if tuck:  # keep in front of the ear: a sideburn inside the head's outline
        keep = y < -5.5
        x, y = x[keep], y[keep]
        foot = [
            [-(shape.cheek - 1.6), low],
            [-(shape.cheek - 0.5), low * 0.5],
            [-(shape.skull - 0.4), -2.5],
        ]
        side = np.array(foot)[::-1]
    return np.vstack([side[::-1], np.stack([x, y], 1), side * (-1, 1)])


def curtain_back(back: Layer, p: Person, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
    """The mass behind head and neck down to the hair's end."""
    w = geo.shape.skull + s.volume
    wide = w + (2.5 if p.hair_shape == "wavy" else 0.4 + 1.2 * p.hair_volume)
    right = np.array([(w, 4.0), (wide, s.down * 0.45), (wide, s.down * 0.8), (wide - 3.0, s.down)])
    if p.hair_shape == "bob":
        right[-1] = (wide - 4.5, s.down + 1.5)
    x = np.linspace(wide - 6.0, -(wide - 6.0), 11)
    foot = np.stack([x, s.down + 1.0 + rng.uniform(-1.2, 1.6, 11)], 1)
    outline = np.vstack([skull_arc(geo, s, 2.0), right, foot, right[::-1] * (-1, 1)])
    back.fill(geo.place(outline, -6.0), hair * 0.62, to=hair * 0.42)
    x = rng.uniform(-1, 1, 60) * wide
    u = np.linspace(0, 1, 7)[None, :]
    ys = 0 * x[:, None] + s.down * (0.1 + 0.9 * u)
    xs = x[:, None] * (1 + 0.02 * u)
    comb(
        back,
        geo.place(np.stack([xs, ys], 2).reshape(-1, 2), -6.0).reshape(60, 7, 2),
        hair * 0.55,
        rng,
    )


def locks(front: Layer, p: Person, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
    """Hair falling on both sides of the face, over ears and shoulders."""
    shape = geo.shape
    wave = 1.7 + 0.6 * p.hair_volume if p.hair_shape == "wavy" else 0.0
    for side in (-1, 1):
        y = np.linspace(-12, s.down, 17)
        t = np.clip((y + 12) / (s.down + 12), 0, 1)
        phase = rng.uniform(0, 6)
        ripple = wave * np.sin(y * 0.30 + phase) * np.clip(t * 2.5, 0, 1)
        round_ = np.sqrt(np.clip(1 - (np.minimum(y, 0) / (shape.top - s.top)) ** 2, 0, 1))
        out = (shape.skull + s.volume) * round_ + (1.8 if wave else 0.5) * t + ripple
        inn = (
            np.interp(
                y,
                [-12, 0, 14, shape.chin, s.down],
                [
                    shape.skull * 0.84,
                    shape.cheek * 0.93,
                    shape.cheek * 0.95,
                    shape.cheek * 0.80,
                    shape.cheek * 0.86,
                ],
            )
            + ripple * 0.8
        )
        narrow = np.clip((1 - t) * 4, 0.06 if s.down > 25 else 0.5, 1) ** 0.7
        mid = (out + inn) / 2
        out, inn = mid + (out - mid) * narrow, mid - (mid - inn) * narrow
        depth_out, depth_in = np.full(17, -4.0), np.interp(y, [-12, 5, 30], [12.0, 7.0, 3.0])
        outer = geo.place(np.stack([side * out, y], 1), depth_out)
        inner = geo.place(np.stack([side * inn, y], 1), depth_in)
        front.fill(np.vstack([outer, inner[::-1]]), hair * 1.0, to=hair * 0.86)
        count = 60
        k = rng.uniform(0.02, 0.98, count)[:, None, None]
        lines = outer[None] * k + inner[None] * (1 - k)
        begin = rng.integers(0, 7, count)
        lines = np.stack([row[b : b + 11] for row, b in zip(lines, begin, strict=True)])
        comb(front, lines, hair, rng)


def tail(back: Layer, p: Person, geo: Geometry, rng: Rng, hair: Array, hat: bool) -> None:
    """The skull's back and a ponytail or a bun."""
    top = geo.shape.top
    w = geo.shape.skull
    arc = np.array(
        [
            (-w * 0.8, 5),
            (-w, -8),
            (-w * 0.7, top * 0.72),
            (0, top),
            (w * 0.7, top * 0.72),
            (w, -8),
            (w * 0.8, 5),
        ]
    )
    back.fill(geo.place(arc, -7.0), hair * 0.55, smooth=True)
    side = 1.0 if p.parting > 0 else -1.0
    if p.hair_shape == "bun":
        r = 7.0 + 2.2 * p.hair_volume
        at = geo.place([(side * 3.0, top - (r * 0.55 if not hat else -20))], -10.0)[0]
        back.ellipse(at, r * 1.08, r, hair * 0.95, to=hair * 0.7)
        t = np.linspace(0, 5.2, 9)
        turns = [
            np.stack(
                [at[0] + r * q * np.cos(t + 2 * q), at[1] + r * q * 0.92 * np.sin(t + 2 * q)], 1
            )
            for q in rng.uniform(0.2, 1.0, 34)
        ]
        comb(back, np.asarray(turns), hair, rng)
        return
    long = 32.0 + 16.0 * p.hair_length
    w = geo.shape.skull
    spine = np.array(
        [
            (side * w * 0.55, top * 0.72),
            (side * (w + 7), top * 0.62),
            (side * (w + 11), -2.0),
            (side * (w + 9), long * 0.55),
            (side * (w + 5), long),
        ]
    )
    if hat:  # from under the brim, at the neck
        spine[:2] = [(side * w * 0.5, -8.0), (side * (w + 4.0), -9.0)]
    path = spread(spine, 13)
    width = np.interp(np.linspace(0, 1, 13), [0, 0.3, 0.7, 1], [4.5, 10, 10.5, 2.5])
    width *= 1 + 0.25 * p.hair_volume
    normal = np.gradient(path, axis=0)[:, ::-1] * (-1, 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    outer, inner = (geo.place(path + sign * normal * width[:, None] / 2, -12.0) for sign in (1, -1))
    back.fill(np.vstack([outer, inner[::-1]]), hair * 0.95, to=hair * 0.75)
    k = rng.uniform(0.03, 0.97, 56)[:, None, None]
    comb(back, outer[None] * k + inner[None] * (1 - k), hair, rng)


def horseshoe(back: Layer, front: Layer, p: Person, geo: Geometry, rng: Rng, hair: Array) -> None:
    """What is left around a bald head: a fringe above and behind the ears."""
    s = geo.shape
    for side in (-1, 1):
        patch = np.array(
            [
                (s.skull - 3.4, -13),
                (s.skull - 0.6, -13.5),
                (s.skull + 1.3, -8),
                (s.skull + 1.0, -2),
                (s.cheek - 0.6, 5),
                (s.cheek - 2.0, 5.5),
                (s.skull - 3.0, -4),
            ]
        )
        patch = patch * (side, 1.0)
        back.fill(
            geo.place(patch * (1.03, 1.0) + (0, 3.0), -7.0), hair * 0.75, smooth=True, soft=0.3
        )
        front.fill(geo.place(patch, -1.0), hair, smooth=True, soft=0.4)
        y = rng.uniform(-14, 0, 34)
        x = rng.uniform(s.skull - 3.5, s.skull + 0.3, 34) * side
        u = np.linspace(0, 1, 5)[None, :]
        lines = np.stack([x[:, None] + side * 1.0 * u, y[:, None] + 5.0 * u], 2)
        comb(
            front, geo.place(lines.reshape(-1, 2), -1.0).reshape(lines.shape), hair, rng, clip=False
        )


def stipple(front: Layer, outer: Array, inner: Array, rng: Rng, hair: Array) -> None:
    """Very short hair: a soft mass with fine grain."""
    box = np.vstack([outer, inner])
    at = rng.uniform(box.min(0), box.max(0), (520, 2))
    step = rng.normal(0, 0.35, (520, 2))
    dots = at[:, None] + np.stack([0 * step, step + (0.25, 0), step * 0.4 + (0, 0.5)], 1)
    front.many(dots[:300], hair * 0.55, 0.55)
    front.many(dots[300:], np.minimum(hair * 1.5 + 0.05, 1), 0.35)
