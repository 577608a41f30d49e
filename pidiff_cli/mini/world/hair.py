"""Hair: a mass (silhouette arc + hairline on the face's surface) and strands upon it.

`hair_layers` returns the mass behind the head and the one in front. Curly hair is in curls.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pidiff_cli.mini.world.canvas import ORDER, Layer
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.people import Person
from pidiff_cli.mini.world.strands import comb, spread

Array = npt.NDArray[np.float64]
Rng = np.random.Generator
COVERS_EARS = ("bob", "straight", "wavy")


@dataclass(frozen=True)
class Style:
    """Numbers of one haircut in units: volume over the skull and how far it comes down."""

    volume: float  # beside and above the skull
    top: float  # extra above the crown
    sideburn: float  # y where the hair ends in front of the ears
    temple: float  # how far the hairline recedes at the temples (0..1)
    fringe: float  # y of a fringe's end, or 0 for none
    down: float  # y where side hair ends, or 0 for none


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
    from pidiff_cli.mini.world.curls import curl_layers

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
            _horseshoe(back, front, geo, rng, hair)
        return [back, front]
    if s.down:
        _curtain_back(back, p, geo, rng, s, hair)
    elif p.hair_shape in ("ponytail", "bun"):
        _tail(back, p, geo, rng, hair, hat)
    else:
        outline = geo.place(_arc(geo, s, 8.0), -7.0)
        back.fill(outline, hair * 0.55, smooth=False)
    _cap(front, p, geo, rng, s, hair)
    if s.down:
        _locks(front, p, geo, rng, s, hair)
    return [back, front]


def _arc(geo: Geometry, s: Style, low: float, count: int = 25, tuck: bool = False) -> Array:
    """Silhouette over the skull from the left at y = low over the crown to the right."""
    shape = geo.shape
    t = np.linspace(-1, 1, count) * np.pi / 2
    x = (shape.skull + s.volume) * np.sign(t) * np.abs(np.sin(t)) ** 0.86
    y = (shape.top - s.top) * np.cos(t) ** 0.92
    side = np.array([[-(shape.skull + s.volume), low * 0.5], [-(shape.skull + s.volume * 0.6), low]])
    if tuck:  # keep in front of the ear: a sideburn inside the head's outline
        keep = y < -5.5
        x, y = x[keep], y[keep]
        foot = [[-(shape.cheek - 1.6), low], [-(shape.cheek - 0.5), low * 0.5], [-(shape.skull - 0.4), -2.5]]
        side = np.array(foot)[::-1]
    return np.vstack([side[::-1], np.stack([x, y], 1), side * (-1, 1)])


def hairline(p: Person, geo: Geometry, s: Style) -> Array:
    """Hairline (N, 2) in head coordinates from the left sideburn's foot to the right one's."""
    shape = geo.shape
    h, k = shape.hairline, shape.skull
    inner = shape.cheek - 3.0
    right = np.array(
        [
            (0.0, h), (k * 0.30, h - 0.2 + 0.6 * (1 - s.temple)), (k * 0.55, h - 1.2 * s.temple + 1.2),
            (k * 0.74, h * (0.80 + 0.12 * s.temple)), (k * 0.83, h * 0.52), (k * 0.84, h * 0.26),
            (k * 0.90, -1.5), (inner, max(s.sideburn, 1.0)),
        ]
    )  # fmt: skip
    left = right[:0:-1] * (-1, 1)
    line = np.vstack([left, right])
    if p.hair_shape == "sidepart":
        side = 1.0 if p.parting >= 0 else -1.0
        u = line[:, 0] * side / k
        # swept mass: low on the far side of the parting
        line[:, 1] += np.where((u < 0.55) & (u > -0.95), 4.2 * np.clip(0.55 - u, 0, 1) ** 0.8, 0) * (
            line[:, 1] < -6
        )
    return line


def _cap(front: Layer, p: Person, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
    """Hair over the skull down to the hairline, with strands from the hairline to the crown."""
    low = s.sideburn if not s.down else 6.0
    arc = _arc(geo, s, max(low, 1.0), tuck=not s.down)
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
        _stipple(front, outer, inner, rng, hair)
        return
    count = 150
    t = np.sort(rng.uniform(0.02, 0.98, count))
    roots = _along(spread(line, 61), t)
    if p.hair_shape in ("sidepart", "bob", "straight", "wavy"):
        part = _part(p, geo, s)
        ends = _along(_arc(geo, s, 6.0), np.clip(t + rng.normal(0, 0.015, count), 0, 1))
        lines = _sweep(part, roots, ends, rng, count)
    else:
        crown = np.array([0.25 * p.parting * geo.shape.skull, (geo.shape.top - s.top) * 0.96])
        ends = _along(_arc(geo, s, 4.0), np.clip(0.5 + (t - 0.5) * 0.72, 0, 1))
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
    u = (begin[:, None] + (np.minimum(begin + long, 1.0) - begin)[:, None] * np.linspace(0, 1, 7))
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


def _curtain_back(back: Layer, p: Person, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
    """The mass behind head and neck down to the hair's end."""
    w = geo.shape.skull + s.volume
    wide = w + (2.5 if p.hair_shape == "wavy" else 0.4 + 1.2 * p.hair_volume)
    right = np.array([(w, 4.0), (wide, s.down * 0.45), (wide, s.down * 0.8), (wide - 3.0, s.down)])
    if p.hair_shape == "bob":
        right[-1] = (wide - 4.5, s.down + 1.5)
    x = np.linspace(wide - 6.0, -(wide - 6.0), 11)
    foot = np.stack([x, s.down + 1.0 + rng.uniform(-1.2, 1.6, 11)], 1)
    outline = np.vstack([_arc(geo, s, 2.0), right, foot, right[::-1] * (-1, 1)])
    back.fill(geo.place(outline, -6.0), hair * 0.62, to=hair * 0.42)
    x = rng.uniform(-1, 1, 60) * wide
    u = np.linspace(0, 1, 7)[None, :]
    ys = 0 * x[:, None] + s.down * (0.1 + 0.9 * u)
    xs = x[:, None] * (1 + 0.02 * u)
    comb(back, geo.place(np.stack([xs, ys], 2).reshape(-1, 2), -6.0).reshape(60, 7, 2), hair * 0.55, rng)


def _locks(front: Layer, p: Person, geo: Geometry, rng: Rng, s: Style, hair: Array) -> None:
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
        inn = np.interp(y, [-12, 0, 14, shape.chin, s.down],
                        [shape.skull * 0.84, shape.cheek * 0.93, shape.cheek * 0.95,
                         shape.cheek * 0.80, shape.cheek * 0.86]) + ripple * 0.8  # fmt: skip
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


def _tail(back: Layer, p: Person, geo: Geometry, rng: Rng, hair: Array, hat: bool) -> None:
    """The skull's back and a ponytail or a bun."""
    top = geo.shape.top
    w = geo.shape.skull
    arc = np.array([(-w * 0.8, 5), (-w, -8), (-w * 0.7, top * 0.72), (0, top), (w * 0.7, top * 0.72),
                    (w, -8), (w * 0.8, 5)])  # fmt: skip
    back.fill(geo.place(arc, -7.0), hair * 0.55, smooth=True)
    side = 1.0 if p.parting > 0 else -1.0
    if p.hair_shape == "bun":
        r = 7.0 + 2.2 * p.hair_volume
        at = geo.place([(side * 3.0, top - (r * 0.55 if not hat else -20))], -10.0)[0]
        back.ellipse(at, r * 1.08, r, hair * 0.95, to=hair * 0.7)
        t = np.linspace(0, 5.2, 9)
        turns = [np.stack([at[0] + r * q * np.cos(t + 2 * q), at[1] + r * q * 0.92 * np.sin(t + 2 * q)], 1)
                 for q in rng.uniform(0.2, 1.0, 34)]  # fmt: skip
        comb(back, np.asarray(turns), hair, rng)
        return
    long = 32.0 + 16.0 * p.hair_length
    w = geo.shape.skull
    spine = np.array([(side * w * 0.55, top * 0.72), (side * (w + 7), top * 0.62), (side * (w + 11), -2.0),
                      (side * (w + 9), long * 0.55), (side * (w + 5), long)])  # fmt: skip
    path = spread(spine, 13)
    width = np.interp(np.linspace(0, 1, 13), [0, 0.3, 0.7, 1], [4.5, 10, 10.5, 2.5])
    width *= 1 + 0.25 * p.hair_volume
    normal = np.gradient(path, axis=0)[:, ::-1] * (-1, 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    outer, inner = (geo.place(path + sign * normal * width[:, None] / 2, -12.0) for sign in (1, -1))
    back.fill(np.vstack([outer, inner[::-1]]), hair * 0.95, to=hair * 0.75)
    k = rng.uniform(0.03, 0.97, 56)[:, None, None]
    comb(back, outer[None] * k + inner[None] * (1 - k), hair, rng)


def _horseshoe(back: Layer, front: Layer, geo: Geometry, rng: Rng, hair: Array) -> None:
    """What is left around a bald head: a fringe above and behind the ears."""
    s = geo.shape
    for side in (-1, 1):
        patch = np.array([(s.skull - 3.4, -13), (s.skull - 0.6, -13.5), (s.skull + 1.3, -8),
                          (s.skull + 1.0, -2), (s.cheek - 0.6, 5), (s.cheek - 2.0, 5.5), (s.skull - 3.0, -4)])  # fmt: skip
        patch = patch * (side, 1.0)
        back.fill(geo.place(patch * (1.03, 1.0) + (0, 3.0), -7.0), hair * 0.75, smooth=True, soft=0.3)
        front.fill(geo.place(patch, -1.0), hair, smooth=True, soft=0.4)
        y = rng.uniform(-14, 0, 34)
        x = rng.uniform(s.skull - 3.5, s.skull + 0.3, 34) * side
        u = np.linspace(0, 1, 5)[None, :]
        lines = np.stack([x[:, None] + side * 1.0 * u, y[:, None] + 5.0 * u], 2)
        comb(front, geo.place(lines.reshape(-1, 2), -1.0).reshape(lines.shape), hair, rng, clip=False)


def _stipple(front: Layer, outer: Array, inner: Array, rng: Rng, hair: Array) -> None:
    """Very short hair: a soft mass with fine grain."""
    box = np.vstack([outer, inner])
    at = rng.uniform(box.min(0), box.max(0), (520, 2))
    step = rng.normal(0, 0.35, (520, 2))
    dots = at[:, None] + np.stack([0 * step, step + (0.25, 0), step * 0.4 + (0, 0.5)], 1)
    front.many(dots[:300], hair * 0.55, 0.55)
    front.many(dots[300:], np.minimum(hair * 1.5 + 0.05, 1), 0.35)


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
