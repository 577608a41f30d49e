"""A profile's aligned faces, and the networks that read faces; nothing that draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pidiff_cli.core.faces.choice import holds
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.nets import FOLDER
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.faces.recognise import Recogniser, open_recogniser
from pidiff_cli.core.images import read_photo
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.profile import Profile
from pidiff_cli.profile.contents import PICTURE, SIDE
from pidiff_cli.reading.pictures import check_png

FACE, WORKING_COPY = 1024**2, SIDE**2  # pixels at most
FACES = 256 * FACE  # 256 photos at the largest size, 4000 at the usual one
#: Photo key → aligned face (S, S, 3) uint8.
Faces = Mapping[str, np.ndarray]


def aligned_faces(profile: Profile) -> Faces:
    """The aligned faces of a profile's photos by their keys, as far as they are there.

    Raises:
        InputError: one is damaged, behind a link, or all of them are more than `prepare` writes.
    """
    paths = {photo.key: profile.stored(photo.face) for photo in profile.photos if photo.face}
    there = {key: path for key, path in paths.items() if path.is_file()}
    if sum(check_png(path, SIDE, PICTURE) for path in there.values()) > FACES:
        raise InputError(f"The faces of {profile.name} are too large to be read.")
    return {key: read_photo(path, FACE) for key, path in there.items()}


def stored_picture(profile: Profile, relative: str) -> np.ndarray:
    """A picture of a profile, (H, W, 3) uint8; of the sizes that `prepare` writes.

    Raises:
        InputError: not there, behind a link, damaged or larger.
    """
    return read_photo(profile.stored(relative), WORKING_COPY)


def open_reader(faces: Path) -> FaceReader | None:
    """The face networks of a base (`BaseParts.faces`), or None where there are none."""
    try:
        return FaceReader.open(faces)
    except (MissingWeightError, ImportError):
        return _by_mini_points(faces) if "sface" in holds(faces) else None


def _by_mini_points(faces: Path) -> FaceReader:
    """SFace on points that mini's networks find, as `prepare` does where 2DFAN-4, whose licence is
    not known, is not here."""
    mini, sface = FaceReader.open(FOLDER), open_recogniser(faces, likeness="sface")

    def locate(face: np.ndarray) -> np.ndarray | None:
        found = mini.find(face)
        return np.asarray(found[0].landmarks) if found else None

    def mask(aligned: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
        return head_mask(aligned, faces, points=points)

    known = Recogniser(sface.features, locate, sface.same, sface.critic)
    return FaceReader(sface.critic, find_faces, mask, known)
