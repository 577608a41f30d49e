"""People with traits: who they are, how their marks are drawn, and that the judge sees them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.places import WEIGHTS
from benchmarks.rivals import cases
from benchmarks.rivals.traits import drawings
from benchmarks.rivals.traits.judge import TraitJudge
from benchmarks.rivals.traits.learn import mirrored, together
from benchmarks.rivals.traits.marks import draw
from benchmarks.rivals.traits.net import FILE, label_of
from benchmarks.rivals.traits.people import (
    KINDS,
    PROPORTIONS,
    TWINS,
    gallery,
    kind_of,
    somebody,
    trait_people,
)
from mini.world import render
from mini.world.context import Context
from pidiff_cli.core.metrics.judge import load_judge

SKIN, HAIR, HEADGEAR, GLASSES = 2, 3, 4, 5
BEYOND = {name for values in PROPORTIONS for name in values}


def first(kind: str, validation: bool = False) -> int:
    return next(i for i in trait_people(validation) if kind_of(i) == kind)


def changed(person: int, context: Context) -> tuple[np.ndarray, render.Portrait]:
    """Where a person differs from their plain twin, and the twin's portrait."""
    twin = draw(somebody(person + 1), context)
    rgb = draw(somebody(person), context).rgb
    return np.abs(rgb.astype(int) - twin.rgb).max(-1) > 8, twin


def test_a_gallery_is_twenty_groups_of_five_and_four_of_each_kind() -> None:
    everybody = [*gallery(), *gallery(validation=True)]
    assert len(set(everybody)) == 200
    assert not set(everybody) & {*cases.table_people(), *cases.validation_people()}
    for validation in (False, True):
        kinds = [kind_of(person) for person in trait_people(validation)]
        assert [kinds.count(kind) for kind in KINDS] == [4] * 5
        assert len({somebody(person).person.seed for person in gallery(validation)}) == 20


@pytest.mark.parametrize("person", [*trait_people(), *trait_people(validation=True)])
def test_twins_are_equal_but_for_the_trait(person: int) -> None:
    own, plain, *others = [somebody(person + place) for place in range(TWINS)]
    assert plain.mark is None and len({own, plain, *others}) == TWINS
    for twin in (own, *others):
        named = {k for k, v in asdict(twin.person).items() if v != getattr(plain.person, k)}
        assert named <= BEYOND and bool(named) == (kind_of(person) == "proportions")
        assert (twin.mark is None) == bool(named)
    if own.mark is not None:
        for twin in others:
            assert twin.mark is not None
            told = asdict(own.mark)
            assert sum(told[k] != v for k, v in asdict(twin.mark).items()) == 1


def test_drawing_is_the_same_again_and_leaves_the_world_as_it_was() -> None:
    person, context = first("birthmark"), Context(yaw=10.0, scene="beach")
    before = render.figure_layers
    one, two = (draw(somebody(person), context) for _ in range(2))
    assert (one.rgb == two.rgb).all() and render.figure_layers is before
    plain = render.draw(somebody(person + 1).person, context)
    assert (plain.rgb == draw(somebody(person + 1), context).rgb).all()
    assert (plain.labels == one.labels).all() and (plain.rgb != one.rgb).any()


@pytest.mark.parametrize("kind", ["birthmark", "scar", "vitiligo", "strand"])
def test_a_mark_lies_on_skin_or_hair_and_is_large_enough(kind: str) -> None:
    where, twin = changed(first(kind), Context())
    assert where.sum() >= 40  # of 16,384 px
    assert np.isin(twin.labels[where], HAIR if kind == "strand" else SKIN).mean() > 0.8


def test_what_is_worn_covers_a_mark() -> None:
    context = Context(glasses="sunglasses", role="chef", headgear=True)
    for kind in ("birthmark", "vitiligo", "strand"):
        where, twin = changed(first(kind), context)
        assert np.isin(twin.labels[where], (HEADGEAR, GLASSES)).mean() < 0.1


def test_a_mark_turns_with_the_head() -> None:
    person = first("birthmark")
    x = [np.argwhere(changed(person, Context(yaw=yaw))[0])[:, 1].mean() for yaw in (-20, 0, 20)]
    assert x[0] + 2 < x[1] < x[2] - 2


def test_photos_and_references_are_cached_and_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawings, "CACHE", tmp_path)
    monkeypatch.setattr(drawings, "PHOTOS", 3)
    person = first("scar")
    photos = cases.photos_of(cases.Case(person, 2, "traits"))
    again = drawings.photos_of(person, 3)
    assert photos.rgb.shape == (2, 256, 256, 3) and set(photos.style) == {"photo"}
    assert (again.rgb[:2] == photos.rgb).all() and len(list(tmp_path.iterdir())) == 1


def test_cases_of_traits_have_their_own_people_and_gallery() -> None:
    assert cases.people_of("traits") == trait_people()
    assert cases.people_of("main") == cases.table_people()
    for validation in (False, True):
        person = cases.people_of("traits", validation)[7]
        assert cases.gallery_of(person) == gallery(validation)


def test_labels_tell_the_twins_apart_and_mirror() -> None:
    labels = {tuple(label_of(first(kind) + place)) for kind in KINDS for place in range(TWINS)}
    assert len(labels) == 4 * len(KINDS) + 1  # all plain ones alike
    person = first("scar")
    assert (mirrored(label_of(person)) == label_of(person + 2)).all()


def test_the_contrastive_loss_prefers_pictures_of_a_person_together() -> None:
    vectors = torch.eye(4).repeat_interleave(2, 0)
    right, wrong = torch.arange(4).repeat_interleave(2), torch.arange(4).repeat(2)
    assert together(vectors, right) < together(vectors, wrong)


def test_the_judge_tells_the_person_from_the_twins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawings, "CACHE", tmp_path)
    assert FILE.stat().st_size < 1_000_000
    judge = TraitJudge(load_judge(WEIGHTS / "judge"))
    for kind in ("birthmark", "strand"):
        ids = [first(kind) + place for place in range(TWINS)]
        drawn = drawings.draw_traits("test", ids[:2], 2, style="photo", glasses="none")
        assert judge.found(drawn.plain, ids) == drawn.persons.tolist()
