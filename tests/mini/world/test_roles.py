"""Clothes and headgear of the drawn world: every role draws, nothing covers the brows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mini.world.context import EXPRESSIONS, Context
from mini.world.garments.catalogue import GARMENTS
from mini.world.headgear.catalogue import HEADGEAR, HIDE_HAIR
from mini.world.paint.geometry import Geometry
from mini.world.people import sample_person
from mini.world.registry import BROAD, ZOOM, zoom_for
from mini.world.render import draw

PEOPLE = (3, 8, 52)


def _context(role: str, hat: bool = True, **fixed: Any) -> Context:
    return Context(role=role, headgear=hat, zoom=zoom_for(role, hat), **fixed)


def test_there_are_twelve_roles_and_more_with_headgear_for_most() -> None:
    assert tuple(GARMENTS) == BROAD.roles and BROAD.roles[0] == "casual"
    assert set(HEADGEAR) == set(BROAD.roles) - {"business"}
    assert set(HIDE_HAIR) <= set(HEADGEAR) and set(ZOOM) <= set(HEADGEAR)


@pytest.mark.parametrize("role", BROAD.roles)
def test_role_draws_clothes_within_the_slots(role: str) -> None:
    for person in map(sample_person, PEOPLE):
        context = _context(role, yaw=18.0, seed=person.seed)
        geo = Geometry(person, context)
        layers = GARMENTS[role](geo, person, context, np.random.default_rng(1))
        assert {layer.slot for layer in layers} <= {"behind", "garment"}
        assert all(layer.label == 1 and layer.order < 50 for layer in layers)
        cover = np.max([layer.alpha for layer in layers], 0)
        assert cover[-1].mean() > 0.4  # reaches the lower edge
        assert cover[:96].max() == 0.0  # leaves the face alone
        for layer in layers:
            assert np.isfinite(layer.rgb).all() and 0 <= layer.rgb.min() <= layer.rgb.max() <= 1.0


@pytest.mark.parametrize("role", sorted(HEADGEAR))
def test_headgear_stays_in_the_frame_and_off_the_face(role: str) -> None:
    for person in map(sample_person, PEOPLE):
        context = _context(role, seed=person.seed)
        geo = Geometry(person, context)
        layers = HEADGEAR[role](geo, person, context, np.random.default_rng(1))
        assert {layer.slot for layer in layers} <= {"behind", "front"}
        front = np.max([layer.alpha for layer in layers if layer.slot == "front"], 0)
        assert front.max() > 0.9
        assert front[0].max() == 0.0 and front[:, 0].max() == front[:, -1].max() == 0.0
        nose = geo.frame.to_px(geo.face([(0.0, 8.0)]))[0].astype(int)
        assert front[nose[1] - 12 : nose[1] + 30, nose[0] - 16 : nose[0] + 16].max() == 0.0


@pytest.mark.parametrize("role", sorted(HEADGEAR))
@pytest.mark.parametrize("expression", ["neutral", "surprised"])
def test_headgear_never_covers_the_brows(role: str, expression: str) -> None:
    for person in map(sample_person, PEOPLE):
        mood = EXPRESSIONS[expression]
        portrait = draw(person, _context(role, expression=expression, mood=mood), 256)
        brows = np.round(portrait.landmarks[17:27] - 0.5).astype(int)
        assert 4 in portrait.labels
        assert not (portrait.labels[brows[:, 1], brows[:, 0]] == 4).any()


def test_clothes_are_a_function_of_their_arguments() -> None:
    person = sample_person(8)
    for role in ("casual", "royal"):
        context = _context(role, seed=5)
        first, second = (draw(person, context, 64).rgb for _ in range(2))
        assert np.array_equal(first, second)
        other = draw(person, _context(role, seed=6), 64).rgb
        assert not np.array_equal(first, other)
