"""What people wear: one tailor for every role; the other files of this folder draw it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mini.world.context import Context
from mini.world.garments import plain, smart, tale, trade, work
from mini.world.paint.canvas import Layer
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

Painter = Callable[[Geometry, Person, Context, np.random.Generator], list[Layer]]

#: Role -> painter(geo, person, context, rng) -> layers of slots "behind" and "garment".
GARMENTS: dict[str, Painter] = {
    "casual": plain.casual,
    "astronaut": work.astronaut,
    "chef": work.chef,
    "knight": tale.knight,
    "doctor": work.doctor,
    "pirate": tale.pirate,
    "wizard": tale.wizard,
    "firefighter": work.firefighter,
    "royal": tale.royal,
    "cowboy": tale.cowboy,
    "diver": work.diver,
    "police": work.police,
    "clown": tale.clown,
    "business": smart.business,
    "athlete": smart.athlete,
    "builder": trade.builder,
    "pilot": trade.pilot,
    "artist": trade.artist,
}
