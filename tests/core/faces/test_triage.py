"""Triage: what is sharp, whole, a duplicate."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pidiff_cli.core.faces import triage
from tests.support.faces_fake import Drawn, draw_people, face_points


def test_blur_lowers_sharpness() -> None:
    crisp = draw_people([Drawn(64, 64, 100, (200, 120, 90))], (128, 128))
    values = [triage.sharpness(crisp)]
    values += [triage.sharpness(cv2.GaussianBlur(crisp, (0, 0), s)) for s in (1, 2, 4)]
    assert values == sorted(values, reverse=True) and 0 <= values[-1] < 0.5 * values[0] <= 0.5


def test_brightness_and_contrast_do_not_change_sharpness_much() -> None:
    crisp = draw_people([Drawn(64, 64, 100, (150, 120, 90))], (128, 128))
    dim = (crisp * 0.6).astype(np.uint8)
    assert abs(triage.sharpness(crisp) - triage.sharpness(dim)) < 0.06


def test_cut_off() -> None:
    assert not triage.cut_off(face_points(100, 100, 80), 200, 200)
    assert triage.cut_off(face_points(10, 100, 80), 200, 200)
    assert triage.cut_off(face_points(100, 180, 80), 200, 200)


def test_hash_ignores_format_and_size_but_not_content() -> None:
    one = draw_people([Drawn(150, 150, 90, (200, 120, 90))], seed=1)
    small = cv2.resize(one, (200, 200), interpolation=cv2.INTER_AREA)
    other = draw_people([Drawn(200, 150, 90, (200, 120, 90))], seed=2)
    hashes = [triage.picture_hash(p) for p in (one, small, other)]
    assert triage.hash_distance(hashes[0], hashes[1]) < triage.SAME_HASH
    assert triage.hash_distance(hashes[0], hashes[2]) > 2 * triage.SAME_HASH


def test_turn_has_a_side() -> None:
    points = face_points(100, 100, 80)
    assert abs(triage.turn_of(points)) < 0.05
    points[27:36, 0] += 12
    assert triage.turn_of(points) > 0.2


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_advice_is_a_sentence(count: int) -> None:
    points = [face_points(100, 100, 80)] * count
    text = triage.advice(points, [0.6] * count, [0.5] * count)
    assert text.endswith(".") and "!" not in text
