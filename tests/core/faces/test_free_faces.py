"""YuNet, the face mesh and SFace in 8 bits on a real photograph; where the set-up brought them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from pidiff_cli.core.faces.align import align_face, points_in_square
from pidiff_cli.core.faces.choice import choose_face_models
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.finder import open_finder
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.faces.recognise import open_recogniser
from pidiff_cli.errors import InputError
from pidiff_cli.weights.bundled import bundled_faces

#: The middles between the corners of her eyes, by hand.
EYES = np.array([[203.0, 101.5], [246.5, 103.5]])


@pytest.fixture(scope="module")
def models() -> Path:
    folder = bundled_faces()
    if folder is None:
        pytest.skip("the free face networks are not here")
    return folder


def test_they_are_chosen_where_nothing_better_is(models: Path) -> None:
    chosen = choose_face_models(models)
    assert (chosen.landmarks, chosen.detector, chosen.likeness) == ("mesh", "yunet", "sface-int8")


def test_the_eyes_of_a_photograph(models: Path) -> None:
    face, *others = find_faces(astronaut(), models)
    assert not others and not face.approximate and face.score > 0.8
    eyes = np.stack([face.landmarks[36:42].mean(0), face.landmarks[42:48].mean(0)])
    assert np.abs(eyes - EYES).max() < 1.5  # of 43 between them
    square = align_face(astronaut(), face.landmarks, 256)
    again = open_finder(models).in_square(square)
    assert again is not None
    apart = np.linalg.norm(again - points_in_square(face.landmarks, 256), axis=1)
    assert np.median(apart) < 3


def test_nobody_is_found_where_nobody_is(models: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    assert find_faces(noise, models) == []
    assert open_finder(models).in_square(noise[:256, :256]) is None


def test_one_person_is_told_from_noise(models: Path) -> None:
    reader = FaceReader.open(models)
    picture = astronaut()
    one = reader.embedding(picture)
    other = reader.embedding(picture[:, ::-1].copy())
    assert one is not None and other is not None
    assert float(one @ other) > open_recogniser(models).same
    assert one.shape == (128,) and float(one.norm()) == pytest.approx(1.0, abs=1e-5)


def test_a_damaged_file_is_told(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    shutil.copytree(models, folder)
    path = next(folder.glob("*.task"))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=path.name):
        find_faces(astronaut(), folder)
