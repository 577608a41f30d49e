"""Combinations of role and scene that training never sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mini.world import bank
from mini.world.combinations import held_out_pairs, is_held_out, roles_with, scenes_with
from mini.world.context import sample_context
from mini.world.registry import BROAD, NARROW, roles, scenes

PAIRS = held_out_pairs(BROAD)


def test_the_set_is_fixed() -> None:
    assert PAIRS == (
        ("chef", "room"), ("firefighter", "harbour"), ("cowboy", "street"), ("diver", "street"),
        ("business", "room"), ("builder", "desert"), ("builder", "kitchen"), ("pilot", "stage"),
        ("pilot", "harbour"), ("artist", "forest"), ("artist", "garden"),
    )  # fmt: skip
    assert held_out_pairs(NARROW) == () and not is_held_out(*PAIRS[0], NARROW)


@pytest.mark.parametrize("plain", [False, True])
def test_banks_do_not_draw_them(plain: bool) -> None:
    seen = set()
    for index in range(2500):
        context = bank.picture_context(bank.Plan(world=BROAD), index, plain)
        assert not is_held_out(context.role, context.scene, BROAD)
        seen.add((context.role, context.scene))
    whole = {(role, scene) for role in roles(BROAD) for scene in scenes(BROAD)} - set(PAIRS)
    assert plain or len(seen) > 0.9 * len(whole)


def test_one_that_is_given_keeps_away_from_the_other_two_that_are_given_stay() -> None:
    rng = np.random.default_rng(0)
    found = [sample_context(rng, BROAD, role="chef").scene for _ in range(400)]
    assert set(found) == set(scenes_with("chef", BROAD))
    found = [sample_context(rng, BROAD, scene="street").role for _ in range(900)]
    assert set(found) == set(roles_with("street", BROAD))
    asked = sample_context(rng, BROAD, role="chef", scene="room")
    assert (asked.role, asked.scene) == ("chef", "room") and is_held_out("chef", "room", BROAD)


def test_a_bank_keeps_to_its_people(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1000000"):
        next(bank.make(tmp_path, bank.Plan(8, start=bank.HELD_OUT_FROM - 1, world=BROAD), 1))
    assert not any(tmp_path.iterdir())
    held_out = bank.Plan(1, start=bank.HELD_OUT_FROM, world=BROAD)
    assert list(bank.make(tmp_path, held_out, 1)) == [1]
