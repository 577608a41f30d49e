"""Neck and casual clothes (crew neck, stripes, turtleneck, hoodie, shirt)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.context import Context
from mini.world.head.features import Features
from mini.world.head.head import gloss
from mini.world.paint.canvas import ORDER, Array, Layer
from mini.world.paint.geometry import Geometry
from mini.world.paint.skin import skin_line
from mini.world.people import Person

CASUAL = ("tee", "stripes", "turtleneck", "hoodie", "shirt", "vneck")
CLOTH_COLOURS = np.array(
    [
        (0.80, 0.24, 0.24),
        (0.86, 0.47, 0.16),
        (0.88, 0.68, 0.18),
        (0.24, 0.55, 0.36),
        (0.20, 0.55, 0.58),
        (0.24, 0.42, 0.70),
        (0.32, 0.27, 0.60),
        (0.62, 0.26, 0.45),
        (0.36, 0.38, 0.42),
        (0.82, 0.80, 0.74),
        (0.17, 0.19, 0.24),
        (0.47, 0.60, 0.72),
        (0.55, 0.68, 0.48),
        (0.72, 0.56, 0.44),
    ]
)


def neck_layer(p: Person, geo: Geometry, f: Features, base: Array) -> Layer:
    """Neck, collarbones and the upper chest, with the chin's shade on it."""
    layer = Layer(geo.frame, "neck", material="skin", label=2, order=ORDER["neck"], shadow=0.2)
    n = geo.shape.neck
    top = geo.place([(0.0, geo.shape.mouth)], 3.0)[0]
    right = [
        (top[0] + n, top[1] - 4),
        (64 + n + 0.1 * (top[0] - 64), 93),
        (64 + n + 1.0, 100),
        (64 + n + 5.5, 105),
        (64 + geo.shoulder_half * 0.78, 110),
        (64 + geo.shoulder_half, 120),
        (64 + geo.shoulder_half, 150),
    ]
    left = [(top[0] - n, top[1] - 4)] + [(128 - x, y) for x, y in right[1:]]
    layer.fill(np.vstack([right, left[::-1]]), base * 0.97, to=base, smooth=True)
    dark = skin_line(base, 0.95)
    chin = geo.place([(0.0, geo.shape.chin + f.jaw_drop - 1)], 15.0)[0]
    layer.ellipse(chin + (0, 2.0), n * 1.05, 6.0, dark, 0.62, soft=3.0, clip=True)
    for side in (-1, 1):
        cord = [(64 + side * n * 0.75, 88), (64 + side * n * 0.5, 97), (64 + side * 2.5, 104)]
        layer.stroke(cord, (0.3, 1.4, 0.8), dark, 0.16, soft=0.9, clip=True)
        bone = [(64 + side * 3.5, 106), (64 + side * 11, 107.4), (64 + side * 24, 106)]
        layer.stroke(bone, (0.8, 1.3, 0.4), dark, 0.22, soft=0.6, clip=True)
    layer.bump(64, 100, n * 0.8, 9, 1.2)
    layer.gloss = gloss(base) * 0.5
    return layer


def torso(geo: Geometry, neck_y: float = 101.0, gap: float = 2.0) -> npt.NDArray[np.float64]:
    """Outline (N, 2) of a plain garment: neck opening at neck_y, shoulders, down past the frame.

    gap: how far the opening stands off the neck. Feed it to `Layer.fill(smooth=True)`.
    """
    n, w, y = geo.neck_half + gap, geo.shoulder_half, geo.shoulder_y
    right = [
        (n, neck_y),
        (n + 0.42 * (w - n), neck_y + 3.4),
        (w * 0.86, y - 4.2),
        (w + 0.5, y + 3.5),
        (w + 3.5, y + 14),
        (w + 5, 152),
    ]
    points = [(64 + x, yy) for x, yy in right] + [(64 - x, yy) for x, yy in right[::-1]]
    return geo.body(points)


def casual_layers(geo: Geometry, p: Person, c: Context, rng: np.random.Generator) -> list[Layer]:
    """One of the casual garments, chosen and coloured by the context's seed."""
    kind = CASUAL[int(rng.integers(len(CASUAL)))]
    colour = np.clip(
        CLOTH_COLOURS[int(rng.integers(len(CLOTH_COLOURS)))] * rng.uniform(0.9, 1.1), 0, 1
    )
    other = CLOTH_COLOURS[int(rng.integers(len(CLOTH_COLOURS)))]
    layers = []
    if kind == "hoodie":
        layers.append(_hood(geo, colour))
    layer = Layer(geo.frame, kind, material="cloth", label=1, order=ORDER["garment"], shadow=0.45)
    layer.fill(
        torso(geo), colour * 1.02, to=colour * 0.86, smooth=True, axis=((64, 100), (64, 130))
    )
    if kind == "stripes":
        _stripes(layer, geo, np.array([0.93, 0.91, 0.86]) if rng.random() < 0.7 else other)
    _neckline(layer, geo, kind, colour)
    _folds(layer, geo, rng)
    layers.append(layer)
    if kind in ("turtleneck", "hoodie", "shirt"):
        layers.append(_collar(geo, kind, colour))
    return layers


def _stripes(layer: Layer, geo: Geometry, colour: Array) -> None:
    x = np.linspace(-60, 60, 13)
    for y in range(107, 152, 7):
        arc = y + 1.0 - 0.0035 * x**2 * -1.0
        line = np.stack([64 + x, arc], 1)
        layer.stroke(geo.body(line), 3.3, colour, 0.95, clip=True)


def _neckline(layer: Layer, geo: Geometry, kind: str, colour: Array) -> None:
    n = geo.neck_half
    if kind in ("turtleneck", "shirt"):
        return
    deep = 117.0 if kind == "vneck" else 106.5
    x = np.linspace(-1, 1, 11)
    drop = (1 - np.abs(x)) if kind == "vneck" else np.sqrt(1 - x**2)
    edge = np.stack([64 + x * (n + 3.4), 99.5 + (deep - 99.5) * drop], 1)
    hole = np.vstack([edge, [(64 + n + 3.4, 90), (64 - n - 3.4, 90)]])
    layer.erase(geo.body(hole))
    layer.stroke(geo.body(edge + (0, 0.9)), 2.3, colour * 0.80, 1.0, smooth=False, clip=True)
    layer.stroke(geo.body(edge + (0, 2.2)), 0.5, colour * 0.55, 0.6, smooth=False, clip=True)


def _folds(layer: Layer, geo: Geometry, rng: np.random.Generator) -> None:
    w = geo.shoulder_half
    for side in (-1, 1):
        layer.bump(64 + side * w * 0.93, 116, 3.5, 6.0, 1.8)
        x = 64 + side * (w - 7)
        arm = [(x, 113), (x - side * 2.5, 120), (x - side * 2.0, 132)]
        layer.stroke(geo.body(arm), (0.3, 1.3, 1.0), (0.1, 0.06, 0.1), 0.28, soft=0.6, clip=True)
        for _ in range(3):
            a = rng.uniform(-25, 25) + 40 * side
            layer.bump(
                64 + side * rng.uniform(8, w - 8),
                rng.uniform(108, 124),
                1.3,
                6.0,
                rng.uniform(0.5, 1.0),
                a,
            )


def _hood(geo: Geometry, colour: Array) -> Layer:
    layer = Layer(
        geo.frame, "hood", material="cloth", label=1, order=ORDER["behind"], slot="behind"
    )
    n = geo.neck_half
    points = [
        (64 - n - 15, 106),
        (64 - n - 12, 95),
        (64 - n - 2, 88),
        (64 + n + 2, 88),
        (64 + n + 12, 95),
        (64 + n + 15, 106),
        (64, 114),
    ]
    layer.fill(geo.body(points), colour * 0.8, to=colour * 0.55, smooth=True)
    return layer


def _collar(geo: Geometry, kind: str, colour: Array) -> Layer:
    layer = Layer(
        geo.frame, "collar", material="cloth", label=1, order=ORDER["garment"] + 1, shadow=0.4
    )
    n = geo.neck_half
    if kind == "turtleneck":
        band = [
            (64 - n - 1.2, 92),
            (64, 95),
            (64 + n + 1.2, 92),
            (64 + n + 3.2, 104),
            (64, 107.5),
            (64 - n - 3.2, 104),
        ]
        layer.fill(geo.body(band), colour * 1.03, to=colour * 0.8, smooth=True)
        for x in np.linspace(-n, n, 11):
            rib = [(64 + x, 92), (64 + x * 1.12, 107)]
            layer.stroke(rib, 0.5, colour * 0.6, 0.45, smooth=False, clip=True)
        return layer
    for side in (-1, 1):
        if kind == "hoodie":
            flap = [
                (64 + side * (n + 1), 95.0),
                (64 + side * (n + 13), 99.0),
                (64 + side * (n + 8), 108.0),
                (64 + side * 1.0, 114.0),
                (64 + side * (n - 3), 104.0),
            ]
            layer.fill(geo.body(flap), colour * 0.95, to=colour * 0.75, smooth=True)
            cord = [(64 + side * 5, 110), (64 + side * 5.6, 117), (64 + side * 5.2, 125)]
            layer.stroke(cord, (1.1, 1.0, 1.4), (0.92, 0.90, 0.86))
        else:
            flap = [
                (64 + side * (n + 0.5), 96.0),
                (64 + side * (n + 6.5), 101.5),
                (64 + side * (n + 1.0), 112.0),
                (64 + side * 0.5, 106.5),
            ]
            layer.fill(geo.body(flap), np.minimum(colour * 1.12, 1), to=colour * 0.9)
    if kind == "shirt":
        layer.stroke([(64, 107), (64, 150)], 0.6, colour * 0.55, 0.8)
        for y in (113, 122, 131):
            layer.ellipse((64, y), 0.9, 0.9, (0.95, 0.94, 0.9))
    return layer
