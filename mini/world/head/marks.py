"""Small marks by which the wide world's people are known: dimples, cleft, bags, gap, scar, folds.

All are 0 for people of the narrow world, and then nothing is drawn.
"""

from __future__ import annotations

import numpy as np

from mini.world.paint.canvas import Array, Layer
from mini.world.context import Context
from mini.world.head.features import Eye, Features
from mini.world.paint.geometry import Geometry
from mini.world.people import Person
from mini.world.paint.skin import skin_line

Bump = tuple[float, float, float, float, float]  # x, y, sx, sy, height in head coordinates


def marks(p: Person, geo: Geometry, f: Features, smile: float) -> list[Bump]:
    """Relief of the marks; smile (0 to 1) deepens dimples."""
    out: list[Bump] = []
    m, chin = f.mouth, geo.shape.chin + f.jaw_drop
    for side in (-1, 1):
        if p.dimples > 0:
            deep = p.dimples * (0.9 + 1.5 * smile)
            out.append((side * (m.half + 3.6), m.y - 0.6 - m.lift, 1.1, 2.0, -deep))
        if p.eye_bags > 0:
            eye = f.eyes[(side + 1) // 2]
            x = side * eye.x
            out.append((x, eye.lower + 2.2, 4.2, 1.1, 0.8 * p.eye_bags))
            out.append((x, eye.lower + 4.4, 4.4, 0.9, -1.0 * p.eye_bags))
        if p.weight > 0.2:  # jowls
            out.append((side * (geo.shape.jaw - 3.0), m.y + 6.0, 3.4, 3.4, 1.1 * p.weight))
    if p.chin_cleft > 0:
        out.append((0.0, chin - 4.6, 1.2, 2.4, -1.5 * p.chin_cleft))
    return out


def paint_marks(
    layer: Layer, p: Person, c: Context, geo: Geometry, f: Features, base: Array
) -> None:
    """The marks' colour on the head's layer."""
    dark, m = skin_line(base, 0.9), f.mouth
    if p.dimples > 0:
        smile = min(max(c.mood[0], 0.0), 1.0)
        for side in (-1, 1):
            x, y = m.half + 3.4, m.y - 0.8 - m.lift
            arc = [(side * x, y - 2.0), (side * (x + 0.7), y), (side * (x + 0.1), y + 2.0)]
            layer.stroke(geo.face(arc), (0.2, 0.9, 0.2), dark, p.dimples * (0.3 + 0.5 * smile),
                         soft=0.25, clip=True)  # fmt: skip
    if p.chin_cleft > 0:
        chin = geo.shape.chin + f.jaw_drop
        line = geo.face([(0.0, chin - 6.6), (0.15, chin - 4.4), (0.0, chin - 2.2)])
        layer.stroke(line, (0.2, 1.0, 0.3), dark, 0.30 * p.chin_cleft, soft=0.3, clip=True)
    if p.scar:
        _scar(layer, p, geo, f, base)


def _scar(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    """A pale, pinkish line on the forehead, through a brow, or on the cheek (by its size)."""
    side, kind = np.sign(p.scar), abs(p.scar)
    if kind > 0.8:  # through the brow
        line = [(9.0, geo.shape.brow - 4.5), (11.0, geo.shape.brow + 0.5), (11.6, -4.2)]
    elif kind > 0.55:
        line = [(15.5, 5.0), (14.0, 9.0), (13.4, f.nose_y + 1.5)]
    else:
        line = [
            (3.0, geo.shape.brow - 9.0),
            (7.0, geo.shape.brow - 6.5),
            (10.5, geo.shape.brow - 7),
        ]
    at = geo.face(np.asarray(line) * (side, 1.0))
    light = np.minimum(base * np.array([1.12, 0.98, 0.95]) + 0.07, 1.0)
    layer.stroke(at + (0.5, 0.4), (0.4, 1.8, 0.4), skin_line(base, 0.8), 0.75, soft=0.25, clip=True)
    layer.stroke(at, (0.4, 1.35, 0.4), light, 0.95, soft=0.1, clip=True)


def bags(layer: Layer, p: Person, geo: Geometry, eye: Eye, base: Array) -> None:
    """A violet shade under the eye and the bag's lower edge."""
    u = np.linspace(-0.85, 0.8, 9)
    low = geo.face(eye.point(u, 1) + np.stack([0 * u, 2.6 + 1.4 * (1 - u**2)], 1))
    shade = base * np.array([0.74, 0.58, 0.62], np.float32)
    layer.stroke(low - (0, 1.1), (0.5, 2.4, 0.5), shade, 0.42 * p.eye_bags, soft=0.6, clip=True)
    layer.stroke(low + (0, 0.5), (0.15, 0.75, 0.15), skin_line(base, 0.9), 0.55 * p.eye_bags,
                 soft=0.25, clip=True)  # fmt: skip


def teeth_gap(inside: Layer, p: Person, geo: Geometry, f: Features) -> None:
    """A dark gap between the upper front teeth, where the mouth is open."""
    m = f.mouth
    top = m.line(np.array([0.0]), "upper")[0]
    reach = 0.5 + min(0.34 * m.gap, 2.9)
    w = 0.3 + 0.55 * p.tooth_gap
    gap = [
        (-w, top[1] - 0.8),
        (w, top[1] - 0.8),
        (w * 0.8, top[1] + reach),
        (-w * 0.8, top[1] + reach),
    ]
    inside.fill(geo.face(gap, 1.5), (0.16, 0.05, 0.05), 0.95, soft=0.08, clip=True)


def double_chin(layer: Layer, p: Person, at: Array, half: float, base: Array) -> None:
    """A fold on the neck under the chin at unit point `at` for heavy people."""
    x = np.linspace(-1, 1, 9)
    fold = np.stack([at[0] + x * half * 0.92, at[1] + 5.2 - 3.4 * x**2], 1)
    light = np.minimum(base * 1.04, 1.0)
    layer.stroke(fold - (0, 1.6), (0.5, 3.0, 0.5), light, 0.5 * p.weight, soft=0.8, clip=True)
    layer.stroke(fold, (0.2, 1.3, 0.2), skin_line(base, 0.95), 0.75 * min(p.weight, 1.0), soft=0.5,
                 clip=True)  # fmt: skip
