"""Before a face without hands: a scarf, a mask, a strand of hair, the shade of a brim."""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.canvas import Layer, smooth_curve
from pidiff_cli.mini.world.features import Features, placed_outline
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.occluders_form import (
    LABEL,
    ORDER_BEFORE,
    Rng,
    either_side,
    near_layer,
)
from pidiff_cli.mini.world.people import Person
from pidiff_cli.mini.world.strands import comb, grain_of


def scarf(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """A knitted scarf up over the mouth."""
    s = geo.shape
    colours = ((0.72, 0.16, 0.20), (0.20, 0.36, 0.58), (0.88, 0.72, 0.36), (0.28, 0.46, 0.36),
               (0.86, 0.84, 0.80), (0.36, 0.30, 0.44))  # fmt: skip
    colour = np.asarray(colours[int(rng.integers(len(colours)))])
    layer = near_layer(geo, "scarf", 0.0, "cloth")
    layer.thickness, high = 1.5, f.mouth.y - rng.uniform(2.5, 5.5)
    x = np.linspace(-1, 1, 15)
    ends = geo.place(np.array([(-s.cheek - 3.2, 11.0), (s.cheek + 3.2, 11.0)]), 0.0)
    top = geo.face(np.stack([x * (s.jaw + 1.5), high + 1.6 * (1 - x**2) - 4.2 * x**2], 1), 3.0)
    low = np.stack(
        [
            64 + np.linspace(1, -1, 13) * (s.neck + 11.0),
            108 + 3.5 * np.cos(np.linspace(1, -1, 13) * 1.5),
        ],
        1,
    )
    outline = np.vstack([ends[:1], top, ends[1:], low])
    layer.fill(outline, colour, to=colour * 0.82)
    for shift in (0.0, 1.0):
        fold = np.vstack(
            [
                ends[:1] + (1.5, 6 + 9 * shift),
                top[2:-2:3] + (0, 8 + 8.5 * shift),
                ends[1:] + (-1.5, 7 + 9 * shift),
            ]
        )
        layer.stroke(fold, (0.6, 2.6, 0.6), colour * 0.52, 0.55, soft=0.7, clip=True)
        layer.stroke(
            fold + (0, 1.6), (0.4, 1.4, 0.4), np.minimum(colour * 1.25, 1), 0.5, soft=0.5, clip=True
        )
    knit = np.linspace(-1, 1, 30)
    for u in knit:
        a = geo.face([(u * (s.jaw + 3.0), high - 3.0)], 3.0)[0]
        b = np.array([64 + u * (s.neck + 11), 110.0])
        layer.stroke(np.array([a, (a + b) / 2, b]), 0.5, colour * 0.6, 0.32, clip=True)
    return [layer]


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
    """A lock of the person's hair blown across the face; nothing for the bald."""
    if p.hair_shape in ("bald", "buzz"):
        return []
    side, s, hair = either_side(rng), geo.shape, np.asarray(p.hair_rgb)
    layer = near_layer(geo, "lock", 0.0, "hair", 3)
    layer.shadow = 0.45
    start, end = (
        np.array([side * s.skull * 0.60, s.hairline * 0.98]),
        np.array([side * rng.uniform(1, 7), rng.uniform(16, 30)]),
    )
    bend = np.array([side * rng.uniform(8, 14), -2.0])
    u = np.linspace(0, 1, 9)[:, None]
    spine = (1 - u) ** 2 * start + 2 * u * (1 - u) * bend + u**2 * end
    wide = (4.6 * (1 - u) ** 0.7 + 0.5)[:, 0]
    off = np.stack([wide, 0.25 * wide], 1) / 2
    outer, inner = geo.face(spine + off, 4.0), geo.face(spine - off, 4.0)
    layer.fill(np.vstack([outer, inner[::-1]]), hair * 0.98, to=hair * 0.86, soft=0.1)
    k = rng.uniform(-0.35, 1.35, 26)[:, None, None]
    drift = rng.normal(0, 0.6, (26, 1, 2)) * u[None]
    lines = outer[None] * k + inner[None] * (1 - k) + drift
    comb(layer, lines, hair, rng, grain_of(p), clip=False)
    return [layer]


def shade(p: Person, geo: Geometry, f: Features, rng: Rng) -> list[Layer]:
    """The shade of a brim or of leaves over the upper half of the face."""
    layer = Layer(
        geo.frame, "shade", material="flat", label=2, order=ORDER_BEFORE - 15.5, shadow=0.0
    )
    s, low = geo.shape, rng.uniform(4.0, 13.0)
    x = np.linspace(-1, 1, 17)
    lean = rng.uniform(-4, 4)
    edge = geo.face(np.stack([x * s.skull * 1.02, low + lean * x - 3.0 * x**2], 1), 1.0)
    outline = placed_outline(geo, f)
    top = geo.place(np.array([(s.skull * 1.1, s.top), (-s.skull * 1.1, s.top)]), -3.0)
    inside = Layer(geo.frame, "cut")
    inside.fill(outline, (0, 0, 0))
    layer.fill(np.vstack([edge, top]), (0.10, 0.06, 0.10), 0.46, soft=0.9)
    if rng.random() < 0.4:  # leaves: patches of sun
        for _ in range(7):
            at = geo.face([(rng.uniform(-1, 1) * s.cheek * 0.8, rng.uniform(-16, low))])[0]
            layer.erase(
                at + np.array([(2.4, 0), (0, 1.8), (-2.4, 0), (0, -1.8)]) * rng.uniform(0.6, 1.4),
                soft=0.6,
                smooth=True,
            )
    layer.clip_to(inside.alpha)
    return [layer]
