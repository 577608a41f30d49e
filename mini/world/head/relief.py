"""The sculpted height of the head: an ellipsoid, a rounded rim and some 45 Gaussians."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.context import Context
from mini.world.head.features import Features
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

Bump = tuple[float, float, float, float, float]  # x, y, sx, sy, height in head coordinates


def ellipsoid(geo: Geometry) -> npt.NDArray[np.float32]:
    """Half-size height (S/2, S/2) in units of the bare head."""
    n = geo.frame.size // 2
    grid = (np.arange(n) + 0.5) * 2
    origin = geo.frame.to_unit([(0.0, 0.0)])[0]
    step = 1 / geo.frame.scale
    c = geo.place([(0.0, 2.0)], 5.0)[0]
    x = (origin[0] + grid * step - c[0]).astype(np.float32)[None, :]
    y = (origin[1] + grid * step - c[1]).astype(np.float32)[:, None]
    s, cos, sin = geo.shape, np.float32(np.cos(geo.roll)), np.float32(np.sin(geo.roll))
    u = (x * cos + y * sin) / np.float32(s.skull + 2.5)
    v = (y * cos - x * sin) / np.float32(40.0 * (s.chin - s.top) / 69.0)
    q = np.maximum(np.float32(1.0) - u * u - v * v, np.float32(0.0))
    return np.asarray(np.float32(19.0) * np.sqrt(q), np.float32)


def sculpt(layer: Layer, person: Person, context: Context, geo: Geometry, f: Features) -> None:
    """Add all Gaussians of the face to the head's layer."""
    bumps: list[Bump] = []
    smile = max(context.mood[0], 0.0)
    for side in (-1, 1):
        bumps += _side(person, geo, f, side, smile)
    bumps += _nose(person, f) + _mouth(person, f, geo)
    if person.age > 0.05:
        bumps += _age(person, geo, f)
    at = geo.face([(b[0], b[1]) for b in bumps])
    shrink = max(np.cos(geo.yaw), 0.6)
    for (x, y), b in zip(at, bumps, strict=True):
        layer.bump(x, y, b[2] * shrink, b[3], b[4], np.degrees(geo.roll))


def _side(p: Person, geo: Geometry, f: Features, side: int, smile: float) -> list[Bump]:
    s, eye = geo.shape, f.eyes[0]
    x = side * eye.x
    cheek = 2.3 + 0.7 * p.cheek
    hollow = 0.5 * max(-p.cheek, 0)
    return [
        (x, s.brow + 0.8, 6.5, 2.6, 1.5 + 0.4 * p.brow_thickness),
        (x - side * 1.5, -2.5, 5.6, 4.2, -2.6),
        (x, 0.3, 4.0, 3.2, 1.8),
        (x + side * 2.5, s.nose - 2.0, 6.0, 5.0, cheek),
        (x + side * 0.5, s.nose - 4.0, 5.0, 3.5, 1.2 * smile),
        (x + side * 1.5, s.nose + 7.0, 5.5, 5.5, -0.9 - hollow),
        (side * s.skull * 0.86, -6.0, 3.5, 6.0, -1.0),
        (side * f.nose_half * 0.95, f.nose_y - 1.6, 1.7, 1.8, 1.5 + 0.3 * p.nose_width),
        (side * (f.nose_half + 2.0), f.nose_y - 0.2, 1.5, 3.2, -0.9),
        (side * s.chin_half * 0.8, s.chin - 5.5, 3.4, 3.0, 0.6 + 0.5 * p.chin_width),
        (side * (f.mouth.half + 1.6), f.mouth.y - f.mouth.lift * 0.7, 1.6, 1.8, -0.8 - 0.6 * smile),
    ]


def _nose(p: Person, f: Features) -> list[Bump]:
    bridge = 1.15 + 0.55 * p.nose_bridge
    out: list[Bump] = []
    for k in range(6):
        t = k / 5
        y = -3.0 + t * (f.nose_y - 2.0)
        width = 1.75 + 1.1 * t + 0.35 * p.nose_width * t + 0.35 * max(-p.nose_bridge, 0)
        hump = 0.5 * p.nose_bridge * np.exp(-(((t - 0.35) / 0.2) ** 2))
        out.append((0.0, y, width, 2.4, bridge * (0.75 + 0.5 * t) + hump))
    out.append((0.0, f.nose_y - 2.8, 2.6 + 0.6 * p.nose_width, 2.3, 2.7 + 0.7 * p.nose_tip))
    return out


def _mouth(p: Person, f: Features, geo: Geometry) -> list[Bump]:
    m = f.mouth
    low = m.y + 0.72 * m.gap
    out: list[Bump] = [
        (-2.6, m.y - m.upper * 0.55 - 0.28 * m.gap, 3.2, 1.1, 0.9 + 0.2 * p.upper_lip),
        (2.6, m.y - m.upper * 0.55 - 0.28 * m.gap, 3.2, 1.1, 0.9 + 0.2 * p.upper_lip),
        (0.0, low + m.lower * 0.55, m.half * 0.5, 1.5, 1.5 + 0.3 * p.lower_lip),
        (0.0, low + m.lower + 1.7, m.half * 0.55, 1.4, -1.5),
        (0.0, geo.shape.chin + f.jaw_drop - 5.0, 4.6, 3.6, 2.3 + 0.4 * p.chin_length),
        (0.0, (f.nose_y + m.y - m.upper) / 2 + 0.4, 0.9, 1.8, -0.6),
        (0.0, m.y, m.half * 0.8, 5.5, 0.9),
        (0.0, geo.shape.brow - 8.0, 9.0, 5.0, 0.9 + 0.4 * p.forehead),
    ]
    return out


def _age(p: Person, geo: Geometry, f: Features) -> list[Bump]:
    k = p.age
    out: list[Bump] = []
    for side in (-1, 1):
        x = side * f.eyes[0].x
        out += [
            (x, f.eyes[0].lower + 2.6, 4.0, 0.9, -0.9 * k),
            (x, f.eyes[0].lower + 4.6, 4.0, 1.4, 0.6 * k),
            (side * (f.nose_half + 3.4), f.nose_y + 2.8, 0.9, 3.2, -1.3 * k),
            (side * (f.mouth.half + 2.2), f.mouth.y + 4.2, 1.2, 3.0, -1.0 * k),
            (side * (geo.shape.jaw - 2.5), f.mouth.y + 5.0, 2.6, 2.6, 0.9 * k),
        ]
    return out
