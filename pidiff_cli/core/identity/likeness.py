"""How alike: face embeddings of pictures against those of a person's photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.images import to_tensor

SIDE = 128  # px: what the embedder reads


@dataclass(frozen=True)
class SeenFace:
    """The main face of one picture.

    Attributes:
        embedding: (E,) float32, unit length.
        head: (H, W) float32 in [0, 1], 1 on the head, in the picture's pixels.
        aligned: (128, 128, 3) uint8. landmarks: (68, 2) px.
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
        embedder: aligned (B, 3, 128, 128) in [-1, 1] to (B, E), unit length.
        find: picture uint8 (H, W, 3) to faces with ``landmarks`` (68, 2) and ``score``.
        mask: aligned uint8 (S, S, 3) to head mask (S, S) in [0, 1].
    """

    def __init__(
        self,
        embedder: Callable[[Tensor], Tensor],
        find: Callable[[np.ndarray], Sequence[Any]],
        mask: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self.embedder, self.find, self.mask = embedder, find, mask

    @classmethod
    def open(cls, folder: Path) -> FaceReader:
        """With the networks in ``folder`` (a base's ``faces/``).

        Raises:
            MissingWeightError: they are not there.
        """
        from pidiff_cli.core.faces.detect import find_faces
        from pidiff_cli.core.faces.embed import load_embedder, open_net
        from pidiff_cli.core.faces.look import look_closely
        from pidiff_cli.core.faces.mask import head_mask
        from pidiff_cli.core.faces.nets import LandmarkNet

        landmarks = open_net(LandmarkNet, folder, "landmarks")

        def find(picture: np.ndarray) -> Sequence[Any]:
            """A drawn portrait has its head in the middle: look there before searching (8x)."""
            height, width = picture.shape[:2]
            middle = (width / 2, 0.48 * height, 0.82 * min(height, width))
            looks = look_closely(landmarks, picture, [middle], least=0.05)
            return [_Found(looks[0].points)] if looks else find_faces(picture, folder)

        return cls(load_embedder(folder), find, lambda aligned: head_mask(aligned, folder))

    def embed(self, aligned: Sequence[np.ndarray]) -> Tensor:
        """Aligned faces, uint8 (S, S, 3), to (B, E)."""
        import cv2

        size = (SIDE, SIDE)
        small = [cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in aligned]
        with torch.no_grad():
            return self.embedder(to_tensor(np.stack(small))).float()

    def look(self, picture: np.ndarray) -> SeenFace | None:
        """The largest face of a picture, uint8 (H, W, 3); None when there is none."""
        from pidiff_cli.core.faces.align import align_face

        faces = self.find(picture)
        if not faces:
            return None
        face = max(faces, key=lambda f: cast(float, np.ptp(np.asarray(f.landmarks), axis=0).prod()))
        aligned = align_face(picture, face.landmarks, SIDE)
        landmarks = np.asarray(face.landmarks)
        head = self.head_at(picture, landmarks)
        return SeenFace(self.embed([aligned])[0], head, aligned, landmarks)

    def head_at(self, picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """The head mask (H, W) of a picture whose face is known to be at ``landmarks`` (68, 2)."""
        from pidiff_cli.core.faces.align import align_face, unwarp_mask

        aligned = align_face(picture, landmarks, SIDE)
        return unwarp_mask(self.mask(aligned), landmarks, *picture.shape[:2])


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
