"""Everyday clothes: the seven makes of the casual wardrobe."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import (
    MIDDLE,
    Cloth,
    Rgb,
    Rng,
    arc,
    back_collar,
    band,
    buttons,
    collar_leaf,
    creases,
    lines,
    mix,
    pick,
    shirt_front,
    side,
    star,
    sym,
    tone,
    torso,
)
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

WARDROBE: tuple[Rgb, ...] = (
    (0.86, 0.47, 0.13), (0.72, 0.20, 0.28), (0.93, 0.72, 0.14), (0.25, 0.62, 0.45),
    (0.29, 0.24, 0.50), (0.16, 0.44, 0.66), (0.36, 0.55, 0.80), (0.15, 0.55, 0.58),
    (0.27, 0.44, 0.25), (0.80, 0.34, 0.42), (0.55, 0.30, 0.55), (0.45, 0.48, 0.52),
)  # fmt: skip
CREAM: Rgb = (0.94, 0.92, 0.87)
WHITE: Rgb = (0.95, 0.95, 0.95)


def casual(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """One of the everyday tops; the picture's rng decides which."""
    makers: tuple[Callable[[Geometry, Rng], list[Layer]], ...] = (
        crew_neck, striped, turtleneck, hoodie, shirt, cardigan, tee,
    )  # fmt: skip
    maker = makers[int(rng.choice(len(makers), p=(0.19, 0.17, 0.16, 0.17, 0.13, 0.09, 0.09)))]
    return maker(geo, rng)


def _rib(cloth: Cloth, geo: Geometry, colour: Rgb, width: float = 2.6) -> None:
    """A ribbed round collar."""
    n = geo.neck_half
    cloth.fill(band(100.2, n - 0.6, 4.2, width + 0.9, 0.9), tone(colour, 0.66), 0.8, soft=0.35)
    cloth.fill(band(100.0, n - 0.6, 4.2, width), tone(colour, 0.97))
    ticks = [
        ((MIDDLE + (n - 0.5) * c, 100.1 + 4.3 * s), (MIDDLE + (n + width - 0.4) * c,
                                                     100 + (4 + width) * s))
        for c, s in ((np.cos(a), np.sin(a)) for a in np.linspace(0.1, np.pi - 0.1, 25))
    ]  # fmt: skip
    cloth.many(lines(ticks, 0.34), tone(colour, 0.66), 0.65)


def crew_neck(geo: Geometry, rng: Rng) -> list[Layer]:
    """A plain knitted jumper."""
    colour = pick(rng, WARDROBE)
    knit = Cloth(geo, "jumper")
    knit.fill(torso(geo, -0.8), colour)
    creases(knit, geo, colour, rng)
    _rib(knit, geo, colour)
    return [knit]


def striped(geo: Geometry, rng: Rng) -> list[Layer]:
    """A jumper with rings of stripes."""
    base, stripe = (CREAM, pick(rng, WARDROBE)) if rng.random() < 0.7 else (
        pick(rng, WARDROBE), CREAM)  # fmt: skip
    knit = Cloth(geo, "striped jumper")
    knit.fill(torso(geo, -0.8), base)
    thick = rng.uniform(1.7, 2.6)
    step = thick * rng.uniform(1.9, 2.3)
    for i in range(8):
        r = geo.neck_half + 5.0 + i * step * 1.25
        y = 106.6 + i * step
        path = arc(MIDDLE, y - 9, r * 1.5 + 16, 11.5, 172, 8, 26)
        knit.stroke(path, thick, stripe, 0.95, clip=True, smooth=False)
    creases(knit, geo, mix(base, stripe, 0.5), rng, 0.8)
    _rib(knit, geo, stripe)
    return [knit]


def turtleneck(geo: Geometry, rng: Rng) -> list[Layer]:
    """A jumper with a folded high collar."""
    colour = pick(rng, WARDROBE)
    n = geo.neck_half
    knit = Cloth(geo, "turtleneck")
    knit.fill(torso(geo, 0.5, dip=4), colour)
    creases(knit, geo, colour, rng)
    collar = Cloth(geo, "roll collar", order=40.2, shadow=0.45)
    collar.fill(
        sym([(0, 97.6), (n * 0.6, 97.2), (n + 0.3, 94.6), (n + 1.6, 97), (n + 2.4, 103),
             (n * 0.7, 107), (0, 107.9)]),
        tone(colour, 1.03), smooth=True, to=tone(colour, 0.86), axis=((64, 96), (64, 108)),
    )  # fmt: skip
    t = np.linspace(-0.94, 0.94, 21)
    ticks = [((MIDDLE + u * (n + 0.6), 95.6 + 2.4 * (1 - u * u)),
              (MIDDLE + u * (n + 1.9), 103.4 + 4.2 * (1 - u * u))) for u in t]  # fmt: skip
    collar.many(lines(ticks, [0.3, 0.5]), tone(colour, 0.62), 0.7)
    return [knit, collar]


def hoodie(geo: Geometry, rng: Rng) -> list[Layer]:
    """A hooded sweater, the hood lying around the neck, two cords."""
    colour = pick(rng, WARDROBE)
    n, k = geo.neck_half, geo.shoulder_half / 40
    behind = Cloth(geo, "hood", order=24.0, slot="behind")
    behind.fill(
        sym([(0, 93), (n + 4, 92.5), (n + 11 * k, 96.5), (n + 13 * k, 103), (n + 6, 112),
             (0, 112)]),
        tone(colour, 0.72), smooth=True,
    )  # fmt: skip
    front = Cloth(geo, "hoodie")
    front.fill(torso(geo, 2.0, dip=7.5), colour)
    creases(front, geo, colour, rng)
    front.stroke([(MIDDLE, 108), (MIDDLE, 146)], 0.5, tone(colour, 0.6), 0.4, clip=True)
    rim = Cloth(geo, "hood rim", order=40.3, thickness=1.3)
    for sign in (-1, 1):
        rim.fill(
            side([(0.2, 106.2), (n * 0.55, 103.8), (n + 0.8, 98.6), (n + 4.5, 94.6),
                  (n + 9.5 * k, 96.2), (n + 11.8 * k, 102), (n + 7, 108.6), (3.4, 113.8),
                  (0.2, 112.2)],
                 sign),
            tone(colour, 1.05), smooth=True,
        )  # fmt: skip
        rim.stroke(side([(1.2, 108), (n * 0.7, 105.6), (n + 3.4, 99.6)], sign), 0.45,
                   tone(colour, 0.6), 0.7, clip=True)  # fmt: skip
        rim.stroke(side([(n + 2, 108.4), (n + 6, 104.6), (n + 8.6, 99.5)], sign), [0.4, 1.5, 0.4],
                   tone(colour, 0.62), 0.45, soft=0.4, clip=True)  # fmt: skip
    cords = Cloth(geo, "cords", order=40.5, thickness=0.5)
    for sign in (-1, 1):
        x = 4.2 * sign
        cords.stroke([(64 + x, 110.2), (64 + x * 1.25, 114), (64 + x * 1.1, 119 + sign)], 1.15,
                     CREAM)  # fmt: skip
        cords.stroke([(64 + x * 1.1, 119 + sign), (64 + x * 1.1, 121 + sign)], 1.5,
                     (0.75, 0.75, 0.77))  # fmt: skip
        cords.ellipse((64 + x, 110.2), 0.9, 0.8, (0.45, 0.45, 0.47))
    return [behind, front, rim, cords]


def shirt(geo: Geometry, rng: Rng) -> list[Layer]:
    """A buttoned shirt with a leaf collar; plain, checked or with thin stripes."""
    colour = pick(rng, (*WARDROBE, WHITE, (0.60, 0.74, 0.90), (0.93, 0.78, 0.80)))
    cloth = Cloth(geo, "shirt")
    cloth.fill(torso(geo, 0.6, dip=6), colour)
    kind = rng.integers(3)
    if kind == 1:
        _checks(cloth, colour, rng)
    elif kind == 2:
        xs = np.arange(20, 109, 3.1)
        cloth.many(lines([((x, 96), (x, 150)) for x in xs], 0.7), tone(colour, 0.72), 0.6)
    creases(cloth, geo, colour, rng)
    cloth.fill([(62.2, 105), (66.4, 105), (66.6, 150), (62.2, 150)], tone(colour, 1.08), 0.8,
               clip=True)  # fmt: skip
    cloth.stroke([(62.2, 106), (62.2, 150)], 0.45, tone(colour, 0.6), 0.8, clip=True)
    buttons(cloth, [(64.4, 112.4), (64.4, 121)], 1.0, tone(colour, 1.5))
    return [back_collar(geo, colour), cloth, collar_leaves(geo, colour)]


def _checks(cloth: Cloth, colour: Rgb, rng: Rng) -> None:
    second = pick(rng, ((0.15, 0.15, 0.22), (0.55, 0.12, 0.14), (0.12, 0.30, 0.22), WHITE))
    upright = lines([((x, 96), (x, 150)) for x in np.arange(18.5, 112, 7.0)], 2.2)
    level = lines([((10, y), (118, y)) for y in np.arange(104, 150, 7.0)], 2.2)
    cloth.many(upright, second, 0.45)
    cloth.many(level, second, 0.45)


def collar_leaves(geo: Geometry, colour: Rgb, order: float = 40.3) -> Cloth:
    """Both leaves of a shirt collar."""
    leaf = Cloth(geo, "collar", order=order, thickness=0.7, shadow=0.5)
    for sign in (-1, 1):
        outline = collar_leaf(geo, sign)
        leaf.fill(outline, tone(colour, 1.06))
        leaf.stroke(outline[1:4], 0.4, tone(colour, 0.66), 0.7, smooth=False, clip=True)
    return leaf


def cardigan(geo: Geometry, rng: Rng) -> list[Layer]:
    """An open knitted jacket over a light shirt."""
    colour, under = pick(rng, WARDROBE), pick(rng, (CREAM, WHITE, (0.75, 0.82, 0.90)))
    n = geo.neck_half
    cloth = Cloth(geo, "cardigan")
    cloth.fill(torso(geo, 0.4), colour)
    creases(cloth, geo, colour, rng)
    cloth.fill(shirt_front(geo), under, clip=True)
    for sign in (-1, 1):
        edge = side([(n + 1.8, 99.4), (n + 2.2, 104), (n * 0.75, 120), (0, 144)], sign)
        cloth.stroke(edge, 3.4, tone(colour, 0.6), 0.5, soft=0.5, clip=True)
        cloth.stroke(edge, 2.6, tone(colour, 0.9), clip=True)
        cloth.stroke(edge, 0.4, tone(colour, 0.6), 0.6, clip=True)
    return [back_collar(geo, colour, 2.0, 3.0), cloth, collar_leaves(geo, under)]


def tee(geo: Geometry, rng: Rng) -> list[Layer]:
    """A T-shirt with a print, sometimes in two colours like a baseball shirt."""
    colour = pick(rng, (*WARDROBE, WHITE, (0.16, 0.16, 0.19)))
    accent = pick(rng, WARDROBE)
    cloth = Cloth(geo, "t-shirt")
    cloth.fill(torso(geo, 0.2, dip=6.6), colour)
    n, s = geo.neck_half, geo.shoulder_half
    raglan = rng.random() < 0.45
    if raglan:
        for sign in (-1, 1):
            cloth.fill(side([(n + 1, 98), (s * 0.6, 104), (s + 14, 108), (s + 14, 150),
                             (s * 0.72, 150),
                             (s * 0.62, 122), (s * 0.45, 111)], sign), accent, clip=True,
                             smooth=True)  # fmt: skip
    if rng.random() < 0.6:
        cloth.ellipse((64, 122), 8.5, 7.5, accent, clip=True)
        cloth.fill(star(64, 121.6, 6.2), tone(colour, 1.1), clip=True)
    creases(cloth, geo, accent if raglan else colour, rng, 0.8)
    cloth.fill(band(100.2, n - 0.2, 5.2, 2.0, 0.5), tone(accent, 0.9))
    return [cloth]
