"""Who finds faces and their points in photographs: face-alignment's 2DFAN-4, else the face mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from pidiff_cli.core.faces.choice import choose_face_models


class Finder(Protocol):
    """Faces with 68 points, iBUG order."""

    def find(self, rgb: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """uint8 (H, W, 3) -> points (68, 2) float32 px, and a score each."""

    def in_square(self, aligned: np.ndarray) -> np.ndarray | None:
        """The points (68, 2) in an FFHQ-aligned face, uint8 (S, S, 3); None if they are no face."""


def open_finder(folder: Path, device: str = "cpu") -> Finder:
    """The one that a folder of published networks holds, or that its `faces.json` chooses.

    Raises:
        MissingWeightError: a network is not there. InputError: a file is damaged.
    """
    if choose_face_models(folder).landmarks == "mesh":
        from pidiff_cli.core.faces.mesh_finder import open_mesh_finder

        return open_mesh_finder(folder, device)
    from pidiff_cli.core.faces.face_alignment import open_fan

    return open_fan(folder, device)
