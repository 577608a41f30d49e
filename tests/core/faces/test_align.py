"""FFHQ alignment and its masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pidiff_cli.core.faces.align import (
    align_face,
    ffhq_quad,
    move_points,
    quad_matrix,
    unwarp_mask,
)
from tests.support.faces_fake import face_points


def picture(side: int = 300) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    waves = [np.sin(x / 17) * np.cos(y / 23), np.sin((x + y) / 31), np.cos(x / 41 - y / 19)]
    return (np.stack(waves, -1) * 100 + 128).astype(np.uint8)


def test_quad_is_a_square_that_turns_with_the_face() -> None:
    for lean in (0, 30, -50, 170):
        quad = ffhq_quad(face_points(150, 150, 80, lean))
        down, across = quad[1] - quad[0], quad[3] - quad[0]
        assert np.isclose(np.hypot(*down), np.hypot(*across))
        assert np.isclose(down @ across, 0, atol=1e-6)
        assert np.isclose(np.rad2deg(np.arctan2(across[1], across[0])), lean, atol=1e-3)


def test_points_land_where_the_pixels_do() -> None:
    points = face_points(150, 140, 70, 20)
    moved = move_points(points, quad_matrix(ffhq_quad(points), 256))
    eyes = moved[36:48].mean(0)
    assert abs(eyes[0] - 127.5) < 1.5  # the eyes' middle is centred
    assert abs(moved[39, 1] - moved[42, 1]) < 1e-3  # and level


@pytest.mark.parametrize("place", [(20, 20), (290, 150), (150, 295)])
def test_a_face_at_the_edge_is_padded(place: tuple[int, int]) -> None:
    out = align_face(picture(), face_points(*place, 80), 128)
    assert out.shape == (128, 128, 3) and out.std() > 5
    black = align_face(picture(), face_points(*place, 80), 128, padding=False)
    assert (black == 0).all(-1).mean() > 0.1


def test_masks_go_there_and_back() -> None:
    points = face_points(150, 150, 80, 15)
    y, x = np.mgrid[:300, :300]
    mask = (np.hypot(x - 150, y - 150) < 45).astype(np.float32)
    there = cv2.warpAffine(mask, quad_matrix(ffhq_quad(points), 256), (256, 256))
    back = unwarp_mask(there, points, 300, 300)
    assert np.abs(back - mask).mean() < 0.01
