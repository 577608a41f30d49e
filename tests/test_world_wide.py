"""The wide world: its size and ranges, what each thing changes, its words and its bank."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.mini.world import captions_wide, registry
from pidiff_cli.mini.world.bank import HELD_OUT_FROM, Bank, make, picture_context
from pidiff_cli.mini.world.camera import NO_CAMERA, Camera
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
from pidiff_cli.mini.world.occluders import LABEL, OCCLUDERS
from pidiff_cli.mini.world.people import (
    WIDE_COARSE_FIELDS,
    WIDE_FINE_FIELDS,
    WIDE_MEDIUM_FIELDS,
    Person,
    person_from_mix,
    sample_person,
)
from pidiff_cli.mini.world.people_wide import REACH
from pidiff_cli.mini.world.render import draw
from pidiff_cli.mini.world.scenes import FURTHER, SCENES, paint_scene
from pidiff_cli.mini.world.worlds import NARROW, WIDE

FIELDS = (*WIDE_COARSE_FIELDS, *WIDE_MEDIUM_FIELDS, *WIDE_FINE_FIELDS)
MAN = Person(seed=7, noun="man", hair_shape="short", skin=-0.5, hair_length=-0.6)
CALM = Context(zoom=1.2, world=WIDE.name)


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


# -- what each field changes ---------------------------------------------------------------------
#: field -> landmarks that bound where it shows, and the margin in px.
_WHERE: dict[str, tuple[slice, float]] = {
    "eye_depth": (slice(36, 48), 11), "eye_asymmetry": (slice(36, 48), 6),
    "iris": (slice(36, 48), 3), "eye_bags": (slice(36, 48), 12), "brow_slant": (slice(17, 27), 7),
    "brow_peak": (slice(17, 27), 7), "brow_tone": (slice(17, 27), 6),
    "nose_bend": (slice(27, 36), 9), "nostril": (slice(31, 36), 5),
    "lip_corner": (slice(48, 68), 8), "cupid": (slice(48, 68), 6), "dimples": (slice(48, 68), 11),
    "chin_cleft": (slice(6, 11), 12), "tooth_gap": (slice(48, 68), 4),
}  # fmt: skip


def _ends(name: str, **fixed: Any) -> tuple[Any, Any]:
    person = replace(MAN, beard="short" if name == "beard_tone" else "none")
    if name in ("pale", "brow_tone"):
        person = replace(person, hair_rgb=(0.86, 0.80, 0.70))
    mood = {"tooth_gap": "laughing", "dimples": "smile"}.get(name, "neutral")
    context = replace(CALM, mood=EXPRESSIONS[mood], **fixed)
    return tuple(draw(replace(person, **{name: v}), context) for v in (0.0, 1.0))


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_shows_and_only_where_it_should(name: str) -> None:
    low, high = _ends(name)
    gap = np.abs(low.rgb.astype(int) - high.rgb).max(-1)
    assert (gap > 8).sum() >= 6, name
    if name in _WHERE:
        part, margin = _WHERE[name]
        points = np.concatenate([low.landmarks[part], high.landmarks[part]])
        (x0, y0), (x1, y1) = points.min(0) - margin, points.max(0) + margin
        gap[max(int(y0), 0) : int(y1) + 2, max(int(x0), 0) : int(x1) + 2] = 0
        assert gap.max() <= 3, name
    elif name in ("pale", "salt", "streaks", "beard_tone"):
        near = np.isin(low.labels, (3,)).astype(np.uint8)
        away = np.lib.stride_tricks.sliding_window_view(np.pad(near, 5), (11, 11)).max((2, 3)) == 0
        assert gap[away].max() <= 3, name
    elif name == "scar":
        assert np.array_equal(low.labels, high.labels)
    if name in ("iris", "eye_bags", "dimples", "chin_cleft", "scar", "salt", "brow_tone"):
        assert np.array_equal(low.landmarks, high.landmarks)


def test_white_hair_is_white_and_fair_hair_fair() -> None:
    def tone(rgb: tuple[float, float, float], pale: float, skin: float) -> np.ndarray:
        person = replace(MAN, hair_rgb=rgb, pale=pale, skin=skin, hair_length=0.5)
        made = draw(person, CALM)
        return made.rgb[made.labels == 3].mean(0)

    for skin in (-0.9, 0.9):
        white = tone((0.945, 0.945, 0.945), 1.0, skin)
        grey = tone((0.64, 0.64, 0.65), 0.25, skin)
        blond, brown = tone((0.86, 0.69, 0.39), 0.3, skin), tone((0.34, 0.21, 0.13), 0.0, skin)
        assert white.mean() > 185 and np.ptp(white) < 20
        assert white.mean() > grey.mean() + 45 > brown.mean() + 45
        assert blond[0] > brown[0] + 70 and blond[0] - blond[2] > 60


def test_expressions_are_told_apart_at_128() -> None:
    for i in range(3):
        person, rng = replace(sample_person(i, WIDE), beard="none"), np.random.default_rng(i)
        faces = []
        for name in EXPRESSIONS:
            fixed = {"mood": sample_context(rng, WIDE, expression=name).mood, "seed": 1}
            made = draw(person, replace(CALM, expression=name, **fixed))
            x, y = made.landmarks[30].astype(int)
            faces.append(made.rgb[y - 30 : y + 30, x - 22 : x + 22].astype(np.float32))
        flat = np.stack(faces).reshape(len(faces), -1)
        gap = np.abs(flat[:, None] - flat[None]).mean(-1) + 99 * np.eye(len(flat))
        assert gap.min() > 2.0


# -- what stands before, beside and around the face ----------------------------------------------
@pytest.mark.parametrize("kind", OCCLUDERS[1:])
def test_an_occluder_changes_picture_and_labels_and_no_landmark(kind: str) -> None:
    bare = draw(MAN, replace(CALM, seed=5))
    made = draw(MAN, replace(CALM, seed=5, occluder=kind))
    assert (np.abs(bare.rgb.astype(int) - made.rgb).max(-1) > 12).sum() > 60
    assert np.array_equal(bare.landmarks, made.landmarks)
    assert np.array_equal(bare.factors, made.factors)
    if kind == "shade":
        assert np.array_equal(bare.labels, made.labels)
    elif kind == "strand":
        assert ((made.labels == 3) & (bare.labels == 2)).sum() > 15
    else:
        hidden = (made.labels == LABEL) & np.isin(bare.labels, (2, 3))
        assert hidden.sum() > 60 and (made.labels == LABEL).sum() < 4000


def test_bald_people_have_no_strand_and_no_word_of_it() -> None:
    bald = replace(MAN, hair_shape="bald")
    one, two = (draw(bald, replace(CALM, occluder=o)) for o in ("none", "strand"))
    assert np.array_equal(one.rgb, two.rgb)
    told = [caption(bald, replace(CALM, occluder="strand"), np.random.default_rng(i))
            for i in range(30)]  # fmt: skip
    assert not any("hair in the face" in text or "blown" in text for text in told)


def test_a_second_person_has_a_field_of_their_own() -> None:
    rng = np.random.default_rng(1)
    context = next(c for c in (sample_context(rng, WIDE, style="photo", camera=NO_CAMERA)
                               for _ in range(200)) if c.companion)  # fmt: skip
    two, one = draw(MAN, context), draw(MAN, replace(context, companion=None))
    assert one.other_labels is None and one.other_landmarks is None
    assert np.array_equal(one.labels, two.labels)
    assert np.array_equal(one.landmarks, two.landmarks)
    assert np.array_equal(one.factors, two.factors)
    other = two.other_labels
    assert other is not None and two.other_landmarks is not None
    assert (other == 2).sum() > 150 and not ((other > 0) & (two.labels > 0)).any()
    sure = other > 0
    assert np.abs(one.rgb.astype(int) - two.rgb)[sure].mean() > 15
    hidden = (two.labels == 2) & (np.abs(one.rgb.astype(int) - two.rgb).max(-1) > 40)
    assert hidden.sum() < 60  # the first person stands before the second


def test_lights_differ_and_leave_shapes_alone() -> None:
    person = replace(MAN, skin=0.8)
    made = [draw(person, replace(CALM, light=kind, light_seed=4)) for kind in LIGHTS]
    flat = np.stack([m.rgb for m in made]).reshape(len(made), -1).astype(np.float32)
    gap = np.abs(flat[:, None] - flat[None]).mean(-1) + 99 * np.eye(len(flat))
    assert gap.min() > 1.5
    assert all(np.array_equal(made[0].labels, m.labels) for m in made)
    columns = [i for i, n in enumerate(names(WIDE)) if n.startswith(("key", "ambient", "rim"))]
    lit = np.stack([m.factors[columns] for m in made])
    assert len(np.unique(lit.round(3), axis=0)) == len(LIGHTS)
    dark = [m.rgb[m.labels == 2].mean() for m in made]
    assert min(dark) > 28  # a deep face is seen in every light


def test_a_camera_does_what_it_says() -> None:
    def shot(**fault: Any) -> np.ndarray:
        return draw(MAN, replace(CALM, camera=Camera(**fault))).rgb.astype(np.float32)

    plain = draw(MAN, CALM).rgb.astype(np.float32)
    assert shot(exposure=-0.8).mean() < plain.mean() - 25 < plain.mean() + 15
    assert shot(exposure=0.7).mean() > plain.mean() + 15

    def sharp(rgb: np.ndarray) -> float:
        return float(np.abs(np.diff(rgb.mean(-1), axis=1)).mean())

    assert sharp(shot(defocus=1.5)) < 0.7 * sharp(plain)
    assert sharp(shot(motion=4.0, angle=0.0)) < 0.75 * sharp(plain)
    assert sharp(shot(noise=0.05)) > 1.2 * sharp(plain)
    assert shot(contrast=1.0).std() > plain.std() > shot(contrast=-1.0).std()
    warm, cool = (shot(warm=w).mean((0, 1)) for w in (1.0, -1.0))
    assert warm[0] - warm[2] > cool[0] - cool[2] + 25
    assert 0.5 < np.abs(shot(jpeg=30) - plain).mean() < 12
    assert np.array_equal(shot(noise=0.02), shot(noise=0.02))


def test_scenes_have_further_compositions_in_the_wide_world() -> None:
    for name in registry.scenes(WIDE):
        one, light = paint_scene(name, 1, 64, WIDE)
        assert one.shape == (64, 64, 3) and one.std() > 0.005 and max(light.key_rgb) <= 1
    for name in ("studio", "beach"):
        assert np.array_equal(paint_scene(name, 2, 64)[0], paint_scene(name, 2, 64, WIDE)[0])
    for name in FURTHER:
        assert name in SCENES
        changed = []
        for seed in range(24):
            narrow, wide = (paint_scene(name, seed, 64, world)[0] for world in (NARROW, WIDE))
            changed.append(not np.array_equal(narrow, wide))
        assert 2 <= sum(changed) <= 14


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
    assert list(make(tmp_path, 8, per_person=4, workers=1, start=20, seed=3, world=WIDE)) == [8]
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
        plain = picture_context(3, i, True, WIDE)
        assert plain.companion is None and plain.occluder == "none" and plain.style == "photo"
        assert max(abs(plain.yaw) / 12, abs(plain.pitch) / 8, abs(plain.roll) / 6) <= 1
    with pytest.raises(ValueError, match="wide"):
        list(make(tmp_path, 8, per_person=4, workers=1, start=20, seed=3))


def test_a_bank_without_world_json_is_narrow(tmp_path: Path) -> None:
    assert list(make(tmp_path, 2, per_person=2, workers=1)) == [2]
    (tmp_path / "world.json").unlink()
    bank = Bank.open(tmp_path)
    assert bank.world == NARROW and bank.factors.shape == (2, 79) and bank.other_labels is None
    assert "world" not in bank.meta[0] and "camera" not in bank.meta[0]
    with pytest.raises(ValueError, match="narrow"):
        list(make(tmp_path, 2, per_person=2, workers=1, world=WIDE))
