"""The comparison's people, prompts and measures, on drawings made up here."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.drawings import Drawings
from benchmarks.rivals import cases
from benchmarks.rivals.measure import Plain, background, overlap, photo_direction
from mini.world.captions import VOCABULARY


def test_the_groups_of_people_are_apart() -> None:
    table, validation = cases.table_people(), cases.validation_people()
    strangers = [person + cases.GALLERY for person in table]
    assert len({*table, *validation, *strangers}) == 3 * cases.GALLERY
    assert min(table) >= 1_000_000  # no network saw them
    assert cases.gallery_of(table[3]) == table
    assert cases.gallery_of(validation[3]) == validation


@pytest.mark.parametrize("situation", cases.SITUATIONS)
def test_every_wish_is_one_of_32_in_words_the_base_knows(situation: str) -> None:
    wishes = cases.wishes_of(situation)
    everything = [*wishes.asked, *wishes.others]
    assert len(wishes.asked) == 8 and len(set(everything)) == 32
    words = set(re.findall(r"[a-z]+", " ".join(everything).lower()))
    assert words <= {*VOCABULARY, "a"}


def test_a_trained_combination_is_noticed() -> None:
    keys = ("role", "scene", "style", "expression")
    known = SimpleNamespace(**dict(zip(keys, cases.COMBINED[0], strict=True)))
    other = SimpleNamespace(**{**vars(known), "role": "casual"})
    assert cases.count_combined([other]) == 0
    assert cases.count_combined([known, other]) == 1


def test_people_have_seeds_of_their_own() -> None:
    seeds = [seed for person in cases.table_people() for seed in cases.Case(person).seeds]
    assert len(set(seeds)) == 2 * cases.GALLERY


def drawn(count: int, name: str) -> Any:
    keys = Drawings.__dataclass_fields__
    return Drawings(**{key: np.asarray([f"{name}{i}" for i in range(count)]) for key in keys})


def test_situations_change_the_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(name: str, persons: list[int], each: int, **_: Any) -> Any:
        return drawn(each, f"{name}:{persons[0]}:")

    monkeypatch.setattr(cases, "draw_set", fake)
    person = cases.table_people()[0]

    def photos(count: int, situation: str) -> list[str]:
        return list(cases.photos_of(cases.Case(person, count, situation)).rgb)

    assert photos(12, "main")[:4] == photos(4, "main")
    assert photos(4, "main")[:1] == photos(1, "main")
    kinds = [name.split(":")[0] for name in photos(4, "occluded")]
    assert kinds == ["rivals", "rivals", "rivals-shaded", "rivals-hatted"]
    assert photos(4, "stranger")[:4] == photos(4, "main")
    assert photos(4, "stranger")[4] == f"rivals:{person + cases.GALLERY}:0"
    assert {name.split(":")[0] for name in photos(4, "absent")} == {"rivals-calm"}


def face(rows: slice) -> Any:
    head = np.zeros((8, 8), np.float32)
    head[rows] = 1
    return SimpleNamespace(head=head)


def test_only_what_is_off_both_heads_is_background() -> None:
    before = np.zeros((1, 8, 8, 3), np.uint8)
    after = before.copy()
    after[0, :4] = 255  # on one head or the other
    plain = Plain(before, [face(slice(0, 2))])
    found = background(after, [face(slice(2, 4))], plain)
    assert found == {"background": 0.0, "change_on_head": 1.0}
    after[0, 4:6] = 51
    found = background(after, [face(slice(2, 4))], plain)
    assert found["background"] == pytest.approx(0.1)
    assert background(after, [None], Plain(before, [None]))["background"] is None


def test_overlap_is_intersection_over_union() -> None:
    map_ = np.zeros((1, 8, 8), np.float32)
    map_[0, :6] = 1
    assert overlap(map_, [face(slice(0, 6))]) == pytest.approx(1.0)
    assert overlap(map_, [face(slice(3, 8))]) == pytest.approx(3 / 8)
    assert overlap(map_, [None]) is None


def test_the_photos_direction_names_turn_and_expression() -> None:
    from mini.world.context import EXPRESSION_SHARES, EXPRESSIONS
    from mini.world.factors import NAMES

    row = np.zeros(len(NAMES), np.float32)
    row[NAMES.index("yaw")] = 0.6
    row[[i for i, n in enumerate(NAMES) if n.startswith("mood_")]] = EXPRESSIONS["sad"]
    found = photo_direction(SimpleNamespace(factors=np.stack([row, row])))  # type: ignore[arg-type]
    sad = list(EXPRESSIONS).index("sad")
    assert found[0] == pytest.approx(0.6)
    assert found[1 + sad] == pytest.approx(1 - EXPRESSION_SHARES[sad])
    assert found[1:].sum() == pytest.approx(0, abs=1e-6)
