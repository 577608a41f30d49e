"""Proportions, colours and regions of a face: what moves them, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.data import astronaut

from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.face_regions import region_measures
from pidiff_cli.core.faces.face_vector import Vector, read_vectors
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.mesh_finder import MeshFinder, open_mesh_finder
from pidiff_cli.core.faces.mesh_measures import SHAPES, shape_measures
from pidiff_cli.weights.bundled import bundled_faces


@pytest.fixture(scope="module")
def finder() -> MeshFinder:
    folder = bundled_faces()
    if folder is None:
        pytest.skip("the free face networks are not here")
    return open_mesh_finder(folder)


@pytest.fixture(scope="module")
def her() -> tuple[np.ndarray, np.ndarray]:
    """The astronaut's aligned face u8 (256, 256, 3) and her head."""
    folder = bundled_faces()
    if folder is None:
        pytest.skip("the free face networks are not here")
    (face,) = find_faces(astronaut(), folder)
    aligned = align_face(astronaut(), face.landmarks, 256)
    return aligned, head_mask(aligned)


def _mesh(finder: MeshFinder, aligned: np.ndarray) -> np.ndarray:
    from pidiff_cli.core.faces.mesh_crop import square_of_box

    return finder.mesh.look(aligned, [square_of_box((60.0, 70.0, 195.0, 230.0))])[0].points


def _read(finder: MeshFinder, aligned: np.ndarray, head: np.ndarray) -> Vector:
    (found,) = read_vectors(finder.mesh, [aligned], [head])
    assert found is not None
    return found


def test_shapes_do_not_follow_size_place_or_turn(
    finder: MeshFinder, her: tuple[np.ndarray, np.ndarray]
) -> None:
    points = _mesh(finder, her[0])
    plain = shape_measures(points)
    assert tuple(plain) == SHAPES
    yaw, roll = np.radians(25), np.radians(10)
    turned = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    leant = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    moved = shape_measures(3 * points @ turned.T @ leant.T + 40)
    assert all(moved[name] == pytest.approx(plain[name], abs=1e-6) for name in SHAPES)


def test_a_wider_mouth_is_a_wider_mouth_and_nothing_of_the_eyes(
    finder: MeshFinder, her: tuple[np.ndarray, np.ndarray]
) -> None:
    points = _mesh(finder, her[0])
    plain, wide = shape_measures(points), points.copy()
    middle = points[[61, 291]].mean(0)
    wide[[61, 291]] = middle + 1.2 * (points[[61, 291]] - middle)
    changed = shape_measures(wide)
    assert changed["mouth_width"] - plain["mouth_width"] == pytest.approx(np.log(1.2), abs=0.01)
    assert abs(changed["eye_gap"] - plain["eye_gap"]) < 0.01


def test_colours_of_a_photograph_are_seen_where_they_are(
    finder: MeshFinder, her: tuple[np.ndarray, np.ndarray]
) -> None:
    aligned, head = her
    seen = _read(finder, aligned, head)
    assert 60 < seen["skin_L"] < 90 and seen["hair_L"] < seen["skin_L"] - 15
    assert seen["brow_L"] < seen["moustache_L"] - 3, "she has brows and no beard"
    mesh = _mesh(finder, aligned)
    darker = region_measures(mesh, (0.7 * aligned).astype(np.uint8), head)
    light = region_measures(mesh, aligned, head)
    assert darker["skin_L"] < light["skin_L"] - 8
    assert abs(darker["moustache_L"] - light["moustache_L"]) < 3, "against the skin: of the person"


def test_a_painted_beard_is_a_beard(finder: MeshFinder, her: tuple[np.ndarray, np.ndarray]) -> None:
    aligned, head = her
    mesh, bearded = _mesh(finder, aligned), aligned.copy()
    chin, mouth = mesh[152, 1], mesh[17, 1]
    bearded[int(mouth) + 3 : int(chin)] = (bearded[int(mouth) + 3 : int(chin)] * 0.35).astype(
        np.uint8
    )
    before, after = (region_measures(mesh, face, head) for face in (aligned, bearded))
    assert after["chin_L"] < before["chin_L"] - 20
    assert after["moustache_L"] == pytest.approx(before["moustache_L"], abs=1)


def test_noise_has_no_measures(finder: MeshFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    assert read_vectors(finder.mesh, [noise], [np.ones((256, 256))]) == [None]
