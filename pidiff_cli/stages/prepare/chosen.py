"""The person's face in one photo, and how good a photo it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import Face
from pidiff_cli.core.faces.expression import Expression, expression_of
from pidiff_cli.core.faces.light import Light, light_of
from pidiff_cli.core.faces.networks import FaceNetworks
from pidiff_cli.core.faces.notes import notes
from pidiff_cli.core.faces.pose import Pose, pose_of
from pidiff_cli.core.faces.sharpness import blur
from pidiff_cli.core.images import read_photo
from pidiff_cli.stages.prepare.photos import PhotoCandidate

ANY_SIZE = 10**12  # pixels: it was checked when the photo was looked at


@dataclass(frozen=True, eq=False)
class Choice:
    """The person's face in a photo."""

    candidate: PhotoCandidate
    rank: int  # 0: the largest face of the photo
    likeness: float
    face_size: int  # px, side of the aligned face
    networks: FaceNetworks  # who saw it

    @property
    def face(self) -> Face:
        """The face in pixels of the original."""
        return self.candidate.faces[self.rank]

    @property
    def code(self) -> np.ndarray:
        """(E,) unit length."""
        return np.asarray(self.candidate.codes[self.rank])

    @cached_property
    def aligned(self) -> np.ndarray:
        """uint8 (S, S, 3), cut out of the original, which is read again for it."""
        cut, key = self.candidate.squares, (self.rank, self.face_size)
        if key not in cut:
            rgb = np.rot90(read_photo(self.candidate.path, ANY_SIZE), self.candidate.turned)
            cut[key] = align_face(np.ascontiguousarray(rgb), self.face.landmarks, self.face_size)
        return cut[key]

    @cached_property
    def sharp(self) -> float:
        """0 to 1."""
        return self.networks.sharpness(self.aligned, self.face.height)

    @property
    def crowd(self) -> int:
        """How many faces the photo shows."""
        return len(self.candidate.faces)

    @cached_property
    def quality(self) -> float:
        """0 to 1 from sharpness, size, frontality and the detector's score."""
        size = min(1.0, self.face.height / 200)
        front = 1 - 0.4 * abs(triage.turn_of(self.face.landmarks))
        return round(float(np.clip(min(1, 1.4 * self.sharp) * front * (0.6 + 0.4 * size), 0, 1)), 3)

    @cached_property
    def seen(self) -> tuple[Pose, Light, Expression]:
        """Pose, light and expression of the face."""
        points = self.face.landmarks
        return pose_of(points), light_of(self.aligned, points), expression_of(points)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the photo, in a few words each."""
        found: list[str] = []
        if self.networks.folder is not None:
            soft = blur(self.aligned, self.face.height)
            found += notes(*self.seen, soft, self.face.height)
        if self.candidate.turned:
            found.append("lay on its side: turned upright")
        if self.crowd > 1:
            across = sorted(self.candidate.faces, key=lambda face: face.box[0] + face.box[2])
            place = 1 + [face is self.face for face in across].index(True)
            found.append(f"of {self.crowd} faces the {_ordinal(place)} from the left is taken")
        return tuple(found)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
