"""Which seed comes first: the one whose pictures show what was asked."""

from __future__ import annotations

from typing import Any

from benchmarks.quality.default_seed import HARD, ROLES, good, means, numbers
from mini.world.registry import BROAD


def row(seed: int, role: str, right: bool = True, hat: float = 0.9) -> dict[str, Any]:
    return {"seed": seed, "role": role, "right": right, "hat": hat, "likeness": None}


def test_every_role_is_asked_for_once_the_hard_ones_first() -> None:
    assert sorted(ROLES) == sorted(BROAD.roles[1:]) and ROLES[: len(HARD)] == HARD


def test_a_picture_is_good_with_role_and_hat() -> None:
    assert good(row(0, "chef")) and good(row(0, "business", hat=0.0))
    assert not good(row(0, "chef", hat=0.1)) and not good(row(0, "chef", right=False))


def test_the_seed_with_most_good_pictures_comes_first_then_the_surest_hats() -> None:
    rows = [row(0, "chef", hat=0.2), row(1, "chef", hat=0.8), row(2, "chef"), row(0, "king")]
    table = means(rows)
    assert [*table] == [2, 1, 0] and table[0]["missed"] == ["chef"] and table[0]["pictures"] == 2


def test_numbers() -> None:
    assert numbers("0-3,7") == [0, 1, 2, 3, 7]
