"""The drawn figure: determinism, landmarks, labels, factors, identity apart from context."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from mini.world.context import Context, sample_context
from mini.world.factors import GROUPS, IDENTITY_NAMES, NAMES, factors
from mini.world.paint.light import NEUTRAL
from mini.world.people import BEARDS, FINE_FIELDS, HAIR_SHAPES, MEDIUM_FIELDS, Person, sample_person
from mini.world.render import draw

PLAIN = Context(zoom=1.1)


def test_a_picture_is_a_function_of_person_and_context() -> None:
    person, context = sample_person(5), sample_context(np.random.default_rng(5), style="photo")
    one, two = draw(person, context), draw(sample_person(5), context)
    assert one.rgb.shape == (128, 128, 3) and one.rgb.dtype == np.uint8
    assert np.array_equal(one.rgb, two.rgb) and np.array_equal(one.labels, two.labels)
    assert np.array_equal(one.landmarks, two.landmarks)
    assert np.array_equal(one.factors, two.factors) and one.caption == two.caption


@pytest.mark.parametrize("seed", range(4))
def test_landmarks_lie_in_order_in_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    context = sample_context(rng, style="photo", role="casual", roll=0.0)
    points = draw(sample_person(seed), context).landmarks
    assert points.shape == (68, 2) and points.dtype == np.float32
    assert points.min() > 0 and points.max() < 128
    x, y = points[:, 0], points[:, 1]
    assert np.all(np.diff(x[17:27]) > 0)  # brows from the picture's left to its right
    assert x[0] < x[8] < x[16] and y[8] > y[:17].max() - 1.0
    assert x[36] < x[39] < x[42] < x[45]  # corners of both eyes
    assert y[37] < y[41] and y[38] < y[40] and y[43] < y[47] and y[44] < y[46]
    assert np.all(np.diff(y[27:31]) > 0) and x[31] < x[33] < x[35]
    assert x[48] < x[51] < x[54] and y[51] < y[57] and y[62] <= y[66]
    assert y[27] < y[33] < y[51] < y[8]


def test_landmarks_follow_zoom_and_offset() -> None:
    person = sample_person(2)
    base = draw(person, replace(PLAIN, zoom=1.0)).landmarks
    moved = draw(person, replace(PLAIN, zoom=1.0, offset=(3.0, -2.0))).landmarks
    assert np.allclose(moved - base, (3.0, -2.0), atol=1e-3)
    big = draw(person, replace(PLAIN, zoom=1.0), size=256).landmarks
    assert np.allclose(big, base * 2, atol=1e-3)


def test_labels_name_every_part() -> None:
    person = replace(sample_person(3), hair_shape="short", beard="full")
    labels = draw(person, replace(PLAIN, glasses="square")).labels
    assert {0, 1, 2, 3, 5} <= set(np.unique(labels))
    plain = draw(replace(person, hair_shape="bald", hair_length=-1.0, beard="none"), PLAIN).labels
    assert set(np.unique(plain)) == {0, 1, 2}
    x, y = draw(person, PLAIN).landmarks[30].astype(int)
    assert labels[y, x] == 2


def test_all_haircuts_and_beards_draw() -> None:
    base = replace(sample_person(1), beard="none", hair_shape="short")
    pictures = [draw(replace(base, hair_shape=h), PLAIN).rgb for h in HAIR_SHAPES]
    pictures += [draw(replace(base, beard=b), PLAIN).rgb for b in BEARDS if b != "none"]
    flat = np.stack(pictures).reshape(len(pictures), -1).astype(np.float32)
    gap = np.abs(flat[:, None] - flat[None]).mean(-1) + 99 * np.eye(len(flat))
    assert gap.min() > 0.2


def test_factors_have_a_fixed_length_and_groups_cover_them() -> None:
    values = factors(sample_person(0), PLAIN, NEUTRAL)
    assert values.shape == (79,) and values.dtype == np.float32 and len(NAMES) == 79
    assert [GROUPS[k].start for k in ("coarse", "medium", "fine")] == [
        0, GROUPS["coarse"].stop, GROUPS["medium"].stop,
    ]  # fmt: skip
    assert GROUPS["fine"].stop == 79 and len(set(NAMES)) == 79


def test_each_group_has_its_own_traits() -> None:
    one, other = sample_person(0), sample_person(1)
    traits = {"medium": (*MEDIUM_FIELDS, "beard"), "fine": (*FINE_FIELDS, "hair_rgb", "eye_rgb")}
    for name, names in traits.items():
        mixed = factors(replace(one, **{n: getattr(other, n) for n in names}), PLAIN, NEUTRAL)
        for group, place in GROUPS.items():
            person = other if group == name else one
            assert np.array_equal(mixed[place], factors(person, PLAIN, NEUTRAL)[place])


def _identity(person: Person, context: Context = PLAIN) -> np.ndarray:
    """The factors that belong to the person alone."""
    return factors(person, context, NEUTRAL)[[NAMES.index(name) for name in IDENTITY_NAMES]]


def test_identity_does_not_depend_on_the_context() -> None:
    person = sample_person(9)
    identity = _identity(person)
    assert len(identity) == len(IDENTITY_NAMES) >= 32
    rng = np.random.default_rng(0)
    for _ in range(3):
        assert np.array_equal(_identity(person, sample_context(rng)), identity)
    shared = {f.name for f in fields(Person)} & {f.name for f in fields(Context)}
    assert shared == {"seed"}


def test_people_differ_and_keep_their_priors_loose() -> None:
    people = [sample_person(i) for i in range(400)]
    assert {p.hair_shape for p in people} == set(HAIR_SHAPES)
    assert {p.beard for p in people} == set(BEARDS)
    assert all(p.beard == "none" for p in people if p.noun != "man")
    vectors = np.stack([_identity(p) for p in people])
    assert len(np.unique(vectors, axis=0)) == 400
    assert np.abs(vectors).max() <= 1.0
    assert sample_person(1_000_003) == sample_person(1_000_003)


def test_contexts_have_the_wanted_shares() -> None:
    rng = np.random.default_rng(1)
    many = [sample_context(rng) for _ in range(400)]
    assert max(abs(c.yaw) for c in many) <= 25 and max(abs(c.pitch) for c in many) <= 8
    assert np.mean([c.glasses == "sunglasses" for c in many]) < 0.06
    assert sample_context(rng, expression="sad", yaw=3.0).yaw == 3.0
