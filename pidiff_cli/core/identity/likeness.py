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
        aligned: (128, 128, 3) uint8.
    """

    embedding: Tensor
    head: np.ndarray
    aligned: np.ndarray


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
        from pidiff_cli.core.faces.embed import load_embedder
        from pidiff_cli.core.faces.mask import head_mask

        return cls(load_embedder(folder), find_faces, head_mask)

    def embed(self, aligned: Sequence[np.ndarray]) -> Tensor:
        """Aligned faces, uint8 (S, S, 3), to (B, E)."""
        faces = [torch.nn.functional.interpolate(to_tensor(a), SIDE, mode="area") for a in aligned]
        with torch.no_grad():
            return self.embedder(torch.cat(faces)).float()

    def look(self, picture: np.ndarray) -> SeenFace | None:
        """The largest face of a picture, uint8 (H, W, 3); None when there is none."""
        from pidiff_cli.core.faces.align import align_face, unwarp_mask

        faces = self.find(picture)
        if not faces:
            return None
        face = max(faces, key=lambda f: cast(float, np.ptp(np.asarray(f.landmarks), axis=0).prod()))
        aligned = align_face(picture, face.landmarks, SIDE)
        head = unwarp_mask(self.mask(aligned), face.landmarks, *picture.shape[:2])
        return SeenFace(self.embed([aligned])[0], head, aligned)


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
