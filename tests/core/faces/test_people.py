"""Faces of several photos grouped into people."""

from __future__ import annotations

import numpy as np

from pidiff_cli.core.faces.people import Person, Seen, group_people, undecided
from pidiff_cli.core.faces.thresholds import THRESHOLDS, Threshold

LEAST = Threshold(0.5, 0.6)


def code(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return np.asarray(vector / np.linalg.norm(vector))


A, B, C = code(1, 0.1, 0), code(0, 1, 0.1), code(0.1, 0, 1)


def people(*seen: Seen) -> list[Person]:
    return group_people([*seen], LEAST)


def test_who_most_photos_show_comes_first() -> None:
    first, second = people(Seen(0, 100, A), Seen(1, 120, B), Seen(1, 100, A), Seen(2, 90, A))
    assert first.photos == (0, 1, 2) and first.code @ A > 0.99
    assert second.photos == (1,) and second.faces == (1,)


def test_the_larger_face_decides_a_single_group_picture() -> None:
    found = people(Seen(0, 200, B), Seen(0, 90, A))
    assert found[0].code @ B > 0.99 and not undecided(found)


def test_equal_faces_in_one_picture_are_undecided() -> None:
    assert undecided(people(Seen(0, 100, A), Seen(0, 96, B)))
    assert undecided(
        people(*(Seen(p, h, c) for p in range(2) for h, c in ((100, A), (98, B), (97, C))))
    )


def test_two_people_with_two_photos_each_are_undecided_one_each_are_not() -> None:
    assert undecided(people(Seen(0, 90, A), Seen(1, 95, A), Seen(2, 120, B), Seen(3, 99, B)))
    found = people(Seen(0, 90, A), Seen(1, 120, B))
    assert found[0].code @ B > 0.99 and not undecided(found)


def test_a_third_photo_settles_it() -> None:
    found = people(Seen(0, 100, A), Seen(0, 98, B), Seen(1, 100, B))
    assert found[0].code @ B > 0.99 and not undecided(found)


def test_a_face_that_resembles_one_photo_alone_joins_nobody() -> None:
    half = code(1, 1, 0)  # 0.7 to A and to B, but 0.35 to the middle of a group far from both
    found = people(Seen(0, 100, A), Seen(1, 100, code(1, -0.9, 0)), Seen(2, 100, half))
    assert sorted(len(p.faces) for p in found) == [1, 2]
    assert found[0].photos in ((0, 1), (0, 2))


def test_a_mirror_gives_one_face_a_photo() -> None:
    (first, second) = people(
        Seen(0, 100, A), Seen(1, 90, code(1, 0.4, 0)), Seen(1, 100, A), Seen(2, 80, A)
    )
    assert first.photos == (0, 1, 2) and 2 in first.faces and second.photos == (1,)


def test_nobody_and_somebody_alone() -> None:
    assert people() == [] and not undecided([])
    (one,) = people(Seen(0, 100, A))
    assert one.weight == 1 and not undecided([one])


def test_each_network_has_its_own_threshold() -> None:
    assert all(0 < t.pair <= t.person < 1 for t in THRESHOLDS.values())
    assert THRESHOLDS["sface"].accepts(0.4, faces=1) and not THRESHOLDS["sface"].accepts(0.4, 3)
    assert not THRESHOLDS["mini"].accepts(0.4, faces=1)
