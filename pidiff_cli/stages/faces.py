"""A profile's aligned faces, and the networks that read faces; nothing that draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.images import read_photo
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.profile import Profile

#: Photo key → aligned face (S, S, 3) uint8.
Faces = Mapping[str, np.ndarray]


def aligned_faces(profile: Profile) -> Faces:
    """The aligned faces of a profile's photos by their keys, as far as they are there."""
    paths = {photo.key: profile.path(photo.face) for photo in profile.photos if photo.face}
    return {key: read_photo(path) for key, path in paths.items() if path.is_file()}


def open_reader(faces: Path) -> FaceReader | None:
    """The face networks of a base (`BaseParts.faces`), or None where there are none."""
    try:
        return FaceReader.open(faces)
    except (MissingWeightError, ImportError):
        return None
