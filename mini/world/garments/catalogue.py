"""What people wear: one tailor for every role; see `garments_*.py` for the drawing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mini.world.garments import plain as garments_plain
from mini.world.garments import smart as garments_smart
from mini.world.garments import tale as garments_tale
from mini.world.garments import trade as garments_trade
from mini.world.garments import work as garments_work
from mini.world.paint.canvas import Layer
from mini.world.context import Context
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

Painter = Callable[[Geometry, Person, Context, np.random.Generator], list[Layer]]

#: Role -> painter(geo, person, context, rng) -> layers of slots "behind" and "garment".
GARMENTS: dict[str, Painter] = {
    "casual": garments_plain.casual,
    "astronaut": garments_work.astronaut,
    "chef": garments_work.chef,
    "knight": garments_tale.knight,
    "doctor": garments_work.doctor,
    "pirate": garments_tale.pirate,
    "wizard": garments_tale.wizard,
    "firefighter": garments_work.firefighter,
    "royal": garments_tale.royal,
    "cowboy": garments_tale.cowboy,
    "diver": garments_work.diver,
    "police": garments_work.police,
    "clown": garments_tale.clown,
    "business": garments_smart.business,
    "athlete": garments_smart.athlete,
}
#: Every role of the narrow world, "casual" first.
ROLES: tuple[str, ...] = tuple(GARMENTS)
#: Roles that only the wide world has.
GARMENTS |= {
    "builder": garments_trade.builder,
    "pilot": garments_trade.pilot,
    "artist": garments_trade.artist,
}
WIDE_ROLES: tuple[str, ...] = tuple(GARMENTS)
