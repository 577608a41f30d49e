"""How alike: face embeddings of pictures against those of a person's photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.images import to_tensor

if TYPE_CHECKING:
    from pidiff_cli.core.faces.recognise import Recogniser

SIDE = 128  # px: what mini's embedder reads
REAL_SIDE = 512  # px: the aligned face from which the published networks cut theirs


@dataclass(frozen=True)
class DetectedFace:
    """The main face of one picture.

    Attributes:
        embedding: (E,) float32, unit length.
        head: (H, W) float32 in [0, 1], 1 on the head, in the picture's pixels.
        aligned: (S, S, 3) uint8, S the reader's side. landmarks: (68, 2) px.
    """

    embedding: Tensor
    head: np.ndarray
    aligned: np.ndarray
    landmarks: np.ndarray


@dataclass(frozen=True)
class _Found:
    landmarks: np.ndarray


class FaceReader:
    """Finds, aligns and embeds the main face of pictures.

    Args:
        embedder: aligned (B, 3, S, S) in [-1, 1] to (B, E), unit length, with a gradient; S is
            128 without a recogniser, else any. None where the likeness network has no gradient.
        find: picture uint8 (H, W, 3) to faces with ``landmarks`` (68, 2) and ``score``.
        mask: aligned uint8 (S, S, 3) to head mask (S, S) in [0, 1]; with a recogniser it takes
            the landmarks (68, 2) in the square, too.
        recogniser: what embeds photographs; None where ``embedder`` does.
    """

    def __init__(
        self,
        embedder: Callable[[Tensor], Tensor] | None,
        find: Callable[[np.ndarray], Sequence[Any]],
        mask: Callable[..., np.ndarray],
        recogniser: Recogniser | None = None,
    ) -> None:
        if embedder is None and recogniser is None:
            raise ValueError("a reader needs an embedder or a recogniser")
        self.embedder, self.find, self.mask, self.recogniser = embedder, find, mask, recogniser
        self.side = SIDE if recogniser is None else REAL_SIDE

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> FaceReader:
        """With the networks in ``folder`` (a base's ``faces/``).

        mini's folder holds nets of its own; the real bases' folder holds published ones, and
        its ``faces.json`` says which are used.

        Raises:
            MissingWeightError: they are not there.
        """
        from pidiff_cli.core.faces.choice import choose_face_models
        from pidiff_cli.core.faces.nets import FOLDER

        chosen = choose_face_models(folder)
        if not chosen.real:
            return cls._mini(folder)
        if chosen.landmarks == chosen.likeness == "mini":
            return cls._mini(FOLDER)
        return cls._published(folder, device)

    @classmethod
    def _published(cls, folder: Path, device: str) -> FaceReader:
        from pidiff_cli.core.faces.choice import choose_face_models
        from pidiff_cli.core.faces.detect import find_faces
        from pidiff_cli.core.faces.finder import open_finder
        from pidiff_cli.core.faces.mask import head_mask
        from pidiff_cli.core.faces.nets import FaceEmbedder
        from pidiff_cli.core.faces.recognise import load_embedder

        if choose_face_models(folder).landmarks != "mini":
            open_finder(folder, device)  # what is missing is said now, not at the first picture

        def find(picture: np.ndarray) -> Sequence[Any]:
            return find_faces(picture, folder, device=device)

        def mask(aligned: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
            return head_mask(aligned, folder, points=points, device=device)

        net = load_embedder(folder, device)
        if isinstance(net, FaceEmbedder):
            return cls(net, find, mask)
        return cls(net.critic, find, mask, net)

    @classmethod
    def _mini(cls, folder: Path) -> FaceReader:
        from pidiff_cli.core.faces.detect import find_faces
        from pidiff_cli.core.faces.mask import head_mask
        from pidiff_cli.core.faces.nets import FaceEmbedder, LandmarkNet, open_net
        from pidiff_cli.core.faces.refinement import refine_landmarks

        landmarks = open_net(LandmarkNet, folder, "landmarks")

        def find(picture: np.ndarray) -> Sequence[Any]:
            """A drawn portrait has its head in the middle: look there before searching (8x)."""
            height, width = picture.shape[:2]
            middle = (width / 2, 0.48 * height, 0.82 * min(height, width))
            looks = refine_landmarks(landmarks, picture, [middle], least=0.05)
            return [_Found(looks[0].points)] if looks else find_faces(picture, folder)

        embedder = open_net(FaceEmbedder, folder, "embedder")
        return cls(embedder, find, lambda aligned: head_mask(aligned, folder))

    def embed(self, aligned: Sequence[np.ndarray]) -> Tensor:
        """Aligned faces, uint8 (S, S, 3), to (B, E)."""
        import cv2

        if self.recogniser is not None:
            return self.recogniser.embed(aligned)
        assert self.embedder is not None
        size = (SIDE, SIDE)
        small = [cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in aligned]
        with torch.no_grad():
            return self.embedder(to_tensor(np.stack(small))).float()

    def detect(self, picture: np.ndarray) -> DetectedFace | None:
        """The largest face of a picture, uint8 (H, W, 3); None when there is none."""
        found = self._face(picture)
        if found is None:
            return None
        aligned, landmarks, code = found
        return DetectedFace(code, self.head_at(picture, landmarks), aligned, landmarks)

    def embedding(self, picture: np.ndarray) -> Tensor | None:
        """The largest face's embedding (E,): without its head cut out, half the time."""
        found = self._face(picture)
        return None if found is None else found[2]

    def _aligned(
        self, picture: np.ndarray, landmarks: np.ndarray
    ) -> tuple[np.ndarray, tuple[()] | tuple[np.ndarray]]:
        """The aligned square of a face, and the points in it that a recogniser's networks take."""
        from pidiff_cli.core.faces.align import align_face, points_in_square

        aligned = align_face(picture, landmarks, self.side)
        return aligned, () if self.recogniser is None else (points_in_square(landmarks, self.side),)

    def _largest(self, picture: np.ndarray) -> np.ndarray | None:
        """Landmarks (68, 2) of the largest face."""
        found = [np.asarray(face.landmarks) for face in self.find(picture)]
        return max(
            found, key=lambda points: cast(float, np.ptp(points, axis=0).prod()), default=None
        )

    def _face(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, Tensor] | None:
        """Aligned face, landmarks (68, 2) and embedding (E,) of the largest face."""
        landmarks = self._largest(picture)
        if landmarks is None:
            return None
        aligned, points = self._aligned(picture, landmarks)
        if self.recogniser is None:
            return aligned, landmarks, self.embed([aligned])[0]
        return aligned, landmarks, self.recogniser.embed([aligned], [*points])[0]

    def head_at(self, picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """The head mask (H, W) of a picture whose face is known to be at ``landmarks`` (68, 2)."""
        from pidiff_cli.core.faces.align import unwarp_mask

        aligned, points = self._aligned(picture, landmarks)
        return unwarp_mask(self.mask(aligned, *points), landmarks, *picture.shape[:2])


def likeness(embedding: Tensor, reference: Tensor) -> float:
    """Mean cosine of one picture (E,) with a person's photos (P, E)."""
    return float((reference @ embedding).mean())


def own_likeness(reference: Tensor) -> float | None:
    """Mean cosine between different photos (P, E) of a person; None for a single photo."""
    count = len(reference)
    if count < 2:
        return None
    total = float((reference @ reference.T).sum()) - count
    return total / (count * (count - 1))
