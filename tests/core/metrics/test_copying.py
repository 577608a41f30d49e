"""Copy-paste against its definition, and the matching of faces with people."""

from __future__ import annotations

import numpy as np
import pytest

from pidiff_cli.core.metrics.copying import (
    angles,
    assign,
    copy_paste,
    nearness,
    own_copying,
    pair_cosines,
)


def at(*degrees: float) -> np.ndarray:
    """Unit vectors (N, 2) at these angles."""
    turn = np.deg2rad(degrees)
    return np.stack([np.cos(turn), np.sin(turn)], 1)


@pytest.mark.parametrize(
    ("face", "value"),
    [(0.0, 1.0), (40.0, -1.0), (20.0, 0.0), (10.0, 0.5), (-20.0, 1.0), (60.0, -1.0)],
)
def test_one_reference_and_one_truth_are_the_published_definition(
    face: float, value: float
) -> None:
    """(θ_gt - θ_gr) / θ_tr with the reference at 0° and the truth at 40°."""
    found = copy_paste(at(face)[0], learnt=at(0.0), held_out=at(40.0))
    assert found == pytest.approx(value)


def test_it_stays_within_its_bounds_whatever_the_photos() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        rows = rng.normal(size=(9, 4))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        found = copy_paste(rows[0], rows[1:6], rows[6:])
        assert found is not None and -1 <= found <= 1


def test_more_photos_of_one_kind_are_no_copying() -> None:
    """A new photo of the same person, ten learnt from and two held out."""
    rng, found = np.random.default_rng(1), []
    for _ in range(300):
        rows = rng.normal(size=(13, 8)) + [3, 0, 0, 0, 0, 0, 0, 0]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        found.append(copy_paste(rows[0], rows[1:11], rows[11:]))
    assert abs(np.mean(np.array(found, float))) < 0.02


def test_the_same_photos_on_both_sides_tell_nothing() -> None:
    assert copy_paste(at(3.0)[0], at(5.0), at(5.0)) is None
    assert own_copying(at(5.0, 5.0), at(5.0)) is None
    assert own_copying(at(5.0), at(9.0)) is None  # one photo has no others to be compared with


def test_what_new_photos_and_copies_read() -> None:
    learnt, held = at(0.0, 10.0), at(50.0)
    found = own_copying(learnt, held)
    assert found is not None
    # 0° left out: (50 - 10) / 40; 10° left out: (40 - 10) / 50. As copies, itself at 0°:
    # (50 - 5) / 45 and (40 - 5) / 45.
    assert found == pytest.approx(((1.0 + 0.6) / 2, (1.0 + 35 / 45) / 2))


def test_nearness_and_spread() -> None:
    near = nearness(at(0.0)[0], at(0.0, 60.0), at(90.0))
    assert (near.learnt_from, near.nearest) == pytest.approx((0.75, 1.0))
    assert near.held_out == pytest.approx(0.0, abs=1e-9)
    alone = nearness(at(0.0)[0], at(60.0), None)
    assert alone.held_out is None and alone.copy_paste is None
    assert pair_cosines(at(0.0, 60.0, 90.0)) == pytest.approx([0.5, 0.0, 0.866], abs=1e-3)
    assert pair_cosines(at(0.0)).shape == (0,)
    assert np.rad2deg(angles(at(0.0), at(30.0, 90.0)))[0] == pytest.approx([30, 90])


def test_the_matching_with_the_largest_sum_is_taken() -> None:
    # Greedily face 0 would go to person 0, and person 1 would be left with 0.1.
    assert assign(np.array([[0.9, 0.8], [0.85, 0.1]])) == {0: 1, 1: 0}
    assert assign(np.array([[0.2], [0.9]])) == {1: 0}  # one face, two people
    assert assign(np.array([[0.2, 0.7, 0.1]])) == {0: 1}
    assert assign(np.zeros((2, 0))) == {}
