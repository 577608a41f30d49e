"""Before a face without hands: a scarf, a mask, a strand of hair, the shade of a brim."""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.canvas import ORDER, Array, Layer, smooth_curve
from pidiff_cli.mini.world.features import Features, placed_outline
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.occluders_form import (
    LABEL,
    Rng,
    either_side,
    near_layer,
)
from pidiff_cli.mini.world.people import Person
from pidiff_cli.mini.world.strands import comb, grain_of, ribbons, spread

HAIR = 3
SCARVES = (
    (0.72, 0.16, 0.20), (0.20, 0.36, 0.58), (0.88, 0.72, 0.36), (0.28, 0.46, 0.36),
    (0.86, 0.84, 0.80), (0.36, 0.30, 0.44),
)  # fmt: skip


def scarf(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """A knitted scarf up over the mouth: a loose roll, a tighter one above, an end that hangs."""
    colour = np.asarray(SCARVES[int(rng.integers(len(SCARVES)))])
    s, side, high = geo.shape, either_side(rng), f.mouth.y - rng.uniform(2.0, 5.0)
    lower = near_layer(geo, "scarf", 0.0, "cloth")
    upper = near_layer(geo, "scarf", 0.2, "cloth")
    u = np.linspace(-1, 1, 15)
    wide = s.neck + 13.0
    top = np.stack([64 + u * wide, 97.5 - 1.5 * (1 - u**2)], 1)
    low = np.stack([64 + u * (wide + 1.0), 108.5 + 5.0 * (1 - u**2)], 1)
    end = np.array([(64 + side * 8.0, 106), (64 + side * 18.0, 105), (64 + side * 20.5, 152),
                    (64 + side * 7.0, 152)])  # fmt: skip
    lower.fill(end, colour * 0.94, to=colour * 0.8)
    lower.fill(smooth_curve(np.vstack([top, low[::-1]])), colour, to=colour * 0.82)
    rim = geo.face(np.stack([u * (s.jaw + 2.6), high + 2.2 * u**2], 1), 3.0)
    rim[[0, -1]] = geo.place([(-s.jaw - 3.4, high + 4.5), (s.jaw + 3.4, high + 4.5)], 2.0)
    foot = np.stack([64 + u * (s.neck + 8.5), 99.5 + 6.5 * (1 - u**2)], 1)
    upper.fill(smooth_curve(np.vstack([rim, foot[::-1]])), colour, to=colour * 0.86)
    for layer, a, b in ((lower, top, low), (upper, rim, foot)):
        layer.thickness, layer.shadow = 1.7, 0.6
        _knit(layer, a, b, colour)
    return [lower, upper]


def _knit(layer: Layer, top: Array, low: Array, colour: Array) -> None:
    """Ribs and folds of a roll between its edges (15, 2)."""
    u = np.linspace(-1, 1, 15)
    for k in (0.22, 0.46, 0.72):
        fold = top * (1 - k) + low * k + np.stack([0 * u, 1.2 * np.sin(3 * u + 5 * k)], 1)
        light = np.minimum(colour * 1.3, 1)
        layer.stroke(fold[1:-1], (0.3, 1.9, 0.3), colour * 0.5, 0.5, soft=0.5, clip=True)
        layer.stroke(fold[1:-1] + (0, 1.5), (0.3, 1.3, 0.3), light, 0.5, soft=0.4, clip=True)
    a, b = spread(top, 36), spread(low, 36)
    layer.many(ribbons(np.stack([a, (a + b) / 2, b], 1), np.full(36, 0.7)), colour * 0.6, 0.4)


def mask(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """A medical mask over nose and mouth."""
    s = geo.shape
    colours = ((0.62, 0.82, 0.90), (0.93, 0.94, 0.95), (0.16, 0.17, 0.20), (0.70, 0.86, 0.74))
    colour = np.asarray(colours[int(rng.integers(len(colours)))])
    layer = near_layer(geo, "mask", 0.0, "cloth")
    layer.thickness = 0.8
    top = f.nose_y - 6.5
    half = np.array([(0.0, top), (f.nose_half + 2.0, top + 2.2), (s.cheek * 0.80, top + 4.6),
                     (s.jaw * 0.93, f.mouth.y + 1.0), (s.jaw * 0.74, f.mouth.y + 7.0),
                     (s.chin_half * 0.9, s.chin + f.jaw_drop - 0.2),
                     (0.0, s.chin + f.jaw_drop + 1.6)])  # fmt: skip
    ring = np.vstack([half, (half[::-1] * (-1, 1))[1:-1]])
    layer.fill(geo.face(smooth_curve(ring), 3.0), colour, to=colour * 0.88)
    u = np.linspace(-1, 1, 11)
    for k in range(3):
        y = top + 6.5 + 4.6 * k
        pleat = np.stack([u * s.jaw * (0.92 - 0.07 * k), y + 1.5 * (1 - u**2)], 1)
        layer.stroke(geo.face(pleat, 3.4), 0.8, colour * 0.66, 0.75, soft=0.1, clip=True)
        layer.stroke(
            geo.face(pleat + (0, 0.9), 3.4), 0.6, np.minimum(colour * 1.1 + 0.05, 1), 0.7, clip=True
        )
    straps = Layer(geo.frame, "mask straps", material="cloth", label=LABEL, order=69.0, shadow=0.3)
    for side in (-1, 1):
        for a, b in (
            ((s.cheek * 0.78, top + 5.2), (s.cheek + 0.6, 0.5)),
            ((s.jaw * 0.80, f.mouth.y + 4.5), (s.cheek + 0.4, 7.5)),
        ):
            line = np.vstack(
                [
                    geo.face(np.array([a]) * (side, 1), 2.0),
                    geo.place(np.array([b]) * (side, 1), 0.0),
                ]
            )
            straps.stroke(line, 0.8, np.minimum(colour * 1.05, 1), smooth=False)
    return [straps, layer]


def strand(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """Locks of the person's hair blown across the face; nothing for the bald."""
    if p.hair_shape in ("bald", "buzz"):
        return []
    side, s, hair = either_side(rng), geo.shape, np.asarray(p.hair_rgb)
    layer = near_layer(geo, "locks", 0.0, "hair", HAIR)
    layer.order = ORDER["front"] - 2.0  # before glasses, under hats
    layer.shadow = 0.45
    u = np.linspace(0, 1, 9)[:, None]
    for k in range(int(rng.integers(2, 5))):
        start = np.array([side * s.skull * rng.uniform(0.35, 0.75), s.hairline * 1.02])
        end = np.array([side * (rng.uniform(-6, 12) - 3.0 * k), rng.uniform(8, 32)])
        bend = np.array([side * rng.uniform(10, 22), rng.uniform(-8, 6)])
        spine = (1 - u) ** 2 * start + 2 * u * (1 - u) * bend + u**2 * end
        wide = (rng.uniform(1.8, 3.4) * np.sin(np.pi * np.clip(u * 0.9 + 0.08, 0, 1)) + 0.25)[:, 0]
        off = np.stack([wide, 0.35 * wide], 1) / 2
        outer, inner = geo.face(spine + off, 4.0), geo.face(spine - off, 4.0)
        layer.fill(np.vstack([outer, inner[::-1]]), hair * 0.98, to=hair * 0.86, soft=0.1)
        mix = rng.uniform(-0.7, 1.7, 12)[:, None, None]
        drift = rng.normal(0, 1.3, (12, 1, 2)) * u[None] ** 2
        lines = outer[None] * mix + inner[None] * (1 - mix) + drift
        comb(layer, lines, hair, rng, grain_of(p), clip=False)
    return [layer]


def shade(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """The shade of a brim, or of leaves with spots of sun, over the upper half of the face."""
    order = ORDER["front_hair"] - 2.0  # on the skin, under the hair
    layer = Layer(geo.frame, "shade", material="flat", label=2, order=order, shadow=0.0)
    s, low, lean = geo.shape, rng.uniform(4.0, 14.0), rng.uniform(-4, 4)
    x = np.linspace(-1, 1, 17)
    edge = geo.face(np.stack([x * s.skull * 1.02, low + lean * x - 3.0 * x**2], 1), 1.0)
    top = geo.place(np.array([(s.skull * 1.1, s.top), (-s.skull * 1.1, s.top)]), -3.0)
    layer.fill(np.vstack([edge, top]), (0.10, 0.06, 0.10), 0.46, soft=1.0)
    if rng.random() < 0.4:
        for _ in range(9):
            at = geo.face([(rng.uniform(-1, 1) * s.cheek * 0.8, rng.uniform(-18, low))])[0]
            spot = np.array([(2.4, 0), (0, 1.8), (-2.4, 0), (0, -1.8)]) * rng.uniform(0.6, 1.5)
            layer.erase(at + spot, soft=0.6, smooth=True)
    head = Layer(geo.frame, "head")
    head.fill(placed_outline(geo, f), (0, 0, 0))
    layer.clip_to(head.alpha)
    return [layer]
