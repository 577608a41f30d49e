"""Combinations of role and scene that training never sees."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mini.world import bank
from mini.world.combinations import (
    held_out_pairs,
    is_held_out,
    roles_with,
    scenes_with,
)
from mini.world.context import sample_context
from mini.world.registry import roles, scenes
from mini.world.worlds import NARROW, WIDE

PAIRS = held_out_pairs(WIDE)


def test_the_set_is_fixed_and_a_tenth_of_all() -> None:
    assert PAIRS[:4] == (
        ("astronaut", "forest"), ("astronaut", "garden"), ("chef", "garden"), ("chef", "room"),
    )  # fmt: skip
    assert PAIRS[-1] == ("artist", "garden") and len(PAIRS) == len(set(PAIRS)) == 34
    share = len(PAIRS) / (len(roles(WIDE)) * len(scenes(WIDE)))
    assert 0.10 <= share <= 0.15
    assert held_out_pairs(NARROW) == () and not is_held_out(*PAIRS[0], NARROW)


def test_every_role_and_scene_is_seen_often_and_asked_for() -> None:
    by_role, by_scene = (Counter(pair[k] for pair in PAIRS) for k in (0, 1))
    assert set(by_role) == set(roles(WIDE)) - {"casual"} and set(by_role.values()) == {2}
    assert set(by_scene) == set(scenes(WIDE)) - {"studio"}
    assert set(by_scene.values()) <= {2, 3}
    assert len(scenes_with("chef", WIDE)) == 15 and len(roles_with("forest", WIDE)) == 15


@pytest.mark.parametrize("plain", [False, True])
def test_banks_do_not_draw_them(plain: bool) -> None:
    seen = set()
    for index in range(2500):
        context = bank.picture_context(bank.Plan(world=WIDE), index, plain)
        people = [context, *([context.companion.context] if context.companion else [])]
        for one in people:
            assert not is_held_out(one.role, one.scene, WIDE)
            seen.add((one.role, one.scene))
    whole = {(role, scene) for role in roles(WIDE) for scene in scenes(WIDE)} - set(PAIRS)
    assert plain or len(seen) > 0.9 * len(whole)


def test_one_that_is_given_keeps_away_from_the_other_two_that_are_given_stay() -> None:
    rng = np.random.default_rng(0)
    found = [sample_context(rng, WIDE, role="chef").scene for _ in range(400)]
    assert set(found) == set(scenes_with("chef", WIDE))
    found = [sample_context(rng, WIDE, scene="forest").role for _ in range(900)]
    assert set(found) == set(roles_with("forest", WIDE))
    asked = sample_context(rng, WIDE, role="chef", scene="garden")
    assert (asked.role, asked.scene) == ("chef", "garden") and is_held_out("chef", "garden", WIDE)


def test_a_bank_keeps_to_its_people(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="500000"):
        next(bank.make(tmp_path, bank.Plan(8, start=499_999, world=WIDE), 1))
    assert not any(tmp_path.iterdir())
    held_out = bank.Plan(1, start=bank.HELD_OUT_FROM, world=WIDE)
    assert list(bank.make(tmp_path, held_out, 1)) == [1]
