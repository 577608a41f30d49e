"""The person's face in one photo, and how good a photo it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.detect import Face
from pidiff_cli.stages.prepare.photos import PhotoCandidate


@dataclass(frozen=True)
class Choice:
    """The person's face in a photo."""

    candidate: PhotoCandidate
    face: Face
    aligned: np.ndarray
    inside: bool
    sharp: float
    code: np.ndarray
    likeness: float
    rank: int  # 0: the largest face of the photo

    @property
    def crowd(self) -> int:
        """How many faces the photo shows."""
        return len(self.candidate.faces)

    @property
    def quality(self) -> float:
        """0 to 1 from sharpness, size, frontality and the detector's score."""
        size = min(1.0, self.face.height / 200)
        front = 1 - 0.4 * abs(triage.turn_of(self.face.landmarks))
        return round(float(np.clip(min(1, 1.4 * self.sharp) * front * (0.6 + 0.4 * size), 0, 1)), 3)
