"""Faces to W+ codes: by the encoder, and sought where it does not know such pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.faces.face_vector import Vector, read_vectors
from pidiff_cli.core.images import on_white, resized, to_tensor
from pidiff_cli.core.wplus.colours import out_of_distribution
from pidiff_cli.core.wplus.inversion import Refined, invert, robust_mean
from pidiff_cli.core.wplus.prior import STEPS, CodePrior, fit, load_prior, re_encode
from pidiff_cli.core.wplus.seeker import load_seeker
from pidiff_cli.core.wplus.seeking import as_photographed, sought_shift
from pidiff_cli.core.wplus.weights import load_encoder
from pidiff_cli.profile.world import DRAWINGS, PHOTOGRAPHS
from pidiff_cli.stages.codes import Decoder
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.bundled import free_faces


@dataclass(frozen=True)
class Portraits:
    """A person's aligned faces.

    Attributes:
        faces: uint8 (S, S, 3) each. heads: (S, S) in [0, 1], 1 on the head.
        quality: what each counts, above 0.
    """

    faces: Sequence[np.ndarray]
    heads: Sequence[np.ndarray]
    quality: list[float]

    @property
    def white(self) -> Tensor:
        """(P, 3, S, S) in [-1, 1], everything but the head white."""
        return torch.cat([on_white(f, h) for f, h in zip(self.faces, self.heads, strict=True)])


def read_codes(
    decoder: Decoder,
    wplus: Path,
    portraits: Portraits,
    progress: Progress,
    vectors: list[Vector | None] | None = None,
) -> Tensor:
    """W+ codes (P, L, D) of a person's faces.

    Where the weights have a prior to go by, codes of pictures that the encoder does not know are
    sought by drawing; those of photographs are then moved to where drawings have the person's
    measures.

    Args:
        vectors: what is measured in the faces of photographs (`measured_photographs`).
    """
    encoder, faces = load_encoder(wplus), portraits.white
    codes = invert(encoder, decoder.mean, resized(faces, encoder.side))
    if (prior := load_prior(wplus)) is None:
        return codes
    seeker = None if vectors is None else load_seeker(wplus)
    small = resized(faces, decoder.net.size)
    if vectors is None and not out_of_distribution(
        list(small), list(to_tensor(decoder.pictures(codes)))
    ):
        return codes
    found, encoded = _fitted(decoder, prior, codes, small, progress), codes
    codes = re_encode(decoder.net, encoder, decoder.mean, found.codes)
    error = f"error {found.error_before:.3f} → {found.error_after:.3f}"
    if vectors is None or seeker is None:
        progress.finish("fit", f"photos unlike mini's drawings: codes fitted to them · {error}")
        return codes
    progress.finish("fit", f"photographs: codes fitted to colours and proportions · {error}")
    mean, first = (robust_mean(c, portraits.quality)[0] for c in (codes, encoded))
    return codes + sought_shift(seeker, vectors, mean, first)


def measured_photographs(
    wplus: Path, portraits: Portraits, home: Path, world: str = ""
) -> tuple[list[Vector | None] | None, str]:
    """What is measured in the faces of photographs, and what the pictures are.

    Args:
        world: as it is known of the person (`profile.world`); "" lets the measures decide.

    Returns:
        None of drawings, where the free face networks, which measure, are not here, where they see
        no face, and on bases whose encoder needs none of it; the world, "" where it is not known.
    """
    seeker, folder = load_seeker(wplus), free_faces(home)
    if seeker is None or folder is None or world == DRAWINGS:
        return None, world
    from pidiff_cli.core.faces.mesh_finder import open_mesh_finder

    vectors = read_vectors(open_mesh_finder(folder).mesh, portraits.faces, portraits.heads)
    if not any(vectors):
        return None, world
    if not world:
        world = PHOTOGRAPHS if as_photographed(seeker, vectors) else DRAWINGS
    return (vectors if world == PHOTOGRAPHS else None), world


def _fitted(
    decoder: Decoder, prior: CodePrior, codes: Tensor, faces: Tensor, progress: Progress
) -> Refined:
    progress.start("fit", STEPS)
    return fit(decoder.net, prior, codes, faces, advance=lambda *_: progress.advance("fit", 1))
