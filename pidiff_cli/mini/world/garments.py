"""What people wear: one tailor for every role; see `garments_*.py` for the drawing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pidiff_cli.mini.world import (
    garments_plain,
    garments_smart,
    garments_tale,
    garments_trade,
    garments_work,
)
from pidiff_cli.mini.world.canvas import Layer
from pidiff_cli.mini.world.context import Context
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.people import Person

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
