"""What things before a face share: their label, their place before all else, a side."""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.canvas import Layer
from pidiff_cli.mini.world.geometry import Geometry

LABEL = 6
ORDER_BEFORE = 96.0  # nearer than hats
Rng = np.random.Generator


def near_layer(
    geo: Geometry, name: str, step: float, material: str = "skin", label: int = LABEL
) -> Layer:
    """A layer before the face; skin is thin and glossy."""
    layer = Layer(
        geo.frame, name, material=material, label=label, order=ORDER_BEFORE + step, shadow=0.5
    )
    if material == "skin":
        layer.gloss, layer.thickness = 0.12, 0.75
    return layer


def either_side(rng: Rng) -> int:
    """-1 or +1."""
    return -1 if rng.random() < 0.5 else 1
