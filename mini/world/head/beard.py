"""Beards: a blurred tinted underlay so that the edge is not cut out, then strands."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.head.features import Features, head_outline
from mini.world.paint.canvas import ORDER, Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.strands import comb, spread
from mini.world.people import Person

Array = npt.NDArray[np.float64]


def beard_colour(p: Person) -> Array:
    """Beard hair: the hair's colour, a little darker and warmer."""
    hair = np.asarray(p.hair_rgb)
    return np.asarray(hair * np.array([0.90, 0.82, 0.78]))


def stubble(head: Layer, p: Person, geo: Geometry, f: Features) -> None:
    """Tint of the beard area on the skin itself (all beards but a bare moustache)."""
    if p.beard in ("none", "moustache"):
        return
    hair = beard_colour(p) * 0.7
    strong = {"stubble": 0.34, "goatee": 0.16, "short": 0.45, "full": 0.5}[p.beard]
    head.fill(_jaw_area(geo, f, 1.0), hair, strong, soft=1.7, clip=True)
    head.fill(geo.face(_lip_area(f), 1.5), hair, strong * 0.8, soft=0.9, clip=True)
    if p.beard == "stubble":
        rng = np.random.default_rng([9, p.seed])
        area = _jaw_area(geo, f, 1.0)
        at = rng.uniform(area.min(0), area.max(0), (900, 2))
        keep = _inside(area, at)
        dots = at[keep][:, None] + np.array([(0, 0), (0.26, 0.05), (0.1, 0.45)])[None]
        head.many(dots, hair * 0.75, 0.32)


def beard_layers(p: Person, geo: Geometry, f: Features) -> list[Layer]:
    """The beard's own layer, if there is more than stubble."""
    if p.beard in ("none", "stubble"):
        return []
    rng = np.random.default_rng([10, p.seed])
    hair = beard_colour(p)
    layer = Layer(
        geo.frame,
        "beard",
        material="hair",
        label=3,
        order=ORDER["beard"],
        shadow=0.4,
        thickness=0.5 if p.beard != "full" else 0.8,
    )
    if p.beard in ("short", "full"):
        _jaw_beard(layer, p, geo, f, hair, rng)
    if p.beard == "goatee":
        _chin_beard(layer, geo, f, hair, rng)
    _moustache(layer, p, geo, f, hair, rng)
    layer.erase(geo.face(f.mouth.ring("top", "bottom"), 1.5), soft=0.35)
    return [layer]


def _jaw_line(geo: Geometry, f: Features) -> tuple[Array, Array]:
    """Outline (N, 2) from the right ear over the chin to the left one, with depths."""
    points, depth = head_outline(geo, f.jaw_drop)
    return points[7:-6], depth[7:-6]


def _inner_edge(geo: Geometry, f: Features) -> Array:
    """Upper edge of a beard, right to left, head coordinates: sideburn, cheek, mouth corner."""
    s, m = geo.shape, f.mouth
    right = np.array(
        [
            (s.cheek - 3.4, 4.0),
            (s.cheek - 5.0, 13.0),
            (s.jaw - 4.0, m.y - 2.5),
            (m.half + 2.6, m.y - 1.0),
            (m.half + 0.8, f.nose_y + 4.5),
            (0.0, f.nose_y + 3.2),
        ]
    )
    return np.vstack([right, right[-2::-1] * (-1, 1)])


def _jaw_area(geo: Geometry, f: Features, grow: float) -> Array:
    points, depth = _jaw_line(geo, f)
    outer = geo.place(
        spread(points * (1.0, grow), 25),
        np.interp(np.linspace(0, 1, 25), np.linspace(0, 1, len(depth)), depth),
    )
    return np.vstack([outer, geo.face(spread(_inner_edge(geo, f), 25))[::-1]])


def _lip_area(f: Features) -> Array:
    m = f.mouth
    u = np.linspace(-1.12, 1.12, 9)
    low = m.line(np.clip(u, -1, 1), "top") * 1.0
    low[:, 0] = u * m.half
    high = np.stack([u * m.half * 0.8, f.nose_y + 2.0 + 2.4 * np.abs(u) ** 1.5], 1)
    return np.vstack([low, high[::-1]])


def _jaw_beard(
    layer: Layer, p: Person, geo: Geometry, f: Features, hair: Array, rng: np.random.Generator
) -> None:
    full = p.beard == "full"
    points, depth = _jaw_line(geo, f)
    outer = spread(points, 25)
    push = np.interp(
        outer[:, 1] / geo.shape.chin, [0.2, 0.6, 1.0], [0.6, 1.4, 8.5 if full else 2.0]
    )
    away = outer / np.linalg.norm(outer, axis=1, keepdims=True)
    outer = outer + away * push[:, None] + rng.normal(0, 0.22, outer.shape)
    d = np.interp(np.linspace(0, 1, 25), np.linspace(0, 1, len(depth)), depth)
    rim, inner = geo.place(outer, d), geo.face(spread(_inner_edge(geo, f), 25))
    layer.fill(np.vstack([rim, inner[::-1]]), hair, 0.96, to=hair * 0.85, soft=0.45)
    _edge_strands(layer, inner, rim, hair, rng, 190)


def _chin_beard(
    layer: Layer, geo: Geometry, f: Features, hair: Array, rng: np.random.Generator
) -> None:
    m, chin = f.mouth, geo.shape.chin + f.jaw_drop
    low = m.line(np.array([0.0]), "bottom")[0, 1]
    w = geo.shape.chin_half * 0.75 + 2.4
    right = np.array(
        [
            (1.5, low + 1.0),
            (w * 0.6, low + 3.2),
            (m.half + 1.6, m.y - 0.5),
            (m.half + 2.6, m.y + 3.5),
            (w, chin - 4.0),
            (w * 0.7, chin + 1.8),
        ]
    )
    ring = np.vstack([right, [(0, chin + 3.2)], right[::-1] * (-1, 1)])
    layer.fill(geo.face(ring, 1.0), hair, 0.93, smooth=True, soft=0.4)
    x = rng.uniform(-1, 1, 70)
    u = np.linspace(0, 1, 5)[None, :]
    top = np.interp(np.abs(x), [0, 0.7, 1], [low + 1.5, low + 3.0, m.y + 2.0])[:, None]
    lines = np.stack([x[:, None] * w * (1.15 - 0.4 * u), top + (chin + 2.5 - top) * u], 2)
    comb(layer, geo.face(lines.reshape(-1, 2), 1.0).reshape(lines.shape), hair, rng)


def _moustache(
    layer: Layer, p: Person, geo: Geometry, f: Features, hair: Array, rng: np.random.Generator
) -> None:
    m = f.mouth
    thick = 3.7 if p.beard == "moustache" else 2.5
    for side in (-1, 1):
        u = np.linspace(0.0, 1.18, 8)
        base = m.line(np.clip(u, 0, 1) * side, "top")
        base[:, 0] = side * u * m.half
        base[:, 1] += np.where(u > 1, 0.8, 0.0) + 0.7
        high = base - np.stack(
            [0 * u, thick * np.interp(u, [0, 0.25, 0.8, 1.18], [0.9, 1.15, 0.8, 0.1])], 1
        )
        a, b = geo.face(high, 2.0), geo.face(base, 2.0)
        layer.fill(np.vstack([a, b[::-1]]), hair, 0.95, soft=0.25)
        k = rng.uniform(0, 1, 34)
        start = rng.integers(0, 4, 34)
        lines = np.stack([(a * (1 - q) + b * q)[i : i + 5] for q, i in zip(k, start, strict=True)])
        comb(layer, lines, hair, rng)


def _edge_strands(
    layer: Layer, inner: Array, rim: Array, hair: Array, rng: np.random.Generator, count: int
) -> None:
    """Strands from the beard's upper edge outwards and down, a few past the rim."""
    t = rng.uniform(0.02, 0.98, count) * (len(rim) - 1)
    grid = np.arange(len(rim))
    a = np.stack([np.interp(t, grid, inner[:, c]) for c in (0, 1)], 1)
    b = np.stack([np.interp(t, grid, rim[:, c]) for c in (0, 1)], 1)
    begin, end = rng.uniform(-0.05, 0.6, count)[:, None], rng.uniform(0.35, 0.5, count)[:, None]
    u = np.linspace(0, 1, 5)[None, :, None]
    p0 = a + (b - a) * begin
    p1 = a + (b - a) * np.minimum(begin + end, 1.06) + (0, 0.6)
    comb(layer, p0[:, None] * (1 - u) + p1[:, None] * u, hair, rng, clip=False)


def _inside(area: Array, at: Array) -> Array:
    """Which points (K, 2) lie inside the polygon (N, 2): bool (K,)."""
    x, y = at[:, :1], at[:, 1:]
    a, b = area, np.roll(area, -1, 0)
    cross = (a[:, 1] > y) != (b[:, 1] > y)
    slope = (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1] + 1e-9)
    hits = cross & (x < a[:, 0] + slope * (y - a[:, 1]))
    return np.asarray(hits.sum(1) % 2 == 1)
