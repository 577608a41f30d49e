"""The wide world drawn: what each field changes, and what stands before and around a face."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pidiff_cli.mini.world import registry
from pidiff_cli.mini.world.camera import NO_CAMERA, Camera
from pidiff_cli.mini.world.captions import caption
from pidiff_cli.mini.world.context import EXPRESSIONS, sample_context
from pidiff_cli.mini.world.factors import names
from pidiff_cli.mini.world.lighting import LIGHTS
from pidiff_cli.mini.world.occluders import LABEL, OCCLUDERS
from pidiff_cli.mini.world.people import sample_person
from pidiff_cli.mini.world.render import draw
from pidiff_cli.mini.world.scenes import FURTHER, SCENES, paint_scene
from pidiff_cli.mini.world.worlds import NARROW, WIDE
from tests.wide_person import CALM, FIELDS, MAN

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
