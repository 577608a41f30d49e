"""The knight's helmet and the crown."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import GOLD, PALE_GOLD, Rgb, Rng, lines, pick, tone
from mini.world.headgear.form import (
    AXIS,
    behind_layer,
    hat_layer,
    hat_line,
    mirror,
    over_hair,
    ring,
    strip,
)
from mini.world.paint.canvas import Layer, smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

STEEL: Rgb = (0.60, 0.62, 0.67)


def knight(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """An open helmet: bowl, cheek plates, raised slotted visor, plume."""
    s, line = geo.shape, hat_line(geo, context)
    colour = pick(rng, ((0.82, 0.10, 0.12), (0.14, 0.30, 0.72), (0.93, 0.72, 0.14),
                        (0.95, 0.95, 0.95)))  # fmt: skip
    w, top, low = s.skull + 6.5, s.top - 7.5, s.chin * 0.92
    outer = smooth_curve(mirror([(0, top), (w * 0.55, top + 2.4), (w * 0.93, top + 15), (w, -2),
                                 (w * 0.98, low * 0.5),
                                 (w * 0.86, low), (w * 0.55, low + 7.5)]))  # fmt: skip
    back = behind_layer(geo, "helmet back", "matte")
    back.fill(geo.place(outer, -3), tone(STEEL, 0.66))
    back.fill(geo.place(outer * (0.90, 0.93), -1), (0.19, 0.19, 0.23), soft=0.6, clip=True)
    helm = hat_layer(geo, "helmet", "metal", thickness=1.4, shadow=0.5)
    helm.fill(geo.place(outer, 0), STEEL)
    wide = max(s.cheek, s.skull) - 0.6
    hole = smooth_curve(mirror([(0, line - 2.6), (wide * 0.7, line - 1.6), (wide * 0.97, line + 6),
                                (wide, 2),
                                (wide * 0.98, low * 0.55), (wide * 0.80, low + 1),
                                (wide * 0.5, low + 10)]))  # fmt: skip
    face_hole = geo.place(hole, 8)
    helm.stroke(np.vstack([face_hole, face_hole[:1]]), 3.4, GOLD, clip=True, smooth=False)
    helm.stroke(np.vstack([face_hole, face_hole[:1]]), 2.0, tone(STEEL, 0.72), clip=True,
                smooth=False)  # fmt: skip
    helm.erase(face_hole)
    helm.stroke(geo.place([(0, top), (0, top + 12)], [2, 8]), 1.4, tone(STEEL, 1.3), clip=True,
                smooth=False)  # fmt: skip
    visor = hat_layer(geo, "visor", "metal", order=90.3, thickness=1.2)
    half = [(0, line - 17), (w * 0.5, line - 15), (w * 0.92, line - 5.5), (w * 1.06, line + 6),
            (w * 0.93, line + 6.5), (w * 0.72, line - 1.6), (0, line - 4.4)]  # fmt: skip
    vis = smooth_curve(mirror(half))
    visor.fill(geo.place(vis, 6), tone(STEEL, 1.05))
    slots = [geo.place([(x, line - 13.4 + abs(x) * 0.13), (x * 1.05, line - 7 + abs(x) * 0.16)], 8)
             for x in np.linspace(-13.5, 13.5, 9)]  # fmt: skip
    visor.many(lines(slots, 1.3), (0.10, 0.10, 0.12))
    for sign in (-1, 1):
        hinge = geo.place([(sign * w * 0.98, line + 3.5)], 4)[0]
        visor.ellipse(hinge, 2.2, 2.4, GOLD).ellipse(hinge - (0.3, 0.4), 1.1, 1.1, PALE_GOLD)
    return [_plume(geo, colour, top, rng), back, helm, visor]


def _plume(geo: Geometry, colour: Rgb, top: float, rng: Rng) -> Layer:
    """A feather from the helmet's top, curling to one side."""
    feather = behind_layer(geo, "plume", thickness=1.5)
    lean = 1.0 if rng.random() < 0.5 else -1.0
    spine = smooth_curve(np.array([(0, top + 3), (2, top - 4), (8, top - 8), (16, top - 7),
                                   (22, top - 1), (24, top + 6)])
                         * (lean, 1), closed=False)  # fmt: skip
    feather.stroke(geo.place(spine, -3), [4, 8, 9.5, 8.5, 6, 1], colour, smooth=False)
    roots = spine[2:-1:2]
    for d, tint in ((np.array([lean * 2.4, -4.2]), tone(colour, 0.62)),
                    (np.array([lean * 2.4, 3.6]), tone(colour, 1.25))):  # fmt: skip
        barbs = np.stack([geo.place(roots, -3), geo.place(roots + d, -3)], 1)
        feather.many(lines(barbs, [0.9, 0.2]), tint, 0.8, clip=False)
    feather.stroke(geo.place(spine, -3), [0.9, 0.3], tone(colour, 0.5), 0.8, smooth=False)
    return feather


def crown(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A golden crown with pearled points and jewels, set on the hair."""
    line = hat_line(geo, context)
    y = line - 8.5
    r = over_hair(geo, person, y, 1.6)
    gold = GOLD if rng.random() < 0.85 else (0.62, 0.64, 0.68)
    teeth, tall = 9, 10.5
    far = behind_layer(geo, "crown back", "metal")
    near = hat_layer(geo, "crown", "metal", thickness=1.1)
    pearls = []
    for layer, seen in ((far, -1), (near, 1)):
        for i in range(teeth):
            a = 90 + 360 * i / teeth
            if seen * np.sin(np.radians(a) - geo.yaw) < -0.2:
                continue
            high = tall * (1.18 if i % 2 == 0 else 0.86)
            base = ring(geo, y - 5, r, 1.8, a - 21, a + 21, seen=False, count=5)
            tip = _at(geo, y - 5 - high, r * 1.09, a)
            mid = [_at(geo, y - 6.5 - 0.2 * high, r * 1.01, a + d) for d in (19, -19)]
            layer.fill(np.vstack([base, [mid[0]], [tip], [mid[1]]])[[0, 1, 2, 3, 4, 5, 6, 7]],
                       tone(gold, 0.7 if seen < 0 else 1))  # fmt: skip
            pearls.append((layer, tip))
    low, high_arc = ring(geo, y, r, 1.8, -4, 184), ring(geo, y - 6.4, r, 1.8, -4, 184)
    near.fill(strip(low, high_arc), gold)
    near.stroke(low - (0, 0.8), 1.0, PALE_GOLD, clip=True)
    near.stroke(high_arc + (0, 0.7), 0.7, tone(gold, 0.62), 0.8, clip=True)
    stones = ((0.12, 0.30, 0.85), (0.85, 0.08, 0.14), (0.08, 0.58, 0.32))
    for i, a in enumerate(range(18, 180, 24)):
        x = ring(geo, y - 3.2, r + 0.2, 1.8, a, a, seen=False, count=1)[0]
        squeeze = max(abs(np.sin(np.radians(a) - geo.yaw)), 0.3)
        near.ellipse(x, 1.9 * squeeze, 1.9, tone(gold, 0.55), clip=True)
        near.ellipse(x, 1.4 * squeeze, 1.45, stones[i % 3], clip=True)
        near.ellipse(x - (0.4 * squeeze, 0.5), 0.45 * squeeze, 0.4, (1, 1, 1), 0.9, clip=True)
    for layer, tip in pearls:
        layer.ellipse(tip, 1.35, 1.35, (0.96, 0.94, 0.90))
    return [far, near]


def _at(geo: Geometry, y: float, r: float, angle: float) -> np.ndarray:
    """One point of a ring, its angle fixed to the head; (2,)."""
    t = np.radians(angle)
    point = geo.turn([(r * np.cos(t), y + 1.8 * np.sin(t))], r * np.sin(t) + AXIS)[0]
    return np.asarray(point)
