"""The face networks of a base, opened without what draws: `invert` needs no diffusion library."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.core.identity.likeness import FaceReader
from pidiff_cli.errors import MissingWeightError


def open_reader(faces: Path) -> FaceReader | None:
    """The face networks of a base (`BaseParts.faces`), or None where there are none."""
    try:
        return FaceReader.open(faces)
    except (MissingWeightError, ImportError):
        return None
