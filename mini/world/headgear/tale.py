"""Costume headgear: tricorn, pointed hat, cowboy hat, bowler."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import (
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
from mini.world.garments.tale import WIZARD
from mini.world.headgear.form import (
    Array,
    band_half,
    dome,
    hat_layer,
    hat_line,
    mirror,
    patch,
    ring,
    room_above,
    strip,
)
from mini.world.paint.canvas import Layer, Points, ellipse_points, smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.people import Person


def pirate(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A black tricorn with gold braid and a skull, over a knotted headscarf."""
    line = hat_line(geo, context)
    scarf = pick(rng, ((0.78, 0.10, 0.12), (0.78, 0.10, 0.12), (0.14, 0.34, 0.62),
                       (0.20, 0.50, 0.30)))  # fmt: skip
    r = band_half(geo, line, 1.8)
    under = hat_layer(geo, "headscarf")
    low, high = ring(geo, line - 1.2, r, 1.4, -4, 184), ring(geo, line - 10, r + 0.4, 1.4, -4, 184)
    under.fill(strip(low, high), scarf)
    under.stroke(low - (0, 1.5), 0.6, tone(scarf, 1.4), 0.8, clip=True)
    k = geo.scale_head
    black: Rgb = (0.10, 0.095, 0.11)
    hat = hat_layer(geo, "tricorn", order=90.2, thickness=1.5, shadow=0.65)
    hat.fill(geo.place(smooth_curve(mirror([(0, line - 33.5), (13 * k, line - 32),
                                            (22 * k, line - 24), (24 * k, line - 9)])), -4),
             tone(black, 0.8))  # fmt: skip
    brim = np.array([(0, line - 31), (12, line - 29.5), (25, line - 21.5), (34, line - 14.5),
                     (41.5, line - 12.5), (38, line - 8.2), (28, line - 5.6), (14, line - 4.0),
                     (0, line - 3.4)])  # fmt: skip
    brim[:, 0] *= k
    full = np.vstack([brim, (brim[::-1] * (-1, 1))[1:-1]])
    hat.fill(geo.place(smooth_curve(full), 9), black, to=tone(black, 1.10))
    edge = np.vstack([(brim[:5] * (-1, 1))[::-1], brim[1:5]])
    hat.stroke(geo.place(edge, 9) + (0, 1.0), 2.0, tone(GOLD, 0.8), clip=True)
    hat.stroke(geo.place(edge, 9) + (0, 0.8), 0.9, PALE_GOLD, clip=True)
    for sign in (-1, 1):
        bow = np.array([(8, line - 8), (20, line - 12), (31, line - 12)])
        fold = geo.place(bow * (sign * k, 1), 9)
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
    bone.fill(patch(geo, [(-2.6, y + 2.5), (2.6, y + 2.5), (2.2, y + 6.0), (-2.2, y + 6.0)], z),
              pale)  # fmt: skip
    for x in (-1.8, 1.8):
        bone.fill(patch(geo, ellipse_points((x, y + 0.6), 1.3, 1.4), z), INK)
    bone.fill(patch(geo, [(0, y + 1.9), (0.7, y + 3.2), (-0.7, y + 3.2)], z), INK)
    bone.many([patch(geo, [(x - 0.16, y + 4.2), (x + 0.16, y + 4.2), (x + 0.16, y + 6),
                           (x - 0.16, y + 6)], z)
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
    brim.fill(edge + np.stack([np.zeros(40), 0.9 * np.sin(np.linspace(0, 4 * np.pi, 40) + wave)],
                              1), tone(colour, 0.82))  # fmt: skip
    brim.stroke(ring(geo, line - 6.0, r + 12.5, 4.2, 4, 176, curl=-1.2), 1.2, tone(colour, 1.2),
                0.8, clip=True)  # fmt: skip
    cone = hat_layer(geo, "hat cone", order=90.2, thickness=1.5)
    lean = 1.0 if rng.random() < 0.5 else -1.0
    h = float(np.clip(room_above(geo, line - 8, 2.5), 24.0, 38.0))
    base = ring(geo, line - 7, r, 3.2, -2, 182, count=20)
    right = np.array([(0.80 * r, -8 - 0.34 * h), (0.52 * r, -8 - 0.66 * h),
                      (0.36 * r + 3, -8 - 0.88 * h), (12, -7 - h)])  # fmt: skip
    left = np.array([(4, -8 - 0.99 * h), (-0.14 * r, -8 - 0.80 * h), (-0.52 * r, -8 - 0.46 * h),
                     (-0.86 * r, -8 - 0.14 * h)])  # fmt: skip
    upper = np.vstack([right, left]) * (lean, 1) + (0, line)
    if lean < 0:
        upper = upper[::-1]
    cone.fill(np.vstack([base[::-1], smooth_curve(geo.place(upper, 0), closed=False)]), colour)
    for a, b, d in ((0.62, -0.30, 0.44), (-0.5, 0.3, 0.66)):
        fold = np.array([(a * r, -8 - d * h), ((a + b) * r / 2, -6 - d * h),
                         (b * r, -9 - d * h)]) * (lean, 1) + (0, line)  # fmt: skip
        cone.stroke(geo.place(fold, 4), [1.8, 1.2, 0.2], tone(colour, 0.5), 0.6, soft=0.4,
                    clip=True)  # fmt: skip
        cone.stroke(geo.place(fold - (0, 1.6), 4), [1.2, 1.0, 0.2], tone(colour, 1.2), 0.5,
                    soft=0.4, clip=True)  # fmt: skip
    low, high = ring(geo, line - 6.4, r + 0.2, 3.2, -3, 183), ring(geo, line - 10.6, r * 0.97, 3.2,
                                                                   -3, 183)  # fmt: skip
    cone.fill(strip(low, high), tone(GOLD, 0.9), clip=True)
    cone.stroke(low * 0.35 + high * 0.65, 0.8, PALE_GOLD, clip=True)
    for x, d, size in ((-10, 0.22, 2.4), (7, 0.27, 2.9), (-3, 0.46, 2.2), (3.4, 0.68, 1.9),
                       (14, 0.15, 1.6), (-16, 0.14, 1.4)):  # fmt: skip
        cone.fill(patch(geo, star(x * lean, line - 8 - d * h, size), r * 0.8), PALE_GOLD, clip=True)
    return [brim, cone]


def cowboy(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A felt hat: brim curled up at the sides, pinched crown, band with a buckle."""
    line = hat_line(geo, context)
    colour = pick(rng, ((0.45, 0.26, 0.12), (0.45, 0.26, 0.12), (0.30, 0.18, 0.10),
                        (0.72, 0.58, 0.38)), 0.015)  # fmt: skip
    r, k = band_half(geo, line, 2.0), geo.scale_head
    brim = hat_layer(geo, "hat brim", thickness=1.1, shadow=0.65)
    edge = ring(geo, line - 4.6, r + 17 * k, 3.8, curl=7.0, depth=0.8, count=48)
    brim.fill(smooth_curve(edge[:-1:3]), tone(colour, 0.78))
    brim.stroke(np.vstack([edge, edge[:1]]), 2.0, tone(colour, 0.86), smooth=False)
    under = ring(geo, line - 4.6, r + 17 * k, 3.8, 0, 180, curl=7.0, depth=0.8)
    brim.stroke(under - (0, 0.9), [0.8, 1.6, 0.8], tone(colour, 1.2), 0.9, clip=True)
    body = hat_layer(geo, "hat crown", order=90.2, thickness=1.5)
    top = geo.shape.top - 11.5
    shape = [(0, top + 2.6), (r * 0.20, top + 1.0), (r * 0.52, top - 1.4), (r * 0.78, top + 3.2),
             (r * 0.92, line - 15), (r * 1.0, line - 6)]  # fmt: skip
    body.fill(geo.place(dome(shape), 0), colour)
    body.fill(strip(ring(geo, line - 4.4, r, 2.4, -3, 183), ring(geo, line - 12, r * 0.95, 2.4, -3,
                                                                 183)), colour)  # fmt: skip
    for sign in (-1, 1):
        dent = geo.place(np.array([(r * 0.34, top + 1.2), (r * 0.30, top + 7),
                                   (r * 0.16, top + 13)]) * (sign, 1), 6)  # fmt: skip
        body.stroke(dent, [0.5, 3.0, 0.3], tone(colour, 0.55), 0.55, soft=0.8, clip=True)
    crease = geo.place([(0, top + 3), (0, top + 10)], 6)
    body.stroke(crease, [3.4, 0.4], tone(colour, 0.5), 0.5, soft=0.8, clip=True)
    low, high = ring(geo, line - 4.6, r + 0.3, 2.4, -4, 184), ring(geo, line - 8.8, r * 0.985 + 0.3,
                                                                   2.4, -4, 184)  # fmt: skip
    body.fill(strip(low, high), tone(colour, 0.38), clip=True)
    body.stroke(high + (0, 0.4), 0.4, tone(colour, 0.8), clip=True)
    at = ring(geo, line - 6.7, r + 0.6, 2.4, 90, 90, seen=False, count=1)[0]
    body.ellipse(at, 2.5, 1.9, GOLD, clip=True).ellipse(at - (0.3, 0.3), 1.4, 1.0, PALE_GOLD,
                                                        clip=True)  # fmt: skip
    return [brim, body]


def clown(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A tiny bowler perched askew on the hair, with a flower."""
    lean = 1.0 if rng.random() < 0.5 else -1.0
    colour = pick(rng, ((0.14, 0.50, 0.34), (0.60, 0.16, 0.50), (0.10, 0.34, 0.70),
                        (0.12, 0.12, 0.14)))  # fmt: skip
    petal = pick(rng, ((0.97, 0.55, 0.14), (0.93, 0.22, 0.40), (0.98, 0.94, 0.90)))
    c, s = np.cos(0.24 * lean), np.sin(0.24 * lean)
    centre = np.array([7.0 * lean, geo.shape.top + 1.5])

    def at(points: Points) -> Array:
        p = np.asarray(points, np.float64)
        turned = np.stack([p[:, 0] * c - p[:, 1] * s, p[:, 0] * s + p[:, 1] * c], 1)
        return geo.place(turned + centre, 5)

    hat = hat_layer(geo, "bowler", thickness=1.5, shadow=0.6)
    hat.fill(at(ellipse_points((0, 0), 18, 4.4)), tone(colour, 0.8))
    hat.stroke(at([(-17, 0.6), (-9, 3.2), (0, 4.0), (9, 3.2), (17, 0.6)]), 0.9, tone(colour, 1.25),
               clip=True)  # fmt: skip
    hat.fill(at(smooth_curve([(-11.5, 1), (-11.8, -7), (-8, -14), (0, -16.4), (8, -14), (11.8, -7),
                              (11.5, 1), (0, 2.8)])), colour)  # fmt: skip
    hat.fill(at([(-11.8, -3.6), (-6, -1.9), (0, -1.4), (6, -1.9), (11.8, -3.6), (11.5, 0.8),
                 (6, 2.2), (0, 2.7), (-6, 2.2),
                 (-11.5, 0.8)]), petal, clip=True)  # fmt: skip
    flower = hat_layer(geo, "flower", order=90.4, thickness=1.2)
    fx, fy = 7.5 * lean, -4.5
    flower.stroke(at([(fx, fy + 3), (fx - 0.6, fy - 4), (fx + 1.0 * lean, fy - 9)]), 0.9,
                  (0.18, 0.50, 0.20))  # fmt: skip
    heart = np.array([fx + 1.0 * lean, fy - 10.0])
    petals = DISC[::2] * 2.7 + heart
    flower.many([DISC * 2.0 + p for p in at(petals)], petal, clip=False)
    flower.ellipse(at([heart])[0], 1.8, 1.8, (0.98, 0.82, 0.20))
    return [hat, flower]
