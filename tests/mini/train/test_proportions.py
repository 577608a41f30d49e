"""Drawn faces with other proportions: the points go where the picture goes."""

from __future__ import annotations

import numpy as np
import pytest

from mini.train.faces.proportions import CHIN, EYES, LONGEST_CHIN, reshape
from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    made = draw(sample_person(5), sample_context(np.random.default_rng(2)), 128)
    return np.asarray(made.landmarks)


def _width(points: np.ndarray, eye: slice) -> float:
    return float(np.hypot(*(points[eye][3] - points[eye][0])))


@pytest.mark.parametrize("index", [36, 39, 42, 45, CHIN, 30, 48, 57])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_dot_at_a_point_lands_at_the_moved_point(
    points: np.ndarray, index: int, seed: int
) -> None:
    y, x = np.mgrid[0:128, 0:128]
    away = (x - points[index, 0]) ** 2 + (y - points[index, 1]) ** 2
    dot = np.repeat((255 * np.exp(-away / 4.0))[..., None], 3, 2).astype(np.uint8)
    labels = np.zeros((128, 128), np.uint8)
    made, _, moved = reshape(dot, labels, points, np.random.default_rng(seed))
    weight = made[..., 0].astype(float) ** 2
    found = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    assert np.hypot(*(found - moved[index])) < 0.6


def test_eyes_shrink_and_the_chin_goes_down(points: np.ndarray) -> None:
    class Extreme:
        def uniform(self, low: float, high: float) -> float:
            return low if high == 1.0 else high

    picture, labels = np.zeros((128, 128, 3), np.uint8), np.zeros((128, 128), np.uint8)
    moved = reshape(picture, labels, points, Extreme())[2]  # type: ignore[arg-type]
    for eye in EYES:
        assert 0.6 < _width(moved, eye) / _width(points, eye) < 0.85
        np.testing.assert_allclose(moved[eye].mean(0), points[eye].mean(0), atol=0.5)
    mouth = points[48:60].mean(0)
    longer = np.hypot(*(moved[CHIN] - mouth)) / np.hypot(*(points[CHIN] - mouth))
    assert longer == pytest.approx(LONGEST_CHIN, abs=0.03)
    np.testing.assert_allclose(moved[30], points[30], atol=0.1)  # the nose stays


def test_labels_follow(points: np.ndarray) -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[int(points[CHIN, 1]) + 1 :] = 1
    picture = np.zeros((128, 128, 3), np.uint8)
    _, maps, moved = reshape(picture, labels, points, np.random.default_rng(3))
    column = maps[:, int(points[CHIN, 0])]
    assert abs(int(np.argmax(column)) - moved[CHIN, 1]) < 2.5
