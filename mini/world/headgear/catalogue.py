"""What people wear on their heads: one hatter for every role that has headgear.

No headgear reaches the brows; helmets leave the whole face open.
"""

from __future__ import annotations

from mini.world.headgear import court as headgear_court
from mini.world.headgear import tale as headgear_tale
from mini.world.headgear import trade as headgear_trade
from mini.world.headgear import work as headgear_work
from mini.world.garments.catalogue import Painter

#: Role -> painter(geo, person, context, rng) -> layers of slots "behind" and "front".
HEADGEAR: dict[str, Painter] = {
    "casual": headgear_work.beanie,
    "astronaut": headgear_work.astronaut,
    "chef": headgear_work.chef,
    "knight": headgear_court.knight,
    "doctor": headgear_work.doctor,
    "pirate": headgear_tale.pirate,
    "wizard": headgear_tale.wizard,
    "firefighter": headgear_work.firefighter,
    "royal": headgear_court.crown,
    "cowboy": headgear_tale.cowboy,
    "diver": headgear_work.diver,
    "police": headgear_work.police,
    "clown": headgear_tale.clown,
    "athlete": headgear_work.headband,
    "builder": headgear_trade.hard_hat,
    "pilot": headgear_trade.flying_helmet,
    "artist": headgear_trade.beret,
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
#: Camera zoom that leaves room for the headgear.
ZOOM: dict[str, float] = {
    "casual": 1.03,
    "knight": 1.02,
    "pirate": 1.04,
    "royal": 1.04,
    "cowboy": 1.0,
    "police": 1.05,
    "clown": 1.03,
    "diver": 1.02,
    "athlete": 1.15,
    "builder": 1.05,
    "pilot": 1.08,
    "artist": 1.06,
}
