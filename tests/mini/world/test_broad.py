"""The broad world: the narrow one's people and views in all roles, scenes and styles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mini.world import bank, registry
from mini.world.captions import canonical, caption, vocabulary
from mini.world.combinations import held_out_pairs, is_held_out
from mini.world.context import context_from, context_line, sample_context
from mini.world.people import sample_person
from mini.world.registry import BROAD, NARROW
from mini.world.render import draw

LISTS = (registry.roles, registry.scenes, registry.styles)


def test_it_lists_more_than_the_narrow_world() -> None:
    assert all(f(BROAD)[: len(f())] == f() for f in LISTS)
    assert [len(f(BROAD)) for f in LISTS] == [18, 17, 6]


def test_a_drawing_differs_from_the_narrow_worlds_in_nothing() -> None:
    asked = {"role": "chef", "scene": "beach", "style": "oil", "expression": "smile"}
    one, other = (sample_context(np.random.default_rng(3), w, **asked) for w in (NARROW, BROAD))
    assert (one.world, other.world) == ("narrow", "broad")
    first, second = draw(sample_person(1), one), draw(sample_person(1), other)
    assert first.caption == second.caption
    for part in ("rgb", "labels", "landmarks", "factors"):
        assert np.array_equal(getattr(first, part), getattr(second, part))


def test_captions_hold_only_its_words() -> None:
    words, rng = set(vocabulary(BROAD)), np.random.default_rng(0)
    said = set()
    for i in range(600):
        context = sample_context(rng, BROAD)
        for text in (caption(sample_person(i), context, rng), canonical(context, "woman")):
            said |= set(text.replace(",", "").split())
    assert said <= words and {"builder", "harbour", "woodblock"} <= said
    assert vocabulary(BROAD)[: len(vocabulary())] == vocabulary()


def test_pairs_are_held_out_that_the_narrow_world_never_showed() -> None:
    narrow = {(r, s) for r in registry.roles() for s in registry.scenes()}
    pairs = held_out_pairs(BROAD)
    assert len(pairs) == 11 and not set(pairs) & narrow
    plan = bank.Plan(per_person=6, seed=3, world=BROAD, styled=0.2, new=0.4)
    for index in range(1500):
        context = bank.picture_context(plan, index, index % 6 == 0)
        assert not is_held_out(context.role, context.scene, BROAD)
    asked = sample_context(np.random.default_rng(0), BROAD, role="pilot", scene="stage")
    assert (asked.role, asked.scene) == ("pilot", "stage")


def test_a_bank_can_hold_more_of_what_is_new(tmp_path: Path) -> None:
    def share(new: float) -> float:
        made = [bank.picture_context(bank.Plan(world=BROAD, new=new), i, False) for i in range(800)]
        shown = [
            any(getattr(c, kind) not in of() for kind, of in zip(("role", "scene", "style"), LISTS))
            for c in made
        ]
        return float(np.mean(shown))

    assert share(0.6) > share(0.0) + 0.3
    with pytest.raises(ValueError, match="narrow"):
        list(bank.make(tmp_path, bank.Plan(2, new=0.5), workers=1))


def test_a_bank_remembers_it(tmp_path: Path) -> None:
    assert list(bank.make(tmp_path, bank.Plan(2, world=BROAD), workers=1)) == [2]
    found = bank.Bank.open(tmp_path)
    assert found.world == BROAD and found.factors.shape == (2, 79)
    context = context_from(found.meta[1])
    assert context.world == "broad" and context_from(context_line(context)) == context
    assert np.array_equal(draw(sample_person(0), context).rgb, found.images[1])
