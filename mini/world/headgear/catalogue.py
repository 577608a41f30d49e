"""What people wear on their heads: one hatter for every role that has headgear.

No headgear reaches the brows; helmets leave the whole face open.
"""

from __future__ import annotations

from mini.world.garments.catalogue import Painter
from mini.world.headgear import court, tale, trade, work

#: Role -> painter(geo, person, context, rng) -> layers of slots "behind" and "front".
HEADGEAR: dict[str, Painter] = {
    "casual": work.beanie,
    "astronaut": work.astronaut,
    "chef": work.chef,
    "knight": court.knight,
    "doctor": work.doctor,
    "pirate": tale.pirate,
    "wizard": tale.wizard,
    "firefighter": work.firefighter,
    "royal": court.crown,
    "cowboy": tale.cowboy,
    "diver": work.diver,
    "police": work.police,
    "clown": tale.clown,
    "athlete": work.headband,
    "builder": trade.hard_hat,
    "pilot": trade.flying_helmet,
    "artist": trade.beret,
}
#: Head y (units) above which hair is hidden under the headgear; None hides none.
HIDE_HAIR: dict[str, float | None] = {
    "astronaut": None,
    "royal": None,
    "diver": None,
    "clown": None,
    "athlete": None,
    "casual": -20.0,
    "chef": -20.0,
    "knight": -18.0,
    "doctor": -20.0,
    "pirate": -20.0,
    "wizard": -20.0,
    "firefighter": -20.0,
    "cowboy": -20.0,
    "police": -20.0,
    "builder": -20.0,
    "pilot": -18.0,
    "artist": -20.0,
}
