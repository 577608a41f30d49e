"""Clothes of the broad world's own roles: builder, pilot, artist."""

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
    band,
    buttons,
    collar_leaf,
    creases,
    lines,
    outfit,
    pick,
    side,
    sym,
    tone,
    torso,
)
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

WHITE: Rgb = (0.95, 0.95, 0.93)
HARD_HATS: tuple[Rgb, ...] = (
    (0.97, 0.78, 0.10), (0.97, 0.78, 0.10), (0.94, 0.94, 0.92), (0.20, 0.45, 0.78),
)  # fmt: skip
LEATHER: tuple[Rgb, ...] = ((0.36, 0.21, 0.12), (0.30, 0.17, 0.10), (0.42, 0.27, 0.15))
BERETS: tuple[Rgb, ...] = (
    (0.62, 0.12, 0.16), (0.13, 0.15, 0.26), (0.62, 0.12, 0.16), (0.20, 0.36, 0.30),
)  # fmt: skip
PAINTS: tuple[Rgb, ...] = (
    (0.85, 0.16, 0.16), (0.95, 0.74, 0.12), (0.14, 0.42, 0.74), (0.22, 0.58, 0.34),
    (0.92, 0.46, 0.14), (0.52, 0.24, 0.58),
)  # fmt: skip


def builder(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """An orange or yellow safety vest with silver bands over a checked shirt."""
    n, s = geo.neck_half, geo.shoulder_half
    shirt = pick(rng, ((0.28, 0.40, 0.62), (0.56, 0.22, 0.20), (0.34, 0.36, 0.40)))
    vest = (0.98, 0.44, 0.08) if rng.random() < 0.6 else (0.82, 0.90, 0.16)
    cloth = Cloth(geo, "builder's shirt")
    cloth.fill(torso(geo, 0.4), shirt)
    for x in np.arange(20, 112, 5.2):
        cloth.stroke([(x, 100), (x, 150)], 1.1, tone(shirt, 1.45), 0.5, clip=True)
    for y in np.arange(102, 150, 5.2):
        cloth.stroke([(12, y), (116, y)], 1.1, tone(shirt, 0.55), 0.5, clip=True)
    creases(cloth, geo, shirt, rng, 0.9)
    over = Cloth(geo, "safety vest", order=40.2, thickness=0.9, shadow=0.5)
    for sign in (-1, 1):
        half = [(n + 1.0, 101.0), (s * 0.60, 105.4), (s * 0.80, 109.0), (s * 0.72, 118),
                (s * 0.80, 150), (1.0, 150), (1.0, 124), (n * 0.70, 112)]  # fmt: skip
        over.fill(side(half, sign), vest, to=tone(vest, 0.88))
        strap = side([(s * 0.52, 104.4), (s * 0.46, 118), (s * 0.46, 150)], sign)
        over.stroke(strap, 4.4, (0.98, 0.93, 0.30), clip=True, smooth=False)
        over.stroke(strap, 2.5, (0.80, 0.82, 0.85), clip=True, smooth=False)
        over.stroke(side([(n * 0.70, 112), (1.0, 124), (1.0, 150)], sign), 0.9, tone(vest, 0.6),
                    clip=True, smooth=False)  # fmt: skip
    for y, width, colour in ((122.5, 4.6, (0.98, 0.93, 0.30)), (122.5, 2.6, (0.82, 0.84, 0.87))):
        over.stroke([(20, y), (108, y)], width, colour, clip=True, smooth=False)
    collar = Cloth(geo, "shirt collar", order=40.4, thickness=0.7)
    for sign in (-1, 1):
        leaf = collar_leaf(geo, sign, 8.0, 8.0)
        collar.fill(leaf, tone(shirt, 1.08))
        collar.stroke(leaf, 0.4, tone(shirt, 0.55), 0.8, smooth=False, clip=True)
    return [back_collar(geo, shirt), cloth, over, collar]


def pilot(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """An old flying jacket: brown leather, fleece collar, white silk scarf."""
    leather = outfit(context, LEATHER, 0.01)
    n, s = geo.neck_half, geo.shoulder_half
    cloth = Cloth(geo, "flying jacket")
    cloth.gloss = 0.16
    cloth.fill(torso(geo, 0.6), leather)
    creases(cloth, geo, leather, rng, 1.2)
    cloth.stroke([(64, 112), (64, 150)], 2.2, tone(leather, 0.55), clip=True)
    cloth.stroke([(64, 112), (64, 150)], 0.8, (0.86, 0.78, 0.52), clip=True)
    for sign in (-1, 1):
        yoke = side([(s * 0.20, 113), (s * 0.56, 115), (s * 0.92, 117)], sign)
        cloth.stroke(yoke, 0.6, tone(leather, 0.5), 0.9, clip=True)
    x = MIDDLE + s * 0.44
    cloth.fill([(x - 5.6, 118.4), (x + 5.6, 118.4), (x + 2, 121.2), (x - 2, 121.2)],
               (0.87, 0.70, 0.26), clip=True)  # fmt: skip
    cloth.ellipse((x, 119.6), 1.7, 1.7, (0.97, 0.88, 0.52), clip=True)
    scarf = Cloth(geo, "silk scarf", order=40.2, thickness=1.0, shadow=0.45)
    silk = (0.95, 0.93, 0.88) if rng.random() < 0.75 else (0.82, 0.18, 0.16)
    scarf.fill(sym([(0, 103.2), (n * 0.7, 101.6), (n + 0.2, 97.8), (n + 1.6, 99), (n * 0.9, 108),
                    (5.4, 121), (0, 118)]), silk, to=tone(silk, 0.86), smooth=True)  # fmt: skip
    for u in (-0.7, -0.3, 0.15, 0.6):
        scarf.stroke([(64 + u * n, 102), (64 + u * 5, 112), (64 + u * 4, 121)], (0.3, 1.1, 0.4),
                     tone(silk, 0.62), 0.5, soft=0.3, clip=True)  # fmt: skip
    fleece = Cloth(geo, "fleece collar", order=40.4, thickness=1.3, shadow=0.5)
    wool = (0.90, 0.84, 0.72)
    for sign in (-1, 1):
        leaf = side([(n + 0.2, 97.0), (n + 5.0, 98.6), (n + 11.5, 107.5), (n + 8.5, 114.5),
                     (n + 1.5, 113.5), (n * 0.80, 106)], sign)  # fmt: skip
        fleece.fill(leaf, wool, to=tone(wool, 0.86), smooth=True)
        at = leaf.min(0) + rng.uniform(0, 1, (70, 2)) * np.ptp(leaf, axis=0)
        curl = np.array([(-0.8, 0.2), (0.0, -0.6), (0.8, 0.2)])
        fleece.many(lines(at[:35, None] + curl, 0.45), tone(wool, 0.62), 0.7)
        fleece.many(lines(at[35:, None] + curl, 0.45), tone(wool, 1.5), 0.7)
    return [back_collar(geo, wool, 4.0, 4.5), cloth, scarf, fleece]


def artist(geo: Geometry, person: Person, context: Context, rng: Rng) -> list[Layer]:
    """A painter's smock with blots of paint, an open collar and a knotted scarf."""
    smock = pick(rng, ((0.90, 0.87, 0.80), (0.42, 0.52, 0.66), (0.90, 0.87, 0.80)), 0.01)
    n, s = geo.neck_half, geo.shoulder_half
    cloth = Cloth(geo, "smock")
    cloth.fill(torso(geo, 0.6), smock)
    creases(cloth, geo, tone(smock, 0.92), rng, 1.1)
    for sign in (-1, 1):
        gather = [[(s * u, 108.6), (s * u * 0.97, 114), (s * u * 0.95, 120)]
                  for u in (0.30, 0.40, 0.50, 0.60)]  # fmt: skip
        cloth.many(lines([side(g, sign) for g in gather], (0.9, 0.6, 0.1)), tone(smock, 0.62), 0.5)
    for _ in range(11):
        x, y = 64 + rng.uniform(-0.85, 0.85) * s, rng.uniform(110, 127)
        paint = PAINTS[int(rng.integers(len(PAINTS)))]
        r = rng.uniform(0.9, 2.3)
        cloth.ellipse((x, y), r * 1.3, r, paint, 0.92, angle=rng.uniform(0, 180), clip=True)
        cloth.stroke([(x, y), (x + rng.normal(0, 1), y + r * 2.4)], (r * 0.8, r * 0.3), paint, 0.9,
                     clip=True)  # fmt: skip
    cloth.stroke([(64, 106), (64, 150)], 0.6, tone(smock, 0.55), 0.9, clip=True)
    buttons(cloth, [(64, 118.4), (64, 126)], 1.1, tone(smock, 0.7))
    collar = Cloth(geo, "open collar", order=40.4, thickness=0.8)
    for sign in (-1, 1):
        leaf = collar_leaf(geo, sign, 12.0, 9.0)
        collar.fill(leaf, tone(smock, 1.1))
        collar.stroke(leaf, 0.4, tone(smock, 0.5), 0.7, smooth=False, clip=True)
    red = pick(rng, ((0.82, 0.16, 0.18), (0.92, 0.62, 0.12), (0.16, 0.46, 0.50)))
    scarf = Cloth(geo, "artist's scarf", order=40.5, thickness=1.0)
    scarf.fill(band(99.8, n - 0.6, 3.8, 2.8, 0.5), red)
    for sign in (-1, 1):
        tail = side([(0.2, 105.0), (2.2, 105.2), (7.0, 112.2), (4.4, 113.4), (0.8, 109)], sign)
        scarf.fill(tail, tone(red, 0.9))
    scarf.ellipse((64, 105.2), 2.6, 2.2, tone(red, 1.08))
    scarf.stroke([(62.4, 104.6), (64, 105.6), (65.4, 104.4)], 0.4, INK, 0.4, clip=True)
    return [back_collar(geo, smock), cloth, collar, scarf]
