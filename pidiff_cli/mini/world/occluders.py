"""Things before a face: a hand, a mug, a microphone, a scarf, a mask, a strand of hair, shade.

Label 6 but for the strand, which is hair (3), and the shade, which changes light only. Landmarks
stay where the hidden parts are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pidiff_cli.mini.world import occluders_cloth, occluders_hands
from pidiff_cli.mini.world.canvas import Layer
from pidiff_cli.mini.world.context import Context
from pidiff_cli.mini.world.features import Features
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.occluders_form import LABEL, Rng
from pidiff_cli.mini.world.people import Person

__all__ = ["LABEL", "OCCLUDERS", "OCCLUDER_SHARES", "occluder_layers"]

_PAINTERS: dict[str, Callable[[Person, Geometry, Features, Rng], list[Layer]]] = {
    "hand": occluders_hands.hand,
    "cheek": occluders_hands.cheek,
    "mug": occluders_hands.mug,
    "microphone": occluders_hands.microphone,
    "scarf": occluders_cloth.scarf,
    "mask": occluders_cloth.mask,
    "strand": occluders_cloth.strand,
    "shade": occluders_cloth.shade,
}
#: Every occluder, "none" first.
OCCLUDERS: tuple[str, ...] = ("none", *_PAINTERS)
#: How often each but "none" is chosen.
OCCLUDER_SHARES = (0.17, 0.13, 0.12, 0.12, 0.12, 0.10, 0.12, 0.12)


def occluder_layers(p: Person, c: Context, geo: Geometry, f: Features) -> list[Layer]:
    """The layers of the context's occluder; none for "none". KeyError for an unknown one."""
    if c.occluder == "none":
        return []
    rng = np.random.default_rng([19, c.seed])
    return _PAINTERS[c.occluder](p, geo, f, rng)
