"""The wide world: its size and ranges, its words and its bank."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli.mini.world import captions_wide, registry
from pidiff_cli.mini.world.bank import HELD_OUT_FROM, Bank, Plan, make, picture_context
from pidiff_cli.mini.world.camera import NO_CAMERA
from pidiff_cli.mini.world.captions import VOCABULARY, caption, describe
from pidiff_cli.mini.world.context import (
    EXPRESSIONS,
    Companion,
    Context,
    context_from,
    context_line,
    sample_context,
)
from pidiff_cli.mini.world.factors import factors, groups, identity_factors, names
from pidiff_cli.mini.world.features import build_features, landmarks
from pidiff_cli.mini.world.geometry import Geometry
from pidiff_cli.mini.world.light import NEUTRAL
from pidiff_cli.mini.world.lighting import LIGHTS
from pidiff_cli.mini.world.occluders import OCCLUDERS
from pidiff_cli.mini.world.people import Person, person_from_mix, sample_person
from pidiff_cli.mini.world.people_wide import REACH
from pidiff_cli.mini.world.render import draw
from pidiff_cli.mini.world.worlds import NARROW, WIDE
from tests.wide_person import CALM, FIELDS


def _points(person: Person, context: Context) -> np.ndarray:
    """Landmarks (68, 2) px of a 128 px picture, without drawing it."""
    geo = Geometry(person, context)
    return geo.frame.to_px(landmarks(geo, build_features(person, context, geo))) / 2


# -- size and ranges -----------------------------------------------------------------------------
def test_the_wide_world_is_as_wide_as_was_asked_for() -> None:
    assert len(registry.roles(WIDE)) >= 16 and len(registry.scenes(WIDE)) >= 16
    assert len(registry.styles(WIDE)) >= 6 and len(EXPRESSIONS) >= 6
    vector, told = identity_factors(sample_person(1, WIDE), WIDE)
    assert len(FIELDS) == 28 and len(vector) == len(told) == 59 + 28
    assert registry.roles(WIDE)[: len(registry.roles())] == registry.roles()


def test_factors_have_names_and_groups_of_their_world() -> None:
    for world in (NARROW, WIDE):
        context = Context(world=world.name)
        values, parts = factors(sample_person(3, world), context, NEUTRAL), groups(world)
        assert len(values) == len(names(world)) == len(set(names(world)))
        assert list(parts) == ["coarse", "medium", "fine"]
        stops = [part.stop for part in parts.values()]
        assert [part.start for part in parts.values()] == [0, *stops[:2]]
        assert stops[-1] == len(values)
    mixed = person_from_mix(*(sample_person(i, WIDE) for i in range(3)))
    for i, part in enumerate(groups(WIDE).values()):
        own = factors(sample_person(i, WIDE), CALM, NEUTRAL)
        assert np.array_equal(factors(mixed, CALM, NEUTRAL)[part], own[part])


def test_contexts_keep_to_their_ranges_and_reach_them() -> None:
    rng = np.random.default_rng(2)
    many = [sample_context(rng, WIDE) for _ in range(1500)]
    for name, limit in (("yaw", 30), ("pitch", 15), ("roll", 15)):
        values = np.abs([getattr(c, name) for c in many])
        assert 0.85 * limit < values.max() <= limit
    for name, all_ in (("light", LIGHTS), ("occluder", OCCLUDERS)):
        assert {getattr(c, name) for c in many} == set(all_)
    assert {c.role for c in many} == set(registry.roles(WIDE))
    assert {c.scene for c in many} == set(registry.scenes(WIDE))
    assert {c.style for c in many} == set(registry.styles(WIDE))
    assert 0.05 < np.mean([c.glasses == "sunglasses" for c in many]) < 0.14
    assert 0.08 < np.mean([c.companion is not None for c in many]) < 0.16
    assert 0.3 < np.mean([c.camera != NO_CAMERA for c in many]) < 0.7
    zooms = [c.zoom for c in many if not c.companion]
    assert min(zooms) < 0.85 and max(zooms) > 1.25
    assert max(abs(c.offset[0]) for c in many) > 14


def test_everybody_stays_in_the_frame() -> None:
    rng = np.random.default_rng(3)
    for i in range(300):
        context = sample_context(rng, WIDE)
        found = [_points(sample_person(i, WIDE), context)]
        if mate := context.companion:
            assert 500_000 <= mate.person < HELD_OUT_FROM
            found.append(_points(sample_person(mate.person, WIDE), mate.context))
            assert (found[0][:, 0].mean() - found[1][:, 0].mean()) * context.offset[0] > 0
        for points in found:
            assert points.min() > 6 and points.max() < 122


def test_people_are_wider_whiter_and_shaven() -> None:
    wide = [sample_person(i, WIDE) for i in range(1200)]
    assert sample_person(5, WIDE) == sample_person(5, WIDE) != sample_person(5)
    for name in ("skull", "jaw", "neck", "build"):
        values = np.array([getattr(p, name) for p in wide])
        assert np.abs(values).max() <= REACH and np.abs(values).max() > 1.2
    for name in FIELDS:
        values = np.array([getattr(p, name) for p in wide])
        assert values.std() > 0.03 and np.abs(values).max() <= 1.2
    old = [p for p in wide if p.age > 0.45]
    white = [p for p in old if np.mean(p.hair_rgb) > 0.84]
    assert len(old) > 0.12 * len(wide) and len(white) > 0.2 * len(old)
    assert any(p.skin > 0.5 for p in white) and any(p.skin < -0.5 for p in white)
    assert np.mean([p.beard == "none" for p in old if p.noun == "man"]) > 0.45
    assert all(p.beard == "none" for p in wide if p.noun != "man")


def test_worlds_survive_pickling() -> None:
    for world in (NARROW, WIDE):
        copy = pickle.loads(pickle.dumps(world))  # noqa: S301  # as worker processes get it
        assert sample_person(4, copy) == sample_person(4, world)
        assert registry.scenes(copy) == registry.scenes(world)
        assert names(copy) == names(world)


# -- words and the bank --------------------------------------------------------------------------
def test_wide_captions_keep_to_the_wide_vocabulary() -> None:
    words, seen = captions_wide.vocabulary(WIDE), set()
    assert words[: len(VOCABULARY)] == VOCABULARY and len(set(words)) == len(words)
    for i in range(600):
        rng = np.random.default_rng(i)
        text = caption(sample_person(i, WIDE), sample_context(rng, WIDE), rng)
        assert text == text.lower() and "  " not in text and "{" not in text
        found = set(re.findall(r"[a-z]+", text))
        assert found <= set(words), text
        assert len(re.findall(r"[a-z]+|,", text)) <= captions_wide.MOST_TOKENS
        seen |= found
    assert {"white", "another", "builder", "harbour", "woodblock", "old"} <= seen


def test_canonical_captions_tell_the_wide_facts() -> None:
    words = set(captions_wide.vocabulary(WIDE))
    told = describe(role="pilot", scene="harbour", noun="woman", companion="woman")
    assert told == "a photo of a woman as a pilot with another woman at a harbour"
    assert "with a man" in describe(noun="woman", companion="man")
    assert describe(occluder="mug", light="back").endswith(", with a mug, lit from behind")
    for role in registry.roles(WIDE):
        for style, scene in zip(registry.styles(WIDE) * 3, registry.scenes(WIDE)):
            text = describe(role=role, scene=scene, style=style, noun="boy")
            assert set(re.findall(r"[a-z]+", text)) <= words


def test_a_context_goes_through_a_meta_line() -> None:
    rng = np.random.default_rng(4)
    for _ in range(60):
        context = sample_context(rng, WIDE)
        assert context_from({"noun": "man", "caption": "", **context_line(context)}) == context
    narrow = sample_context(rng)
    assert context_from(context_line(narrow)) == narrow
    mate = Companion(500_001, CALM)
    assert context_from(context_line(replace(CALM, companion=mate))).companion == mate


def test_a_wide_bank_tells_its_world(tmp_path: Path) -> None:
    assert list(make(tmp_path, Plan(8, start=20, seed=3, world=WIDE), workers=1)) == [8]
    bank = Bank.open(tmp_path)
    assert bank.world == WIDE and bank.groups == groups(WIDE) and bank.factor_names == names(WIDE)
    assert bank.factors.shape == (8, len(bank.factor_names))
    assert bank.other_labels is not None and bank.other_landmarks is not None
    company = [line["companion"] is not None for line in bank.meta]
    assert [not np.isnan(p).any() for p in bank.other_landmarks] == company
    i = company.index(True) if any(company) else 1
    person = sample_person(int(bank.persons[i]), bank.world)
    again = draw(person, context_from(bank.meta[i]))
    assert np.array_equal(again.rgb, bank.images[i]) and again.caption == bank.meta[i]["caption"]
    for i in range(30):
        plain = picture_context(Plan(seed=3, world=WIDE), i, True)
        assert plain.companion is None and plain.occluder == "none" and plain.style == "photo"
        assert max(abs(plain.yaw) / 12, abs(plain.pitch) / 8, abs(plain.roll) / 6) <= 1
    with pytest.raises(ValueError, match="wide"):
        list(make(tmp_path, Plan(8, start=20, seed=3), workers=1))


def test_a_bank_without_world_json_is_narrow(tmp_path: Path) -> None:
    assert list(make(tmp_path, Plan(2, 2), workers=1)) == [2]
    (tmp_path / "world.json").unlink()
    bank = Bank.open(tmp_path)
    assert bank.world == NARROW and bank.factors.shape == (2, 79) and bank.other_labels is None
    assert "world" not in bank.meta[0] and "camera" not in bank.meta[0]
    with pytest.raises(ValueError, match="narrow"):
        list(make(tmp_path, Plan(2, 2, world=WIDE), workers=1))
