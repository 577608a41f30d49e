"""Scenes, captions and the bank: determinism, ranges, words, round trip."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mini.world.bank import HELD_OUT_FROM, Bank, Plan, make, picture_context
from mini.world.captions import VOCABULARY, caption, describe
from mini.world.context import EXPRESSIONS, sample_context
from mini.world.people import sample_person
from mini.world.registry import BROAD, NARROW
from mini.world.scenes.catalogue import paint_scene
from mini.world.sheets import portrait


@pytest.mark.parametrize("name", BROAD.scenes)
def test_a_scene_is_a_function_of_its_seed(name: str) -> None:
    one, light = paint_scene(name, 5, 128)
    two, again = paint_scene(name, 5, 128)
    assert one.shape == (128, 128, 3) and one.dtype == np.float32
    assert one.min() >= 0 and one.max() <= 1 and one.std() > 0.005
    assert np.array_equal(one, two) and light == again
    assert light.key_dir[2] > 0 and max(light.key_rgb) <= 1


def test_a_scene_looks_the_same_at_both_sizes_and_differs_by_seed() -> None:
    small, large = paint_scene("beach", 3, 128)[0], paint_scene("beach", 3, 256)[0]
    halved = large.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(halved - small).mean() < 0.02
    assert np.abs(small - paint_scene("beach", 4, 128)[0]).mean() > 0.03


def test_an_unknown_scene_is_refused() -> None:
    with pytest.raises(KeyError):
        paint_scene("volcano", 0, 128)


def test_captions_keep_to_the_vocabulary() -> None:
    words, seen = set(VOCABULARY), set()
    for i in range(400):
        rng = np.random.default_rng(i)
        text = caption(sample_person(i), sample_context(rng), rng)
        assert text == text.lower() and "  " not in text and "{" not in text
        found = set(re.findall(r"[a-z]+", text))
        assert found <= words
        seen |= found
    assert len(VOCABULARY) == len(words) >= 180 and len(seen) > 100


def test_canonical_captions_are_what_prompts_become() -> None:
    assert (
        describe(role="astronaut", scene="space") == "a photo of a person as an astronaut in space"
    )
    words = set(VOCABULARY)
    for role in NARROW.roles:
        for text in (
            *(describe(role=role, scene=s, noun="woman") for s in NARROW.scenes),
            *(describe(role=role, style=s, noun="man") for s in NARROW.styles),
            *(describe(role=role, expression=e, noun="girl") for e in EXPRESSIONS),
        ):
            assert set(re.findall(r"[a-z]+", text)) <= words


def test_one_caption_twice_from_one_seed() -> None:
    person, context = sample_person(2), sample_context(np.random.default_rng(2))
    one, two = (caption(person, context, np.random.default_rng(9)) for _ in range(2))
    assert one == two


def test_a_bank_of_eight_goes_out_and_in(tmp_path: Path) -> None:
    assert list(make(tmp_path, Plan(8, start=100), workers=1)) == [8]
    bank = Bank.open(tmp_path)
    assert len(bank) == len(bank.meta) == 8
    assert bank.images.shape == (8, 128, 128, 3) and bank.images.dtype == np.uint8
    assert bank.factors.shape == (8, 79) and bank.landmarks.shape == (8, 68, 2)
    assert bank.persons.tolist() == [100] * 4 + [101] * 4
    assert bank.persons.max() < HELD_OUT_FROM and set(np.unique(bank.labels)) <= set(range(6))
    assert bank.meta[0]["style"] == "photo" and bank.meta[0]["role"] == "casual"
    kept = np.array(bank.images)
    assert list(make(tmp_path, Plan(8, start=100), workers=1)) == [8]
    assert np.array_equal(Bank.open(tmp_path).images, kept)


def test_the_first_picture_of_a_person_is_plain() -> None:
    for i in range(20):
        context = picture_context(Plan(), i, True)
        assert context.style == "photo" and context.role == "casual" and not context.headgear
        assert abs(context.yaw) <= 12


def test_a_bank_can_hold_more_painted_pictures() -> None:
    plain = [picture_context(Plan(seed=3), i, False) for i in range(60)]
    painted = [picture_context(Plan(seed=3, styled=1.0), i, False) for i in range(60)]
    assert {c.style for c in painted} == {"oil", "pencil", "watercolour", "pop"}
    assert all(replace(c, style="photo") == replace(p, style="photo")
               for c, p in zip(painted, plain, strict=True)), "nothing else changes"  # fmt: skip
    some = [picture_context(Plan(seed=3, styled=0.5), i, False) for i in range(60)]
    changed = sum(a.style != b.style for a, b in zip(some, plain, strict=True))
    assert 15 < changed < 45
    assert picture_context(Plan(seed=3, styled=1.0), 0, True).style == "photo", (
        "plain ones stay plain"
    )


def test_a_sheet_cell_is_a_calm_portrait() -> None:
    cell = portrait(sample_person(1_000_000), scene="studio")
    assert cell.shape == (128, 128, 3) and cell.dtype == np.uint8 and cell.std() > 20
