"""Costumes: knight, pirate, wizard, king or queen, cowboy, clown."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import (
    DISC,
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
    creases,
    gems,
    lines,
    outfit,
    pick,
    side,
    star,
    sym,
    taper,
    tone,
    torso,
)
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

WIZARD: tuple[Rgb, ...] = (
    (0.29, 0.12, 0.52), (0.29, 0.12, 0.52), (0.12, 0.16, 0.50), (0.08, 0.34, 0.36),
)  # fmt: skip
STEEL: Rgb = (0.60, 0.62, 0.67)
CREAM: Rgb = (0.94, 0.91, 0.85)


def knight(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Steel shoulders in lames, a coloured surcoat with a cross, a gorget."""
    colour = pick(rng, ((0.70, 0.10, 0.12), (0.12, 0.24, 0.58), (0.10, 0.42, 0.26),
                        (0.40, 0.12, 0.44)))  # fmt: skip
    n, s = geo.neck_half, geo.shoulder_half
    steel = Cloth(geo, "armour", material="metal", thickness=1.2)
    steel.fill(torso(geo, 0.4, 3.5), tone(STEEL, 0.8))
    for sign in (-1, 1):
        for i in range(3):
            lame = side([(s * 0.52 - 1.5 * i, 104.6 + 4.4 * i), (s * 0.86, 105.6 + 3.4 * i),
                         (s + 5 + i, 113.5 + 5 * i),
                         (s + 4, 119 + 5.4 * i), (s * 0.84, 114.8 + 5 * i), (s * 0.60 - 1.5 * i,
                                                                             112.2 + 5 * i)],
                        sign)  # fmt: skip
            steel.fill(lame + (0, 0.9), INK, 0.5, smooth=True, soft=0.5, clip=True)
            steel.fill(lame, tone(STEEL, 1.04 - 0.06 * i), smooth=True)
            steel.stroke(lame[3:6] + (0, -0.7), 0.55, GOLD if i == 0 else tone(STEEL, 0.5),
                         clip=True)  # fmt: skip
            steel.bump(MIDDLE + sign * s * 0.84, 110 + 4.6 * i, 7, 2.0, 1.5, 18 * sign)
            buttons(steel, [(MIDDLE + sign * (s * 0.62 - i), 110 + 4.6 * i)], 0.75, PALE_GOLD)
    coat = Cloth(geo, "surcoat", order=40.2)
    coat.fill(sym([(0, 105), (n, 103), (s * 0.50, 106), (s * 0.54, 114), (s * 0.50, 126),
                   (s * 0.52, 150)]), colour)  # fmt: skip
    for sign in (-1, 1):
        coat.stroke(side([(s * 0.50, 106), (s * 0.54, 114), (s * 0.50, 126), (s * 0.52, 150)],
                         sign), 1.5, GOLD, clip=True)  # fmt: skip
        coat.stroke(side([(s * 0.30, 112), (s * 0.26, 122), (s * 0.32, 150)], sign), [0.3, 1.6],
                    tone(colour, 0.6), 0.5,
                    soft=0.5, clip=True)  # fmt: skip
        coat.bump(MIDDLE + sign * s * 0.36, 122, 2.5, 8, 1.3)
    coat.fill([(61.9, 111.5), (66.1, 111.5), (66.1, 150), (61.9, 150)], PALE_GOLD, clip=True)
    coat.fill([(55.5, 117.6), (72.5, 117.6), (72.5, 121.6), (55.5, 121.6)], PALE_GOLD, clip=True)
    gorget = Cloth(geo, "gorget", order=40.4, material="metal", thickness=1.1)
    gorget.fill(sym([(0, 102), (n * 0.7, 100.8), (n + 0.2, 96), (n + 2.6, 97.4), (n + 6.5, 104.4),
                     (n * 0.7, 110),
                     (0, 111.4)]), STEEL, smooth=True)  # fmt: skip
    gorget.stroke(arc(64, 98.4, n + 1.4, 6.2, 12, 168), 0.6, tone(STEEL, 0.5), clip=True)
    gorget.stroke(arc(64, 100.4, n + 4.2, 9.6, 12, 168), 0.8, GOLD, clip=True)
    return [back_collar(geo, (0.3, 0.3, 0.34)), steel, coat, gorget]


def pirate(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Long coat with gold braid and buttons over a laced cream shirt."""
    colour = pick(rng, ((0.58, 0.08, 0.09), (0.58, 0.08, 0.09), (0.10, 0.20, 0.42),
                        (0.12, 0.34, 0.26)))  # fmt: skip
    n = geo.neck_half
    coat = Cloth(geo, "pirate coat")
    coat.fill(torso(geo, 1.0, dip=7.5), colour)
    creases(coat, geo, colour, rng)
    coat.fill(sym([(0, 100), (n + 2.6, 98), (n + 5.6, 104), (n * 0.98, 118), (n * 0.6, 150)]),
              CREAM, clip=True)  # fmt: skip
    for sign in (-1, 1):
        for k in (0.2, 0.55):
            coat.stroke(side([(n * k + 1, 107), (n * k + 0.6, 116), (n * k, 134)], sign),
                        [0.4, 1.2, 0.5],
                        (0.66, 0.60, 0.52), 0.55, soft=0.3, clip=True)  # fmt: skip
    laces = [((64 - 2.2 * d, y), (64 + 2.2 * d, y + 2.6))
             for y in (110, 114.2, 118.4) for d in (-1, 1)]  # fmt: skip
    coat.many(lines(laces, 0.55), (0.40, 0.26, 0.16))
    flaps = Cloth(geo, "coat flaps", order=40.3, thickness=0.9, shadow=0.55)
    for sign in (-1, 1):
        flap = side([(n + 0.6, 97.6), (n + 5, 98.6), (n + 12.5, 105.4), (n + 10.5, 117),
                     (n + 6.5, 130), (n + 2, 150),
                     (n * 0.5, 150), (n * 0.86, 118), (n + 3.4, 105)], sign)  # fmt: skip
        flaps.fill(flap, tone(colour, 0.88))
        inner = flap[[6, 7, 8, 0]]
        flaps.stroke(inner + (sign * 1.0, 0), 1.7, GOLD, clip=True)
        flaps.stroke(flap[1:6], 1.0, GOLD, clip=True)
        xs = [(float(flap[3, 0]) - sign * d, y) for d, y in ((4.6, 108.4), (5.6, 115.2), (7.4, 122),
                                                             (9, 129))]  # fmt: skip
        flaps.many(lines([((x - 3, y), (x + 3, y)) for x, y in xs], 0.7), GOLD, 0.9)
        buttons(flaps, xs, 1.35, PALE_GOLD)
    shirt = Cloth(geo, "shirt collar", order=40.2, thickness=0.9)
    shirt.fill(band(100.4, n - 0.3, 6.0, 2.2, 0.6), CREAM)
    return [back_collar(geo, CREAM, 4.0), coat, shirt, flaps]


def wizard(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A robe sprinkled with golden stars, braided edges and a standing collar."""
    colour = outfit(context, WIZARD)
    n = geo.neck_half
    robe = Cloth(geo, "robe", thickness=1.2)
    robe.fill(torso(geo, 0.6, 1.5), colour, to=tone(colour, 0.74), axis=((64, 104), (64, 134)))
    creases(robe, geo, colour, rng)
    sky = rng.uniform((14, 108, 0.9), (114, 132, 2.1), (26, 3)).tolist()
    robe.many([star(x, y, r, 5 if r > 1.3 else 4, r) for x, y, r in sky if abs(x - MIDDLE) > 10],
              PALE_GOLD)  # fmt: skip
    gems(robe, rng.uniform((14, 106), (114, 132), (26, 2)), 0.4, PALE_GOLD, 0.9)
    for sign in (-1, 1):
        edge = side([(n + 1.6, 99), (n * 0.9, 105.5), (4.4, 112.5), (3.4, 150)], sign)
        robe.stroke(edge, 3.2, tone(colour, 0.5), clip=True)
        robe.stroke(edge, 2.0, GOLD, clip=True)
        robe.stroke(edge, 0.5, PALE_GOLD, clip=True)
    robe.fill(sym([(0, 104), (n * 0.8, 103.5), (3.0, 113), (2.2, 150), (0, 150)]),
              tone(colour, 0.42), 0.9, clip=True)  # fmt: skip
    robe.stroke([(64, 106), (64, 150)], 0.5, tone(colour, 0.25), clip=True)
    collar = Cloth(geo, "standing collar", order=40.3)
    for sign in (-1, 1):
        leaf = side([(n * 0.80, 106.6), (n + 0.4, 96), (n + 5.4, 93.6), (n + 6.6, 101.5),
                     (n + 2.0, 107.5),
                     (n * 0.62, 112)], sign)  # fmt: skip
        collar.fill(leaf, tone(colour, 1.1))
        collar.stroke(leaf[1:5], 0.9, GOLD, smooth=False, clip=True)
    clasp = Cloth(geo, "clasp", order=40.5, material="metal", thickness=0.7)
    clasp.ellipse((64, 113.4), 2.8, 2.8, GOLD).ellipse((64, 113.4), 1.7, 1.7, (0.16, 0.62, 0.80))
    clasp.ellipse((63.5, 112.7), 0.6, 0.5, (0.85, 1, 1))
    return [back_collar(geo, colour, 5.0, 5.5), robe, collar, clasp]


def royal(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Velvet robe, a broad ermine collar with black tails, and a jewel."""
    colour = pick(rng, ((0.55, 0.05, 0.18), (0.55, 0.05, 0.18), (0.28, 0.12, 0.48),
                        (0.10, 0.20, 0.52)))  # fmt: skip
    n = geo.neck_half
    robe = Cloth(geo, "royal robe")
    robe.fill(torso(geo, 1.0), colour)
    creases(robe, geo, colour, rng)
    for sign in (-1, 1):
        edge = side([(2.6, 112), (4.2, 150)], sign)
        robe.stroke(edge, 2.0, GOLD, clip=True, smooth=False)
        robe.stroke(edge, 0.5, PALE_GOLD, clip=True, smooth=False)
    fur = Cloth(geo, "ermine", order=40.3, thickness=1.5)
    white = (0.95, 0.94, 0.91)
    for sign in (-1, 1):
        rim = [(0.8, 107.5), (n * 0.72, 105), (n + 0.6, 97.6), (n + 5.6, 97), (n + 14, 102.4),
               (n + 19.5, 109.6),
               (n + 16.4, 114.4), (n + 7.5, 113.6), (5.6, 118.4), (1.4, 115.4)]  # fmt: skip
        fur.fill(side(rim, sign), white, smooth=True)
        hairs = rng.uniform((n * 0.6, 103), (n + 17, 114), (34, 2))
        tails = np.array([(n * 0.45, 110.6), (n * 0.95, 107.0), (n + 3.6, 101.6), (n + 4.4, 109.2),
                          (n + 9.4, 104.2),
                          (n + 9.6, 110.8), (n + 14.6, 108.6), (n * 0.5 + 2.4, 114.4)])  # fmt: skip
        for feet, long, width, tint, opacity in (
            (hairs, 1.6, (0.3, 0.15), (0.72, 0.70, 0.72), 0.5), (tails, 3.0, (0.5, 1.5, 0.7), INK,
                                                                 1.0),
        ):  # fmt: skip
            feet = feet * (sign, 1) + (MIDDLE, 0)
            path = np.stack([feet, feet + (0.3 * sign, long / 2), feet + (0.5 * sign, long)], 1)
            fur.many(taper(path, width, 5), tint, opacity)
    jewel = Cloth(geo, "jewel", order=40.5, material="metal", thickness=0.9)
    stone = pick(rng, ((0.10, 0.28, 0.80), (0.80, 0.08, 0.16), (0.06, 0.55, 0.30)))
    jewel.ellipse((64, 112.4), 4.1, 4.5, GOLD).ellipse((64, 112.4), 2.8, 3.2, tone(stone, 0.5))
    jewel.ellipse((64, 112.5), 2.4, 2.8, stone, to=tone(stone, 1.5))
    jewel.ellipse((63.2, 111.2), 0.8, 0.7, (1, 1, 1))
    return [back_collar(geo, white, 6.0, 4.0), robe, fur, jewel]


def cowboy(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Denim or plaid shirt, leather waistcoat, dotted bandana."""
    denim = pick(rng, ((0.25, 0.38, 0.60), (0.25, 0.38, 0.60), (0.62, 0.16, 0.14),
                       (0.80, 0.72, 0.52)))  # fmt: skip
    red = pick(rng, ((0.82, 0.10, 0.11), (0.82, 0.10, 0.11), (0.12, 0.28, 0.62),
                     (0.90, 0.52, 0.10)))  # fmt: skip
    leather: Rgb = (0.40, 0.22, 0.11)
    n, s = geo.neck_half, geo.shoulder_half
    shirt = Cloth(geo, "shirt")
    shirt.fill(torso(geo, 0.6), denim)
    if rng.random() < 0.5:
        for angle in (0, 1):
            rows = [((x, 96), (x, 150)) for x in np.arange(16, 114, 6.0)] if angle else [
                ((10, y), (118, y)) for y in np.arange(104, 150, 6.0)]  # fmt: skip
            shirt.many(lines(rows, 1.8), tone(denim, 0.45), 0.45)
    creases(shirt, geo, denim, rng)
    shirt.stroke([(64, 108), (64, 150)], 0.5, tone(denim, 0.5), clip=True)
    vest = Cloth(geo, "waistcoat", order=40.2, thickness=0.9)
    for sign in (-1, 1):
        panel = side([(n + 2.6, 101), (n + 8, 104.0), (s * 0.74, 108.4), (s * 0.66, 116),
                      (s * 0.74, 126), (s * 0.84, 150),
                      (4.0, 150), (6.5, 126), (n + 1.5, 112)], sign)  # fmt: skip
        vest.fill(panel, leather)
        vest.stroke(panel[1:6] - (sign * 1.1, 0), 0.4, (0.72, 0.52, 0.30), 0.9, clip=True)
        vest.stroke(panel[6:] + (sign * 1.1, 0), 0.4, (0.72, 0.52, 0.30), 0.9, clip=True)
        pocket = side([(s * 0.34, 120), (s * 0.58, 119.4)], sign)
        vest.stroke(pocket, 0.9, tone(leather, 0.5), clip=True, smooth=False)
        vest.bump(MIDDLE + sign * s * 0.5, 116, 6, 8, 1.4)
        vest.gloss = 0.10
    badge = Cloth(geo, "sheriff star", order=40.4, material="metal", thickness=0.6)
    badge.fill(star(64 - s * 0.47, 115, 3.7, 5), GOLD).ellipse((64 - s * 0.47, 115), 1.2, 1.2,
                                                               PALE_GOLD)  # fmt: skip
    return [back_collar(geo, denim), shirt, vest, badge, _bandana(geo, red)]


def _bandana(geo: Geometry, red: Rgb) -> Layer:
    n = geo.neck_half
    scarf = Cloth(geo, "bandana", order=40.5)
    scarf.fill(sym([(0, 101.6), (n * 0.7, 100), (n + 0.5, 95.6), (n + 2.6, 98.6), (n * 0.98, 105.6),
                    (n * 0.5, 113),
                    (0, 121.5)]), red)  # fmt: skip
    for sign in (-1, 1):
        for k in (0.25, 0.6, 0.9):
            scarf.stroke(side([(n * k, 103.4 - 2.5 * k), (n * k * 0.7, 107), (n * k * 0.45, 112)],
                              sign), [0.3, 1.1, 0.2],
                         tone(red, 0.55), 0.6, soft=0.25, clip=True)  # fmt: skip
    dots = [(64 + dx, y) for row, y in enumerate(np.arange(103.2, 121, 2.7))
            for dx in np.arange(-14 + 1.7 * (row % 2), 15, 3.4)]  # fmt: skip
    gems(scarf, dots, 0.6, (0.98, 0.95, 0.92))
    return scarf


def clown(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Two-coloured suit with big dots, pompons and a pleated ruff."""
    left, right = pick(rng, ((0.95, 0.78, 0.14), (0.97, 0.55, 0.16))), pick(
        rng, ((0.16, 0.48, 0.82), (0.16, 0.62, 0.46), (0.55, 0.24, 0.66)))  # fmt: skip
    n = geo.neck_half
    suit = Cloth(geo, "clown suit", thickness=1.2)
    suit.fill(torso(geo, 0.6, 1.0), left)
    suit.fill([(64, 90), (130, 90), (130, 150), (64, 150)], right, clip=True)
    reds = ((0.88, 0.14, 0.20), (0.97, 0.97, 0.95), (0.18, 0.66, 0.36), (0.93, 0.36, 0.60))
    spots = [(x, y, (row + col) % 4) for row, y in enumerate((113.5, 122, 130.5))
             for col, x in enumerate(np.arange(21 + 5 * (row % 2), 110, 10.5))]  # fmt: skip
    for i, red in enumerate(reds):
        gems(suit, [(x, y) for x, y, k in spots if k == i], 2.65, red)
    creases(suit, geo, left, rng, 0.8)
    ruff = Cloth(geo, "ruff", order=40.3, thickness=1.3, shadow=0.55)
    for k, (grow, colour) in enumerate(((12.0, (0.94, 0.93, 0.95)), (5.6, (0.90, 0.20, 0.28)))):
        rx, ry = n + grow, 5.4 + grow * 0.66
        around = arc(64, 99.6, rx, ry, 10, 170, 15 if k == 0 else 11)
        ruff.many([DISC * (4.2 - k, 3.6 - 0.8 * k) + p for p in around], colour, clip=False)
        ruff.fill(band(99.5, n - 0.4, 4.4, grow, 0.0), colour)
        pleats = 22 - 5 * k
        inner = arc(64, 99.7, n + 0.5, 4.6, 4, 176, pleats)
        outer = arc(64, 99.7, rx + 3, ry + 2.6, 4, 176, pleats)
        ruff.many(lines(np.stack([inner, outer], 1), [0.3, 1.0]), tone(colour, 0.55), 0.5)
    pompon = Cloth(geo, "pompons", order=40.2, thickness=1.6)
    puffs = [c + DISC[::2] * 1.7 for c in ((64, 121.5), (64, 130))]
    pompon.many([DISC * 1.6 + p for p in np.vstack(puffs)], reds[0], clip=False)
    return [suit, pompon, ruff]
