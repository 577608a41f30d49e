"""Who is it: aligned faces to unit vectors."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from pidiff_cli.core.faces.nets import FaceEmbedder, load_net
from pidiff_cli.core.images import to_tensor
from pidiff_cli.errors import MissingWeightError

#: The face nets that come with the program.
FOLDER = Path(__file__).resolve().parents[2] / "mini" / "weights" / "faces"
SIDE = 128

Net = TypeVar("Net", bound=nn.Module)


def load_embedder(folder: Path = FOLDER) -> FaceEmbedder:
    """The likeness embedder in `folder`; raises MissingWeightError when it is not there."""
    return open_net(FaceEmbedder, folder, "embedder")


@lru_cache(maxsize=8)
def open_net(kind: type[Net], folder: Path, name: str) -> Net:
    """A net of `folder`, read once; raises MissingWeightError when it is not there."""
    try:
        return load_net(kind, folder / name)
    except FileNotFoundError:
        raise MissingWeightError(
            f"The face net {name} is missing from the installation.",
            "Install it again: pip install --force-reinstall pidiff-cli",
        ) from None


def embed_faces(embedder: nn.Module, aligned: list[np.ndarray]) -> np.ndarray:
    """Aligned faces, each uint8 (S, S, 3) -> (B, E) float32, unit length."""
    import cv2

    small = [cv2.resize(a, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for a in aligned]
    if not small:
        return np.zeros((0, 1), np.float32)
    with torch.no_grad():
        codes = embedder(to_tensor(np.stack(small)))
    return np.asarray(codes.float().numpy())
