"""Costume headgear: knight's helmet, tricorn, pointed hat, crown, cowboy hat, bowler."""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.canvas import Layer, ellipse_points, smooth_curve
from pidiff_cli.mini.world.context import Context
from pidiff_cli.mini.world.garments_form import (
    DISC,
    GOLD,
    INK,
    PALE_GOLD,
    Rgb,
    Rng,
    lines,
    outfit,
    pick,
    star,
    tone,
)
from pidiff_cli.mini.world.garments_tale import WIZARD
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.headgear_form import (
    AXIS,
    band_half,
    behind_layer,
    dome,
    hat_layer,
    hat_line,
    hull,
    mirror,
    over_hair,
    patch,
    ring,
    room_above,
    strip,
)
from pidiff_cli.mini.world.people import Person

STEEL: Rgb = (0.60, 0.62, 0.67)


def knight(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """An open helmet: bowl, cheek plates, raised slotted visor, plume."""
    s, line = geo.shape, hat_line(geo, context)
    colour = pick(rng, ((0.82, 0.10, 0.12), (0.14, 0.30, 0.72), (0.93, 0.72, 0.14), (0.95, 0.95, 0.95)))
    w, top, low = s.skull + 6.5, s.top - 7.5, s.chin * 0.92
    outer = smooth_curve(mirror([(0, top), (w * 0.55, top + 2.4), (w * 0.93, top + 15), (w, -2), (w * 0.98, low * 0.5),
                                 (w * 0.86, low), (w * 0.55, low + 7.5)]))  # fmt: skip
    back = behind_layer(geo, "helmet back", "matte")
    back.fill(geo.place(outer, -3), tone(STEEL, 0.66))
    back.fill(geo.place(outer * (0.90, 0.93), -1), (0.19, 0.19, 0.23), soft=0.6, clip=True)
    helm = hat_layer(geo, "helmet", "metal", thickness=1.4, shadow=0.5)
    helm.fill(geo.place(outer, 0), STEEL)
    wide = max(s.cheek, s.skull) - 0.6
    hole = smooth_curve(mirror([(0, line - 2.6), (wide * 0.7, line - 1.6), (wide * 0.97, line + 6), (wide, 2),
                                (wide * 0.98, low * 0.55), (wide * 0.80, low + 1), (wide * 0.5, low + 10)]))  # fmt: skip
    face_hole = geo.place(hole, 8)
    helm.stroke(np.vstack([face_hole, face_hole[:1]]), 3.4, GOLD, clip=True, smooth=False)
    helm.stroke(np.vstack([face_hole, face_hole[:1]]), 2.0, tone(STEEL, 0.72), clip=True, smooth=False)
    helm.erase(face_hole)
    helm.stroke(geo.place([(0, top), (0, top + 12)], [2, 8]), 1.4, tone(STEEL, 1.3), clip=True, smooth=False)
    visor = hat_layer(geo, "visor", "metal", order=90.3, thickness=1.2)
    vis = smooth_curve(mirror([(0, line - 17), (w * 0.5, line - 15), (w * 0.92, line - 5.5), (w * 1.06, line + 6),
                               (w * 0.93, line + 6.5), (w * 0.72, line - 1.6), (0, line - 4.4)]))  # fmt: skip
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
    spine = smooth_curve(np.array([(0, top + 3), (2, top - 4), (8, top - 8), (16, top - 7), (22, top - 1), (24, top + 6)])
                         * (lean, 1), closed=False)  # fmt: skip
    feather.stroke(geo.place(spine, -3), [4, 8, 9.5, 8.5, 6, 1], colour, smooth=False)
    roots = spine[2:-1:2]
    for d, tint in ((np.array([lean * 2.4, -4.2]), tone(colour, 0.62)), (np.array([lean * 2.4, 3.6]), tone(colour, 1.25))):
        barbs = np.stack([geo.place(roots, -3), geo.place(roots + d, -3)], 1)
        feather.many(lines(barbs, [0.9, 0.2]), tint, 0.8, clip=False)
    feather.stroke(geo.place(spine, -3), [0.9, 0.3], tone(colour, 0.5), 0.8, smooth=False)
    return feather


def pirate(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A black tricorn with gold braid and a skull, over a knotted headscarf."""
    line = hat_line(geo, context)
    scarf = pick(rng, ((0.78, 0.10, 0.12), (0.78, 0.10, 0.12), (0.14, 0.34, 0.62), (0.20, 0.50, 0.30)))
    r = band_half(geo, line, 1.8)
    under = hat_layer(geo, "headscarf")
    low, high = ring(geo, line - 1.2, r, 1.4, -4, 184), ring(geo, line - 10, r + 0.4, 1.4, -4, 184)
    under.fill(strip(low, high), scarf)
    under.stroke(low - (0, 1.5), 0.6, tone(scarf, 1.4), 0.8, clip=True)
    k = geo.scale_head
    black: Rgb = (0.10, 0.095, 0.11)
    hat = hat_layer(geo, "tricorn", order=90.2, thickness=1.5, shadow=0.65)
    hat.fill(geo.place(smooth_curve(mirror([(0, line - 33.5), (13 * k, line - 32), (22 * k, line - 24), (24 * k, line - 9)])), -4),
             tone(black, 0.8))  # fmt: skip
    brim = np.array([(0, line - 31), (12, line - 29.5), (25, line - 21.5), (34, line - 14.5), (41.5, line - 12.5),
                     (38, line - 8.2), (28, line - 5.6), (14, line - 4.0), (0, line - 3.4)]) * (k, 1)  # fmt: skip
    full = np.vstack([brim, (brim[::-1] * (-1, 1))[1:-1]])
    hat.fill(geo.place(smooth_curve(full), 9), black, to=tone(black, 1.10))
    edge = np.vstack([(brim[:5] * (-1, 1))[::-1], brim[1:5]])
    hat.stroke(geo.place(edge, 9) + (0, 1.0), 2.0, tone(GOLD, 0.8), clip=True)
    hat.stroke(geo.place(edge, 9) + (0, 0.8), 0.9, PALE_GOLD, clip=True)
    for sign in (-1, 1):
        fold = geo.place(np.array([(8, line - 8), (20, line - 12), (31, line - 12)]) * (sign * k, 1), 9)
        hat.stroke(fold, [0.4, 2.0, 0.4], (0.24, 0.23, 0.27), 0.7, soft=0.5, clip=True)
    return [under, hat, _skull_and_bones(geo, line - 16.0)]


def _skull_and_bones(geo: Geometry, y: float) -> Layer:
    bone = hat_layer(geo, "skull", order=90.4, thickness=0.5, shadow=0.3)
    pale, z = (0.93, 0.90, 0.84), 27.0
    ends = np.array([[(-6.4, y - 1.0), (6.4, y + 6.6)], [(6.4, y - 1.0), (-6.4, y + 6.6)]])
    knobs = [e + (0, d) for e in ends.reshape(-1, 2) for d in (-0.8, 0.8)]
    shapes = lines([patch(geo, e, z) for e in ends], 1.5)
    bone.many(shapes + [DISC * 1.05 + p for p in patch(geo, knobs, z)], pale, clip=False)
    bone.fill(patch(geo, ellipse_points((0, y), 4.5, 4.3), z), pale)
    bone.fill(patch(geo, [(-2.6, y + 2.5), (2.6, y + 2.5), (2.2, y + 6.0), (-2.2, y + 6.0)], z), pale)
    for x in (-1.8, 1.8):
        bone.fill(patch(geo, ellipse_points((x, y + 0.6), 1.3, 1.4), z), INK)
    bone.fill(patch(geo, [(0, y + 1.9), (0.7, y + 3.2), (-0.7, y + 3.2)], z), INK)
    bone.many([patch(geo, [(x - 0.16, y + 4.2), (x + 0.16, y + 4.2), (x + 0.16, y + 6), (x - 0.16, y + 6)], z)
               for x in (-0.9, 0, 0.9)], INK)  # fmt: skip
    return bone


def wizard(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A tall bent cone on a wide brim, a golden band, stars."""
    line = hat_line(geo, context)
    colour = outfit(context, WIZARD)
    r = band_half(geo, line, 1.6)
    brim = hat_layer(geo, "hat brim", thickness=1.0, shadow=0.65)
    wave = float(rng.uniform(-1, 1))
    edge = ring(geo, line - 5.4, r + 13.5, 4.4, depth=0.98, curl=-1.2)
    brim.fill(edge + np.stack([np.zeros(40), 0.9 * np.sin(np.linspace(0, 4 * np.pi, 40) + wave)], 1), tone(colour, 0.82))
    brim.stroke(ring(geo, line - 6.0, r + 12.5, 4.2, 4, 176, curl=-1.2), 1.2, tone(colour, 1.2), 0.8, clip=True)
    cone = hat_layer(geo, "hat cone", order=90.2, thickness=1.5)
    lean = 1.0 if rng.random() < 0.5 else -1.0
    h = float(np.clip(room_above(geo, line - 8, 2.5), 24.0, 38.0))
    base = ring(geo, line - 7, r, 3.2, -2, 182, count=20)
    right = np.array([(0.80 * r, -8 - 0.34 * h), (0.52 * r, -8 - 0.66 * h), (0.36 * r + 3, -8 - 0.88 * h), (12, -7 - h)])
    left = np.array([(4, -8 - 0.99 * h), (-0.14 * r, -8 - 0.80 * h), (-0.52 * r, -8 - 0.46 * h), (-0.86 * r, -8 - 0.14 * h)])
    upper = np.vstack([right, left]) * (lean, 1) + (0, line)
    if lean < 0:
        upper = upper[::-1]
    cone.fill(np.vstack([base[::-1], smooth_curve(geo.place(upper, 0), closed=False)]), colour)
    for a, b, d in ((0.62, -0.30, 0.44), (-0.5, 0.3, 0.66)):
        fold = np.array([(a * r, -8 - d * h), ((a + b) * r / 2, -6 - d * h), (b * r, -9 - d * h)]) * (lean, 1) + (0, line)
        cone.stroke(geo.place(fold, 4), [1.8, 1.2, 0.2], tone(colour, 0.5), 0.6, soft=0.4, clip=True)
        cone.stroke(geo.place(fold - (0, 1.6), 4), [1.2, 1.0, 0.2], tone(colour, 1.2), 0.5, soft=0.4, clip=True)
    low, high = ring(geo, line - 6.4, r + 0.2, 3.2, -3, 183), ring(geo, line - 10.6, r * 0.97, 3.2, -3, 183)
    cone.fill(strip(low, high), tone(GOLD, 0.9), clip=True)
    cone.stroke(low * 0.35 + high * 0.65, 0.8, PALE_GOLD, clip=True)
    for x, d, size in ((-10, 0.22, 2.4), (7, 0.27, 2.9), (-3, 0.46, 2.2), (3.4, 0.68, 1.9), (14, 0.15, 1.6), (-16, 0.14, 1.4)):
        cone.fill(patch(geo, star(x * lean, line - 8 - d * h, size), r * 0.8), PALE_GOLD, clip=True)
    return [brim, cone]


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
            if np.sign(np.sin(np.radians(a) - geo.yaw) + 0.16 * seen) != seen and abs(np.sin(np.radians(a) - geo.yaw)) > 0.2:
                continue
            high = tall * (1.18 if i % 2 == 0 else 0.86)
            base = ring(geo, y - 5, r, 1.8, a - 21, a + 21, seen=False, count=5)
            tip = _at(geo, y - 5 - high, r * 1.09, a)
            mid = [_at(geo, y - 6.5 - 0.2 * high, r * 1.01, a + d) for d in (19, -19)]
            layer.fill(np.vstack([base, [mid[0]], [tip], [mid[1]]])[[0, 1, 2, 3, 4, 5, 6, 7]], tone(gold, 0.7 if seen < 0 else 1))
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


def cowboy(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A felt hat: brim curled up at the sides, pinched crown, band with a buckle."""
    line = hat_line(geo, context)
    colour = pick(rng, ((0.45, 0.26, 0.12), (0.45, 0.26, 0.12), (0.30, 0.18, 0.10), (0.72, 0.58, 0.38)), 0.015)
    r, k = band_half(geo, line, 2.0), geo.scale_head
    brim = hat_layer(geo, "hat brim", thickness=1.1, shadow=0.65)
    edge = ring(geo, line - 4.6, r + 17 * k, 3.8, curl=7.0, depth=0.8, count=48)
    brim.fill(smooth_curve(edge[:-1:3]), tone(colour, 0.78))
    brim.stroke(np.vstack([edge, edge[:1]]), 2.0, tone(colour, 0.86), smooth=False)
    under = ring(geo, line - 4.6, r + 17 * k, 3.8, 0, 180, curl=7.0, depth=0.8)
    brim.stroke(under - (0, 0.9), [0.8, 1.6, 0.8], tone(colour, 1.2), 0.9, clip=True)
    body = hat_layer(geo, "hat crown", order=90.2, thickness=1.5)
    top = geo.shape.top - 11.5
    shape = [(0, top + 2.6), (r * 0.20, top + 1.0), (r * 0.52, top - 1.4), (r * 0.78, top + 3.2), (r * 0.92, line - 15), (r * 1.0, line - 6)]
    body.fill(geo.place(dome(shape), 0), colour)
    body.fill(strip(ring(geo, line - 4.4, r, 2.4, -3, 183), ring(geo, line - 12, r * 0.95, 2.4, -3, 183)), colour)
    for sign in (-1, 1):
        dent = geo.place(np.array([(r * 0.34, top + 1.2), (r * 0.30, top + 7), (r * 0.16, top + 13)]) * (sign, 1), 6)
        body.stroke(dent, [0.5, 3.0, 0.3], tone(colour, 0.55), 0.55, soft=0.8, clip=True)
    crease = geo.place([(0, top + 3), (0, top + 10)], 6)
    body.stroke(crease, [3.4, 0.4], tone(colour, 0.5), 0.5, soft=0.8, clip=True)
    low, high = ring(geo, line - 4.6, r + 0.3, 2.4, -4, 184), ring(geo, line - 8.8, r * 0.985 + 0.3, 2.4, -4, 184)
    body.fill(strip(low, high), tone(colour, 0.38), clip=True)
    body.stroke(high + (0, 0.4), 0.4, tone(colour, 0.8), clip=True)
    at = ring(geo, line - 6.7, r + 0.6, 2.4, 90, 90, seen=False, count=1)[0]
    body.ellipse(at, 2.5, 1.9, GOLD, clip=True).ellipse(at - (0.3, 0.3), 1.4, 1.0, PALE_GOLD, clip=True)
    return [brim, body]


def clown(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A tiny bowler perched askew on the hair, with a flower."""
    lean = 1.0 if rng.random() < 0.5 else -1.0
    colour = pick(rng, ((0.14, 0.50, 0.34), (0.60, 0.16, 0.50), (0.10, 0.34, 0.70), (0.12, 0.12, 0.14)))
    petal = pick(rng, ((0.97, 0.55, 0.14), (0.93, 0.22, 0.40), (0.98, 0.94, 0.90)))
    c, s = np.cos(0.24 * lean), np.sin(0.24 * lean)
    centre = np.array([7.0 * lean, geo.shape.top + 1.5])

    def at(points: np.ndarray | list[tuple[float, float]]) -> np.ndarray:
        p = np.asarray(points, np.float64)
        turned = np.stack([p[:, 0] * c - p[:, 1] * s, p[:, 0] * s + p[:, 1] * c], 1)
        return geo.place(turned + centre, 5)

    hat = hat_layer(geo, "bowler", thickness=1.5, shadow=0.6)
    hat.fill(at(ellipse_points((0, 0), 18, 4.4)), tone(colour, 0.8))
    hat.stroke(at([(-17, 0.6), (-9, 3.2), (0, 4.0), (9, 3.2), (17, 0.6)]), 0.9, tone(colour, 1.25), clip=True)
    hat.fill(at(smooth_curve([(-11.5, 1), (-11.8, -7), (-8, -14), (0, -16.4), (8, -14), (11.8, -7), (11.5, 1), (0, 2.8)])), colour)
    hat.fill(at([(-11.8, -3.6), (-6, -1.9), (0, -1.4), (6, -1.9), (11.8, -3.6), (11.5, 0.8), (6, 2.2), (0, 2.7), (-6, 2.2),
                 (-11.5, 0.8)]), petal, clip=True)  # fmt: skip
    flower = hat_layer(geo, "flower", order=90.4, thickness=1.2)
    fx, fy = 7.5 * lean, -4.5
    flower.stroke(at([(fx, fy + 3), (fx - 0.6, fy - 4), (fx + 1.0 * lean, fy - 9)]), 0.9, (0.18, 0.50, 0.20))
    heart = np.array([fx + 1.0 * lean, fy - 10.0])
    petals = DISC[::2] * 2.7 + heart
    flower.many([DISC * 2.0 + p for p in at(petals)], petal, clip=False)
    flower.ellipse(at([heart])[0], 1.8, 1.8, (0.98, 0.82, 0.20))
    return [hat, flower]
