"""Working clothes: chef, doctor, firefighter, police officer, astronaut, diver."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import (
    GOLD,
    INK,
    MIDDLE,
    PALE_GOLD,
    Cloth,
    Rgb,
    Rng,
    arc,
    back_collar,
    band,
    buttons,
    collar_leaf,
    creases,
    gems,
    lapel,
    lines,
    outfit,
    pick,
    side,
    star,
    sym,
    tone,
    torso,
)
from mini.world.paint.canvas import Layer, ellipse_points
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

WHITE: Rgb = (0.95, 0.95, 0.93)
SCRUBS: tuple[Rgb, ...] = (
    (0.10, 0.52, 0.50), (0.10, 0.52, 0.50), (0.16, 0.42, 0.68), (0.42, 0.26, 0.55),
)  # fmt: skip
NAVY: tuple[Rgb, ...] = ((0.12, 0.17, 0.33), (0.10, 0.15, 0.27), (0.15, 0.24, 0.42))
NEON: tuple[Rgb, ...] = (
    (0.97, 0.70, 0.10), (0.97, 0.70, 0.10), (0.95, 0.40, 0.10), (0.20, 0.72, 0.86),
)  # fmt: skip
SILVER: Rgb = (0.74, 0.76, 0.80)


def chef(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Double-breasted white jacket and a knotted neckerchief."""
    scarf = pick(rng, ((0.85, 0.12, 0.12), (0.85, 0.12, 0.12), (0.10, 0.40, 0.66),
                       (0.93, 0.55, 0.10)))  # fmt: skip
    n = geo.neck_half
    cloth = Cloth(geo, "chef jacket")
    cloth.fill(torso(geo, 0.8), WHITE)
    creases(cloth, geo, (0.86, 0.85, 0.83), rng)
    edge = [(58, 105.5), (52.5, 114), (51.5, 124), (51.5, 150)]
    cloth.stroke(edge, 2.4, (0.5, 0.48, 0.5), 0.28, soft=0.8, clip=True)
    cloth.stroke(edge, 0.55, (0.62, 0.60, 0.60), clip=True)
    stud = INK if rng.random() < 0.6 else scarf
    buttons(cloth, [(x, y) for y in (113.2, 119.6, 126) for x in (57.4, 70.6)], 1.15, stud)
    collar = Cloth(geo, "band collar", order=40.2, thickness=0.8)
    for sign in (-1, 1):
        leaf = side([(n * 0.98, 97.4), (n + 2.8, 100.4), (n * 0.72, 107.2), (2.2, 109),
                     (n * 0.6, 104)], sign)  # fmt: skip
        collar.fill(leaf, tone(WHITE, 1.03))
        collar.stroke(leaf[1:4], 0.5, scarf, 0.9, smooth=False, clip=True)
    return [back_collar(geo, WHITE), cloth, collar, _neckerchief(geo, scarf)]


def _neckerchief(geo: Geometry, colour: Rgb) -> Cloth:
    """A rolled scarf round the neck with its knot and two tails."""
    n = geo.neck_half
    scarf = Cloth(geo, "neckerchief", order=40.4)
    scarf.fill(band(99.6, n - 0.4, 3.6, 3.0, 0.5), colour)
    for a in np.radians((28, 52, 128, 152)):
        near, far = a - 0.17, a + 0.14
        path = [(64 + (n + 0.2) * np.cos(near), 99.8 + 4.4 * np.sin(near)),
                (64 + (n + 2) * np.cos(far), 100.6 + 5.8 * np.sin(far))]  # fmt: skip
        scarf.stroke(path, [0.3, 0.8, 0.3], tone(colour, 0.58), 0.7, clip=True, smooth=False)
    for sign, low in ((-1, 114.4), (1, 113.2)):
        tail = side([(0.2, 105.2), (2.0, 105.4), (5.6, low - 2.6), (3.4, low), (0.8, low - 3)],
                    sign)  # fmt: skip
        scarf.fill(tail, tone(colour, 0.92))
        scarf.stroke(side([(0.8, 106), (2.6, low - 2)], sign), [0.3, 0.7], tone(colour, 0.55), 0.7,
                     clip=True)  # fmt: skip
    scarf.ellipse((64, 105.0), 2.7, 2.2, tone(colour, 1.06))
    scarf.stroke([(62.4, 104.4), (64, 105.4), (65.4, 104.2)], 0.4, tone(colour, 0.5), 0.8,
                 clip=True)  # fmt: skip
    return scarf


def doctor(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """White coat over scrubs, a stethoscope round the neck."""
    scrubs = outfit(context, SCRUBS)
    n = geo.neck_half
    cloth = Cloth(geo, "white coat")
    cloth.fill(torso(geo, 0.8, dip=10), WHITE)
    creases(cloth, geo, (0.84, 0.86, 0.88), rng)
    cloth.fill(sym([(0, 111), (n * 0.8, 102.5), (n + 1, 99), (n + 4, 103), (n + 2, 118), (3, 150),
                    (0, 150)]),
               scrubs, clip=True)  # fmt: skip
    for sign in (-1, 1):
        vee = side([(n + 0.6, 99.5), (n * 0.55, 105.4), (0, 111.4)], sign)
        cloth.stroke(vee + (0, 0.6), 1.8, tone(scrubs, 0.78), clip=True)
        cloth.stroke(vee + (0, 1.6), 0.35, tone(scrubs, 0.5), 0.8, clip=True)
    x = MIDDLE + geo.shoulder_half * 0.40
    cloth.stroke([(x, 121.5), (x + 9, 120.6)], 0.6, (0.6, 0.62, 0.66), clip=True)
    cloth.stroke([(x + 3, 123), (x + 3.2, 117.4)], 0.9, scrubs, clip=True)
    coat = Cloth(geo, "coat lapels", order=40.2, thickness=0.7, shadow=0.5)
    for sign in (-1, 1):
        outline = lapel(geo, sign, 136)
        outline = outline[[0, 1, 2, 3, 4, 5, 9]]
        outline[:, 0] += sign * np.array([1.2, 1.2, 1.2, 1.2, 1.2, 3.0, 1.4])
        coat.fill(outline, tone(WHITE, 1.05))
        coat.stroke(outline[1:6], 0.45, (0.60, 0.62, 0.66), 0.9, smooth=False, clip=True)
    return [back_collar(geo, WHITE, 4.0), cloth, coat, _stethoscope(geo)]


def _stethoscope(geo: Geometry) -> Layer:
    n = geo.neck_half
    tube = Cloth(geo, "stethoscope", order=40.4, material="metal", thickness=0.7)
    dark = (0.13, 0.14, 0.17)
    tube.stroke([(64 - n - 0.6, 98), (64 - n - 2.8, 106), (64 - n - 1.5, 114), (60, 121)], 1.7,
                dark)  # fmt: skip
    tube.stroke([(64 + n + 0.6, 98), (64 + n + 2.8, 106), (64 + n + 1.5, 114), (64 + n - 1, 118.5)],
                1.7, dark)  # fmt: skip
    for r, c in ((3.3, SILVER), (2.3, (0.90, 0.91, 0.94)), (1.1, (0.50, 0.53, 0.58))):
        tube.ellipse((64 + n - 1.2, 120.6), r, r, c)
    tube.stroke([(60, 121), (57, 125), (61, 129)], 1.4, SILVER)
    return tube


def firefighter(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Heavy turnout jacket with reflective stripes, raised collar and a zip."""
    colour = pick(rng, ((0.22, 0.22, 0.24), (0.30, 0.27, 0.20), (0.16, 0.20, 0.30),
                        (0.55, 0.44, 0.27)), 0.012)  # fmt: skip
    n, s = geo.neck_half, geo.shoulder_half
    coat = Cloth(geo, "turnout coat", thickness=1.25)
    coat.fill(torso(geo, 1.5, 2.0), colour)
    creases(coat, geo, colour, rng, 1.1)
    lime, silver = (0.93, 0.86, 0.20), (0.86, 0.88, 0.90)
    for y, k in ((113.6, 1.0), (126.0, 1.06)):
        path = arc(MIDDLE, y - 2.5, s * k + 7, 7.5, 168, 12, 26)
        coat.stroke(path + (0, 2.6), 1.4, INK, 0.4, soft=0.5, clip=True)
        coat.stroke(path, 4.3, lime, clip=True, smooth=False)
        coat.stroke(path, 2.0, silver, clip=True, smooth=False)
        coat.stroke(path - (0, 0.5), 0.6, (1, 1, 1), 0.8, clip=True)
    coat.stroke([(64, 106), (64, 150)], 2.6, tone(colour, 0.6), clip=True)
    coat.stroke([(64, 106), (64, 150)], 0.8, (0.85, 0.86, 0.88), clip=True)
    coat.many(lines([((63.3, y), (64.7, y)) for y in np.arange(108, 136, 1.6)], 0.35), INK, 0.6)
    collar = Cloth(geo, "raised collar", order=40.3, thickness=1.2)
    for sign in (-1, 1):
        leaf = side([(0.7, 109.5), (1.5, 105.4), (n * 0.75, 102.5), (n + 0.8, 96.2),
                     (n + 4.6, 97.2),
                     (n + 6.4, 103), (n * 0.9, 108.8)], sign)  # fmt: skip
        collar.fill(leaf, tone(colour, 1.12))
        collar.stroke(np.vstack([leaf[3:], leaf[:1]]), 0.55, tone(colour, 0.55), 0.9, smooth=False,
                      clip=True)  # fmt: skip
        collar.stroke(side([(2, 107.4), (n * 0.82, 105.4), (n + 3.0, 99.4)], sign), 0.4, lime, 0.85,
                      clip=True)  # fmt: skip
    return [back_collar(geo, colour, 4.5, 4.5), coat, collar]


def police(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Navy uniform: collar and tie, epaulettes, pockets, a golden star badge."""
    navy = outfit(context, NAVY, 0.01)
    n, s = geo.neck_half, geo.shoulder_half
    coat = Cloth(geo, "uniform")
    coat.fill(torso(geo, 0.6), navy)
    creases(coat, geo, navy, rng)
    coat.stroke([(64, 107), (64, 150)], 3.2, tone(navy, 0.78), clip=True)
    buttons(coat, [(64, 118), (64, 126)], 1.1, GOLD)
    for sign in (-1, 1):
        flap = side([(s * 0.26, 118.4), (s * 0.62, 118), (s * 0.62, 121), (s * 0.44, 123),
                     (s * 0.26, 121.4)], sign)  # fmt: skip
        coat.fill(flap, tone(navy, 1.08), clip=True)
        coat.stroke(flap, 0.45, tone(navy, 0.5), 0.9, smooth=False, clip=True)
        bar = side([(n + 7.5, 102.4), (s * 0.93, 108.6), (s * 0.96, 111.6), (n + 6.8, 105.6)], sign)
        coat.fill(bar, tone(navy, 0.72), clip=True)
        coat.stroke(np.vstack([bar, bar[:1]]), 0.6, GOLD, smooth=False, clip=True)
        buttons(coat, [(float(side([(n + 9.5, 105)], sign)[0, 0]), 104.8)], 0.9, GOLD)
    collar = Cloth(geo, "collar", order=40.3, thickness=0.8, shadow=0.5)
    shirt = (0.72, 0.80, 0.90)
    collar.fill(sym([(1.8, 105), (1.4, 108.6), (3.0, 118), (0, 120.5)]), tone(navy, 0.5))
    for sign in (-1, 1):
        leaf = collar_leaf(geo, sign, 9, 10)
        collar.fill(leaf, shirt)
        collar.stroke(leaf[1:4], 0.4, tone(shirt, 0.62), 0.9, smooth=False, clip=True)
    badge = Cloth(geo, "badge", order=40.5, material="metal", thickness=0.6)
    x = MIDDLE + s * 0.45
    badge.fill(star(x, 114.6, 4.3, 7), GOLD)
    badge.ellipse((x, 114.6), 1.9, 1.9, PALE_GOLD)
    badge.ellipse((x, 114.6), 1.0, 1.0, (0.20, 0.32, 0.62))
    return [back_collar(geo, shirt), coat, collar, badge]


def astronaut(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Pressure suit: metal neck ring with bolts, tubes, patches and a chest panel."""
    white = pick(rng, ((0.90, 0.91, 0.95), (0.90, 0.91, 0.95), (0.92, 0.50, 0.16)), 0.01)
    trim = (0.80, 0.16, 0.14) if white[2] > 0.5 else (0.20, 0.30, 0.62)
    n, s = geo.neck_half, geo.shoulder_half
    suit = Cloth(geo, "space suit", thickness=1.5)
    suit.fill(torso(geo, 4, 3.0, dip=8), white)
    creases(suit, geo, tone(white, 0.9), rng, 1.1)
    for sign in (-1, 1):
        strip = side([(s * 0.55, 107), (s * 0.60, 116), (s * 0.56, 150)], sign)
        suit.stroke(strip, 2.6, trim, clip=True)
        suit.stroke(strip + (0.5 * sign, 0), 0.6, (1, 1, 1), 0.7, clip=True)
        for k in (0.82, 0.93):
            suit.stroke(side([(s * k, 108), (s * k + 4, 150)], sign), 0.5, tone(white, 0.62), 0.7,
                        clip=True)  # fmt: skip
    _patches(suit, geo, trim)
    suit.fill([(53, 119.2), (75, 119.2), (76.5, 150), (51.5, 150)], tone(white, 0.84), clip=True)
    for i, c in enumerate(((0.85, 0.16, 0.14), (0.20, 0.46, 0.85), (0.95, 0.76, 0.16))):
        buttons(suit, [(57.5 + 6.5 * i, 122.4)], 1.5, c)
    ring = Cloth(geo, "neck ring", order=40.4, material="metal", thickness=1.1)
    rx = max(n + 9, 20.5)
    outer, inner = arc(64, 101, rx + 3.2, 9.6, 0, 360, 40), arc(64, 100, rx - 0.6, 6.4, 0, 360, 40)
    ring.fill(outer, (0.80, 0.82, 0.87)).erase(inner)
    ring.stroke(arc(64, 101.6, rx + 1.6, 8.4, 6, 174), 0.6, (0.45, 0.47, 0.55), clip=True)
    gems(ring, arc(64, 101, rx + 1.1, 8.4, 12, 168, 9), 0.75, (0.38, 0.42, 0.55))
    well = Cloth(geo, "ring well", order=25.5, slot="behind")
    well.fill(outer, (0.62, 0.64, 0.70)).fill(inner + (0, -0.6), (0.20, 0.21, 0.27))
    return [well, suit, ring]


def _patches(suit: Cloth, geo: Geometry, trim: Rgb) -> None:
    """A round mission patch on one side and a small flag of stripes on the other."""
    s = geo.shoulder_half
    x = MIDDLE - s * 0.36
    suit.ellipse((x, 114.4), 3.5, 3.5, (0.12, 0.22, 0.50), clip=True)
    suit.stroke(ellipse_points((x, 114.4), 3.4, 3.4), 0.5, GOLD, clip=True)
    suit.stroke([(x - 2.4, 115.8), (x + 0.4, 114.2), (x + 2.6, 112.6)], [0.3, 1.0], trim, clip=True)
    suit.ellipse((x - 0.8, 113.2), 0.7, 0.7, (1, 1, 1), clip=True)
    x = MIDDLE + s * 0.26
    suit.many(lines([((x, y), (x + 6.2, y - 0.2)) for y in (112.8, 114.3, 115.8)], 0.8), trim)


def diver(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Wetsuit with coloured shoulders, zip, harness and buckles."""
    black = (0.13, 0.15, 0.18)
    hot = outfit(context, NEON, 0.015)
    n, s = geo.neck_half, geo.shoulder_half
    suit = Cloth(geo, "wetsuit", thickness=0.9)
    suit.fill(torso(geo, 0.2, -1.5), black)
    for sign in (-1, 1):
        yoke = side([(n + 5, 101), (s * 0.7, 105.5), (s * 1.05, 112), (s * 1.05, 116.5),
                     (s * 0.80, 115),
                     (s * 0.52, 110.4)], sign)  # fmt: skip
        suit.fill(yoke, hot, clip=True, smooth=True)
        suit.stroke(side([(n + 4, 103), (s * 0.52, 110.8), (s * 0.80, 115.6), (s * 1.1, 117)],
                         sign), 0.7,
                    (0.65, 0.67, 0.7), 0.9, clip=True)  # fmt: skip
    creases(suit, geo, (0.20, 0.22, 0.26), rng, 0.9)
    suit.stroke([(64, 104), (64, 150)], 2.0, (0.22, 0.24, 0.28), clip=True)
    suit.stroke([(64, 104), (64, 150)], 0.7, (0.75, 0.77, 0.8), clip=True)
    gear = Cloth(geo, "harness", order=40.3, thickness=0.8)
    for sign in (-1, 1):
        gear.stroke(side([(s * 0.50, 106.2), (s * 0.46, 116), (s * 0.50, 150)], sign), 4.4,
                    (0.27, 0.29, 0.33))  # fmt: skip
        gear.fill(side([(s * 0.46 - 2.8, 115), (s * 0.46 + 2.8, 115), (s * 0.46 + 2.8, 120.5),
                        (s * 0.46 - 2.8, 120.5)], sign), SILVER)  # fmt: skip
        gear.fill(side([(s * 0.46 - 1.3, 116.6), (s * 0.46 + 1.3, 116.6), (s * 0.46 + 1.3, 119),
                        (s * 0.46 - 1.3, 119)], sign), (0.25, 0.27, 0.3))  # fmt: skip
    collar = Cloth(geo, "neck seal", order=40.2, thickness=0.9)
    collar.fill(sym([(0, 101.6), (n * 0.7, 100.6), (n + 0.4, 96.4), (n + 1.8, 97.4), (n + 2.4, 102),
                     (n * 0.7, 106.6), (0, 107.6)]), (0.19, 0.21, 0.25), smooth=True)  # fmt: skip
    collar.many(lines([((64 - n, 102.6), (64, 105.4)), ((64, 105.4), (64 + n, 102.6))], 0.5), hot)
    return [back_collar(geo, black), suit, gear, collar]
