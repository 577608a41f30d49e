"""Who is it: aligned faces to unit vectors."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import nn

from pidiff_cli.core.faces.chosen import choose
from pidiff_cli.core.faces.nets import FaceEmbedder, load_net
from pidiff_cli.core.images import to_tensor
from pidiff_cli.errors import MissingWeightError

if TYPE_CHECKING:
    from pidiff_cli.core.faces.recognise import Recogniser

#: The face nets that come with the program.
FOLDER = Path(__file__).resolve().parents[2] / "weights" / "mini" / "faces"
SIDE = 128

Net = TypeVar("Net", bound=nn.Module)


def load_embedder(folder: Path = FOLDER, device: str = "cpu") -> FaceEmbedder | Recogniser:
    """Who is it, by what `folder` holds: mini's own net, or SFace or ArcFace for photographs.

    Raises MissingWeightError when it is not there.
    """
    chosen = choose(folder)
    if chosen.real and chosen.likeness != "mini":
        from pidiff_cli.core.faces.recognise import open_recogniser

        return open_recogniser(folder, device)
    return open_net(FaceEmbedder, FOLDER if chosen.real else folder, "embedder")


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


def embed_faces(embedder: nn.Module | Recogniser, aligned: list[np.ndarray]) -> np.ndarray:
    """Aligned faces, each uint8 (S, S, 3) -> (B, E) float32, unit length."""
    import cv2

    if not isinstance(embedder, nn.Module):
        return np.asarray(embedder.embed(aligned).numpy())
    small = [cv2.resize(a, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for a in aligned]
    if not small:
        return np.zeros((0, 1), np.float32)
    with torch.no_grad():
        codes = embedder(to_tensor(np.stack(small)))
    return np.asarray(codes.float().numpy())
