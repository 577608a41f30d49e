"""A face that the detector sees and the mesh cannot hold."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import Portrait, draw
from pidiff_cli.core.faces.faint import SEEN, SMALL, faint_face
from pidiff_cli.core.faces.mesh_finder import open_mesh_finder
from pidiff_cli.weights.bundled import bundled_faces

SIDE = 512


class Detector:
    """Stands in for the finder: one row of YuNet's where the portrait's face lies."""

    def __init__(self, portrait: Portrait, score: float) -> None:
        points = portrait.landmarks
        five = [points[42:48].mean(0), points[36:42].mean(0), *points[[30, 54, 48]]]
        small = (np.array(five) + 0.5) * SMALL / SIDE - 0.5
        self.row = np.array([0, 0, 50, 50, *small.ravel(), score], np.float32)

    def boxes(self, rgb: np.ndarray) -> np.ndarray:
        assert rgb.shape == (SMALL, SMALL, 3)
        return self.row[None] if self.row[14] else np.zeros((0, 15), np.float32)


def portrait() -> Portrait:
    context = sample_context(np.random.default_rng(1), style="photo")
    return draw(sample_person(1_000_001), context, SIDE)


def test_a_moved_face_is_told_by_its_motion_and_a_sharp_one_is_not() -> None:
    made = portrait()
    moved = cv2.blur(made.rgb, (71, 1))
    told, sharp = (faint_face(Detector(made, 0.9), rgb) for rgb in (moved, made.rgb))
    assert told is not None and told.kind == "motion"
    assert sharp is not None and sharp.kind == ""


def test_what_the_detector_does_not_see_well_is_no_face() -> None:
    made = portrait()
    assert faint_face(Detector(made, 0.0), made.rgb) is None
    assert faint_face(Detector(made, SEEN - 0.1), made.rgb) is None


def test_a_moved_photograph_is_told_by_the_networks_themselves() -> None:
    folder = bundled_faces()
    if folder is None:
        pytest.skip("the free face networks are not here")
    finder = open_mesh_finder(folder)
    moved = cv2.blur(astronaut(), (1, 41))
    told, nobody = faint_face(finder, moved), faint_face(finder, moved[300:])
    assert told is not None and told.kind == "motion" and nobody is None
