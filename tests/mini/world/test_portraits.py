"""The demo's portraits are drawings of the narrow world."""

from __future__ import annotations

import numpy as np

from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.images import read_photo
from pidiff_cli.stages.demo import NOUN, PORTRAITS

PERSON = 1_000_007  # held out from every training
LOOKS = (
    ("neutral", "library", -12.0), ("smile", "beach", 8.0),
    ("neutral", "forest", 16.0), ("smile", "studio", 0.0),
)  # fmt: skip


def test_the_shipped_portraits_are_what_is_drawn() -> None:
    person = sample_person(PERSON)
    assert person.noun == NOUN and len(list(PORTRAITS.glob("*.png"))) == len(LOOKS)
    for number, (expression, scene, yaw) in enumerate(LOOKS, start=1):
        context = sample_context(
            np.random.default_rng([PERSON, number]), expression=expression, scene=scene, yaw=yaw,
            role="casual", style="photo", headgear=False, glasses="none",
        )  # fmt: skip
        shipped = read_photo(PORTRAITS / f"portrait_{number}.png")
        apart = shipped.astype(int) - draw(person, context, 256).rgb
        assert np.abs(apart).mean() < 0.05  # levels of 255: another processor's last bit
