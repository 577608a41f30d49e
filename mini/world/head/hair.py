"""Hair: a mass (silhouette arc + hairline on the face's surface) and strands upon it.

`hair_layers` returns the mass behind the head and the one in front. Curly hair is in curls.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.head.hair_parts import (
    Style,
    curtain_back,
    horseshoe,
    locks,
    skull_arc,
    stipple,
    tail,
)
from mini.world.paint.canvas import ORDER, Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.strands import comb, spread
from mini.world.people import Person

Array = npt.NDArray[np.float64]
Rng = np.random.Generator
COVERS_EARS = ("bob", "straight", "wavy")


def style_of(p: Person, geo: Geometry, hat: bool) -> Style:
    """The haircut in units; a hat presses volume flat."""
    length, vol = p.hair_length, p.hair_volume
    chin = geo.shape.chin
    table = {
        "bald": Style(1.0, 0.0, 6.0, 1.0, 0.0, 0.0),
        "buzz": Style(0.7 + 0.3 * vol, 0.5, 4.0, 0.55, 0.0, 0.0),
        "short": Style(2.2 + 0.8 * vol, 2.2 + 1.6 * length, 6.0, 0.5, 0.0, 0.0),
        "sidepart": Style(2.4 + vol, 3.4 + 1.8 * length, 7.0, 0.35, 0.0, 0.0),
        "crop": Style(1.6 + 0.8 * vol, 5.6 + 2.8 * length, 5.0, 0.3, 0.0, 0.0),
        "bob": Style(4.6 + 2.0 * vol, 3.4 + vol, 0.0, 0.1, -9.5, chin * (0.72 + 0.22 * length)),
        "straight": Style(3.2 + 1.4 * vol, 2.6 + vol, 0.0, 0.3, 0.0, chin + 11.0 + 11.0 * length),
        "wavy": Style(5.2 + 2.0 * vol, 3.8 + vol, 0.0, 0.3, 0.0, chin + 8.0 + 10.0 * length),
        "ponytail": Style(1.4 + 0.6 * vol, 1.6, 2.5, 0.35, 0.0, 0.0),
        "bun": Style(1.3 + 0.6 * vol, 1.4, 2.0, 0.3, 0.0, 0.0),
    }
    s = table[p.hair_shape]
    if hat:
        s = Style(min(s.volume, 2.4), min(s.top, 0.8), s.sideburn, s.temple, s.fringe, s.down)
    return s


def hair_layers(p: Person, geo: Geometry, hide_above: float | None) -> list[Layer]:
    """Layers of the scalp's hair, back to front; hide_above: head y of a hat's brim, or None."""
    from mini.world.head.curls import curl_layers

    rng = np.random.default_rng([8, p.seed])
    hat = hide_above is not None
    if p.hair_shape == "curls":
        layers = curl_layers(p, geo, rng, hat)
    else:
        layers = _plain_layers(p, geo, rng, style_of(p, geo, hat), hat)
    if hide_above is not None:
        for layer in layers:
            cut = [(-70, -90), (70, -90), (70, hide_above), (-70, hide_above)]
            layer.erase(geo.place(cut), soft=0.6)
    return layers


def _plain_layers(p: Person, geo: Geometry, rng: Rng, s: Style, hat: bool) -> list[Layer]:
    hair = np.asarray(p.hair_rgb)
    back = Layer(geo.frame, "back hair", material="hair", label=3, order=ORDER["back_hair"])
    front = Layer(geo.frame, "hair", material="hair", label=3, order=ORDER["front_hair"])
    front.shadow = 0.55
    if p.hair_shape == "bald":
        if p.hair_length > -0.35:
            horseshoe(back, front, p, geo, rng, hair)
        return [back, front]
    if s.down:
        curtain_back(back, p, geo, rng, s, hair)
    elif p.hair_shape in ("ponytail", "bun"):
        tail(back, p, geo, rng, hair, hat)
    else:
        outline = geo.place(skull_arc(geo, s, 8.0), -7.0)
        back.fill(outline, hair * 0.55, smooth=False)
    _cap(front, p, geo, rng, s, hair)
    if s.down:
        locks(front, p, geo, rng, s, hair)
    return [back, front]


def hairline(p: Person, geo: Geometry, s: Style) -> Array:
    """Hairline (N, 2) in head coordinates from the left sideburn's foot to the right one's."""
    shape = geo.shape
    h, k = shape.hairline, shape.skull
    inner = shape.cheek - 3.0
    right = np.array(
        [
            (0.0, h),
            (k * 0.30, h - 0.2 + 0.6 * (1 - s.temple)),
            (k * 0.55, h - 1.2 * s.temple + 1.2),
            (k * 0.74, h * (0.80 + 0.12 * s.temple)),
            (k * 0.83, h * 0.52),
            (k * 0.84, h * 0.26),
            (k * 0.90, -1.5),
            (inner, max(s.sideburn, 1.0)),
        ]
    )
    left = right[:0:-1] * (-1, 1)
    line = np.vstack([left, right])
    if p.hair_shape == "sidepart":
        side = 1.0 if p.parting >= 0 else -1.0
        u = line[:, 0] * side / k
        # swept mass: low on the far side of the parting
        line[:, 1] += np.where(
            (u < 0.55) & (u > -0.95), 4.2 * np.clip(0.55 - u, 0, 1) ** 0.8, 0
        ) * (line[:, 1] < -6)
    return line


def _cap(front: Layer, p: Person, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
    """Hair over the skull down to the hairline, with strands from the hairline to the crown."""
    low = s.sideburn if not s.down else 6.0
    arc = skull_arc(geo, s, max(low, 1.0), tuck=not s.down)
    line = hairline(p, geo, s)
    if p.hair_shape == "crop":
        arc[2:-2] += _tufts(arc[2:-2], rng, 1.5 + 0.6 * p.hair_length)
        line[3:-3, 1] += rng.uniform(-0.6, 1.8, len(line) - 6)
    depth = np.interp(arc[:, 1], [-12, 0], [-4.5, 0.0])
    outer, inner = geo.place(arc, depth), geo.face(spread(line, 31))
    front.fill(np.vstack([outer, inner[::-1]]), hair * 0.92, to=hair * 1.02)
    soft = geo.face(spread(line * (0.985, 0.97), 31))
    front.stroke(soft, 1.6, hair * 0.9, 0.45, soft=0.6)
    if p.hair_shape == "buzz":
        stipple(front, outer, inner, rng, hair)
        return
    count = 150
    t = np.sort(rng.uniform(0.02, 0.98, count))
    roots = _along(spread(line, 61), t)
    if p.hair_shape in ("sidepart", "bob", "straight", "wavy"):
        part = _part(p, geo, s)
        ends = _along(skull_arc(geo, s, 6.0), np.clip(t + rng.normal(0, 0.015, count), 0, 1))
        lines = _sweep(part, roots, ends, rng, count)
    else:
        crown = np.array([0.25 * p.parting * geo.shape.skull, (geo.shape.top - s.top) * 0.96])
        ends = _along(skull_arc(geo, s, 4.0), np.clip(0.5 + (t - 0.5) * 0.72, 0, 1))
        ends = ends * 0.75 + crown * 0.25 if p.hair_shape in ("bun", "ponytail") else ends
        lines = _lift(roots, ends, rng, count)
    comb(front, geo.place(lines.reshape(-1, 2), -2.0).reshape(lines.shape), hair, rng)
    if p.hair_shape == "bob":
        _fringe(front, geo, rng, s, hair)


def _part(p: Person, geo: Geometry, s: Style) -> Array:
    x = p.parting * 0.5 * geo.shape.skull
    if p.hair_shape == "sidepart":
        x = np.sign(p.parting or 1.0) * (0.42 + 0.14 * abs(p.parting)) * geo.shape.skull
    y = (geo.shape.top - s.top) * np.sqrt(max(1 - (x / (geo.shape.skull + s.volume)) ** 2, 0.1))
    return np.array([[x, geo.shape.hairline * 1.02], [x * 0.85, y * 0.97]])


def _sweep(part: Array, roots: Array, ends: Array, rng: Rng, count: int) -> Array:
    """Strands (count, 7, 2) from the parting over the head to the hairline's sides."""
    k = rng.uniform(0, 1, count)[:, None]
    start = part[:1] * (1 - k) + part[1:] * k
    mix = rng.uniform(0, 1, count)[:, None]
    end = roots * (1 - mix) + ends * mix
    end = np.where(np.abs(end[:, :1]) < 2, end + np.sign(end[:, :1] + 0.1) * 6, end)
    begin = rng.uniform(0.0, 0.4, count)  # or all strands crowd at the parting
    long = rng.uniform(0.5, 1.0, count)
    u = begin[:, None] + (np.minimum(begin + long, 1.0) - begin)[:, None] * np.linspace(0, 1, 7)
    u = u[..., None]
    mid = (start + end) / 2 + np.stack(
        [0.16 * (end - start)[:, 0], -0.20 * np.abs(end - start)[:, 0]], 1
    )
    return (1 - u) ** 2 * start[:, None] + 2 * u * (1 - u) * mid[:, None] + u**2 * end[:, None]


def _lift(roots: Array, ends: Array, rng: Rng, count: int) -> Array:
    """Strands (count, 7, 2) from the hairline up and back to the silhouette."""
    u = np.linspace(0, 1, 7)[None, :, None]
    begin = rng.uniform(0.0, 0.7, count)[:, None]
    cut = np.minimum(begin + rng.uniform(0.3, 0.7, count)[:, None], 1.0)
    a, b = roots + (ends - roots) * begin, roots + (ends - roots) * cut
    mid = (a + b) / 2 + np.stack([0.10 * a[:, 0], 0 * a[:, 0]], 1)
    return (1 - u) ** 2 * a[:, None] + 2 * u * (1 - u) * mid[:, None] + u**2 * b[:, None]


def _fringe(front: Layer, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
    k, top = geo.shape.skull * 0.86, geo.shape.top * 0.8
    x = np.linspace(-1, 1, 21)
    edge = np.stack([x * k, s.fringe + 3.2 * np.abs(x) ** 3 + rng.uniform(-0.5, 0.5, 21)], 1)
    crown = np.stack([x[::-1] * k * 0.98, np.full(21, top) + 6 * x[::-1] ** 2], 1)
    front.fill(np.vstack([geo.face(edge), geo.place(crown, 4.0)]), hair * 0.98, to=hair * 0.9)
    count = 110
    t = rng.uniform(-1, 1, count)
    a = np.stack([t * k * 0.5, top + rng.uniform(-3, 6, count)], 1)
    b = np.stack([t * k * 0.98, s.fringe + 3.2 * np.abs(t) ** 3 + rng.uniform(-1.5, 0.2, count)], 1)
    u = np.linspace(0, 1, 7)[None, :, None]
    mid = np.stack([t * k * 0.9, (a[:, 1] + b[:, 1]) / 2], 1)
    lines = (1 - u) ** 2 * a[:, None] + 2 * u * (1 - u) * mid[:, None] + u**2 * b[:, None]
    comb(front, geo.face(lines.reshape(-1, 2), 3.0).reshape(lines.shape), hair, rng)


def _tufts(arc: Array, rng: Rng, height: float) -> Array:
    """Jagged outward offsets (N, 2) for a messy top."""
    n = len(arc)
    out = arc / (np.linalg.norm(arc, axis=1, keepdims=True) + 1e-6)
    zig = np.where(np.arange(n) % 2 == 0, 1.0, 0.0) * rng.uniform(0.3, 1.0, n) * height
    return out * (zig * (arc[:, 1] < -14))[:, None]


def _along(line: Array, t: Array) -> Array:
    """Points (K, 2) at fractions t (K,) of a line's points."""
    at = t * (len(line) - 1)
    grid = np.arange(len(line))
    return np.stack([np.interp(at, grid, line[:, 0]), np.interp(at, grid, line[:, 1])], 1)
