"""Curly hair and afros: overlapping discs, a dark arc low and a light arc high on each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.paint.canvas import ORDER, Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.strands import discs, ribbons
from mini.world.people import Person

Array = npt.NDArray[np.float64]


def curl_layers(p: Person, geo: Geometry, rng: np.random.Generator, hat: bool) -> list[Layer]:
    """Back and front layers of a curly head; length sets how far it grows all round."""
    hair = np.asarray(p.hair_rgb)
    grow = 4.0 + 3.4 * (p.hair_length + 1) * 0.8 + 1.2 * p.hair_volume
    if hat:
        grow = min(grow, 5.0)
    r = 2.5 + 0.7 * p.hair_volume
    back = Layer(geo.frame, "back curls", material="curls", label=3, order=ORDER["back_hair"])
    front = Layer(geo.frame, "curls", material="curls", label=3, order=ORDER["front_hair"])
    front.shadow = 0.5
    s = geo.shape
    low = 4.0 + 9.0 * max(p.hair_length, 0)
    ring = _ball(s.skull + grow, s.top - grow, low)
    back.fill(geo.place(ring, -7.0), hair * 0.55, smooth=True)
    _discs(back, geo, ring * 0.985, -7.0, r, hair * 0.7, rng)
    line = _hairline(geo)
    cap = np.vstack([_ball(s.skull + grow * 0.9, s.top - grow * 0.95, 2.0)[:-1], line[::-1]])
    front.fill(np.vstack([geo.place(cap[: -len(line)], -3.0), geo.face(line[::-1])]), hair * 0.85)
    edge = np.vstack([geo.face(line), geo.place(_ball(s.skull + grow, s.top - grow, 2.0), -3.0)])
    inner = _inside(geo, grow, rng, r)
    centres = np.vstack([inner, edge + rng.normal(0, 0.4, edge.shape)])
    centres = centres[np.argsort(-centres[:, 1] * 0)]
    _curls(front, centres, r, hair, rng)
    return [back, front]


def _ball(half: float, top: float, low: float) -> Array:
    t = np.linspace(-1, 1, 27) * np.pi / 2
    x, y = half * np.sin(t), top * np.cos(t) ** 0.95
    return np.vstack([[(-half * 0.93, low)], np.stack([x, y], 1), [(half * 0.93, low)]])


def _hairline(geo: Geometry) -> Array:
    s = geo.shape
    right = np.array(
        [
            (0, s.hairline),
            (s.skull * 0.42, s.hairline + 0.8),
            (s.skull * 0.70, s.hairline + 4.5),
            (s.skull * 0.82, s.hairline * 0.5),
            (s.skull * 0.88, -3),
            (s.cheek - 3.0, 3.5),
        ]
    )
    return np.vstack([right[:0:-1] * (-1, 1), right])


def _inside(geo: Geometry, grow: float, rng: np.random.Generator, r: float) -> Array:
    """Jittered grid of disc centres between hairline and silhouette, unit frame."""
    s = geo.shape
    step = r * 1.25
    xs, ys = np.meshgrid(
        np.arange(-s.skull - grow, s.skull + grow + 1, step), np.arange(s.top - grow, 4.0, step)
    )
    g = np.stack([xs.ravel(), ys.ravel()], 1) + rng.normal(0, 0.28 * step, (xs.size, 2))
    line = _hairline(geo)
    over = g[:, 1] < np.interp(g[:, 0], line[:, 0], line[:, 1]) - 0.3 * r
    half, top = s.skull + grow - r * 0.6, s.top - grow + r * 0.6
    disc = (g[:, 0] / half) ** 2 + (np.minimum(g[:, 1], 0) / top) ** 2 < 1
    side = (np.abs(g[:, 0]) > s.cheek - 2.0) & (g[:, 1] >= -3)
    return geo.place(g[(over | side) & disc], -2.0)


def _discs(
    layer: Layer,
    geo: Geometry,
    ring: Array,
    depth: float,
    r: float,
    hair: Array,
    rng: np.random.Generator,
) -> None:
    at = geo.place(np.vstack([ring, (ring[1:] + ring[:-1]) / 2]), depth)
    radii = r * rng.uniform(0.8, 1.25, len(at))
    layer.many(discs(at, radii), hair, 1.0, clip=False)


def _curls(layer: Layer, at: Array, r: float, hair: Array, rng: np.random.Generator) -> None:
    """Paint all curls: discs for the silhouette, then arcs in random order."""
    radii = r * rng.uniform(0.75, 1.2, len(at))
    layer.many(discs(at, radii), hair * 0.85, 1.0, clip=False)
    turn = rng.uniform(-0.5, 0.5, len(at))
    low = np.linspace(0.1, np.pi - 0.1, 7)
    angle = low[None] + turn[:, None]  # (K, 7)
    arc = np.stack([np.cos(angle), np.sin(angle)], -1) * (radii[:, None, None] * 0.85)
    dark = ribbons(at[:, None] + arc, radii * 0.36)
    light = ribbons(at[:, None] - arc * 0.62, radii * 0.28)
    layer.many(dark, hair * 0.38, 0.75)
    top = np.minimum(hair * 1.6 + np.array([0.07, 0.055, 0.05]), 1.0)
    layer.many(light, top, 0.48)
