"""The business suit and the athlete's track top."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.garments.form import (
    INK,
    MIDDLE,
    Cloth,
    Rgb,
    Rng,
    back_collar,
    creases,
    lapel,
    pick,
    shirt_front,
    side,
    star,
    sym,
    tone,
    torso,
)
from mini.world.garments.plain import WHITE, collar_leaves
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person


def business(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """Suit, white shirt and tie; a pocket square."""
    colour = pick(rng, ((0.13, 0.16, 0.27), (0.20, 0.20, 0.22), (0.30, 0.24, 0.18),
                        (0.36, 0.10, 0.32),
                        (0.16, 0.26, 0.24)), 0.012)  # fmt: skip
    tie = pick(rng, ((0.75, 0.10, 0.14), (0.12, 0.42, 0.28), (0.16, 0.30, 0.66), (0.85, 0.55, 0.12),
                     (0.42, 0.16, 0.48)))  # fmt: skip
    cloth = Cloth(geo, "suit")
    cloth.fill(torso(geo, 0.4), colour)
    creases(cloth, geo, colour, rng, 0.9)
    cloth.fill(shirt_front(geo), WHITE, clip=True)
    _tie(cloth, tie, rng)
    inside = back_collar(geo, WHITE, 2.0, 3.0)
    return [inside, cloth, *_lapels(geo, colour), collar_leaves(geo, WHITE)]


def _tie(cloth: Cloth, colour: Rgb, rng: Rng) -> None:
    """Knot and blade, striped, dotted or plain."""
    blade = sym([(1.5, 110.4), (3.6, 124), (4.6, 150)])
    cloth.fill(blade + (0.8, 0.8), INK, 0.35, soft=0.7, clip=True)
    cloth.fill(blade, colour, clip=True)
    if rng.random() < 0.65:

        def half(y: float) -> float:
            return float(np.interp(y, (110.4, 124, 150), (1.5, 3.6, 4.6)))

        stripes = [
            np.array([(64 - half(y + 3), y + 3), (64 + half(y), y),
                      (64 + half(y + 1.5), y + 1.5), (64 - half(y + 4.5), y + 4.5)])
            for y in np.arange(110, 150, 4.2)
        ]  # fmt: skip
        cloth.many(stripes, tone(colour, 1.5))
    cloth.fill(sym([(2.9, 104.8), (1.7, 110.6)]), tone(colour, 1.08), clip=True)
    cloth.stroke([(62.4, 110.4), (65.6, 110.4)], 0.5, tone(colour, 0.5), clip=True)


def _lapels(geo: Geometry, colour: Rgb, square: bool = True) -> list[Layer]:
    layer = Cloth(geo, "lapels", order=40.2, thickness=0.6, shadow=0.5)
    for sign in (-1, 1):
        outline = lapel(geo, sign)
        layer.fill(outline, tone(colour, 1.07))
        layer.stroke(outline[1:7], 0.45, tone(colour, 0.55), 0.9, smooth=False, clip=True)
    if square:
        x = MIDDLE + geo.neck_half + 12
        layer.fill([(x, 118), (x + 7.5, 117), (x + 7.2, 119.4), (x + 0.2, 120.4)], WHITE)
        layer.fill([(x + 1, 118), (x + 3, 115.2), (x + 4.4, 117.4)], WHITE)
    return [layer]


def athlete(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A zipped track top with shoulder stripes."""
    colour = pick(rng, ((0.10, 0.36, 0.72), (0.78, 0.12, 0.18), (0.10, 0.52, 0.36),
                        (0.15, 0.15, 0.20),
                        (0.45, 0.20, 0.58), (0.93, 0.45, 0.10)))  # fmt: skip
    trim = WHITE if rng.random() < 0.7 else (0.97, 0.82, 0.18)
    n, s = geo.neck_half, geo.shoulder_half
    cloth = Cloth(geo, "track top")
    cloth.fill(torso(geo, 0.5), colour)
    creases(cloth, geo, colour, rng, 0.9)
    for sign in (-1, 1):
        for i in range(3):
            path = side([(n + 4 + 2.0 * i, 100), (s * 0.66, 106.6 + 2.5 * i),
                         (s - 1 - i, 113 + 2.8 * i),
                         (s + 1 - 2.4 * i, 124), (s + 3 - 2.4 * i, 150)], sign)  # fmt: skip
            cloth.stroke(path, 1.15, trim, clip=True)
    cloth.stroke([(64, 104), (64, 150)], 1.3, tone(colour, 0.5), clip=True)
    cloth.stroke([(64, 104), (64, 150)], 0.5, (0.80, 0.80, 0.82), clip=True)
    cloth.fill(star(64 + s * 0.36, 118, 3.0), trim, clip=True)
    collar = Cloth(geo, "stand collar", order=40.2, thickness=0.9)
    collar.fill(sym([(0.5, 103.4), (n * 0.7, 101.2), (n + 0.4, 96.2), (n + 3.2, 97.4),
                     (n + 2.8, 102.6),
                     (n * 0.7, 106.8), (0.5, 108.4)]), tone(colour, 1.04), smooth=True)  # fmt: skip
    for sign in (-1, 1):
        collar.stroke(side([(0.6, 107.2), (n * 0.7, 105.6), (n + 2.4, 101.6)], sign), 0.7, trim,
                      clip=True)  # fmt: skip
    collar.stroke([(64, 102), (64, 109)], 0.8, (0.3, 0.3, 0.33))
    return [back_collar(geo, colour), cloth, collar]
