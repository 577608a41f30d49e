"""The networks that find faces and tell them apart: one set for photographs, one for drawings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.choice import choose_face_models
from pidiff_cli.core.faces.detect import Face, find_faces
from pidiff_cli.core.faces.nets import FOLDER
from pidiff_cli.core.faces.recognise import embed_faces, load_embedder, open_recogniser
from pidiff_cli.core.faces.sharpness import Blur, blur
from pidiff_cli.core.faces.thresholds import Threshold, threshold_of

ALIGNED = 256  # px: from which mini's embedder takes its 128


@dataclass(frozen=True)
class FaceNetworks:
    """Who finds faces in pictures, and who tells them apart.

    Attributes:
        folder: of the published networks; None for mini's own, which learnt on drawings.
        find: picture uint8 (H, W, 3) to its faces, the largest first.
        embed: picture and its faces to codes (F, E) of unit length.
        likeness: name of the network that embeds.
        threshold: from which cosine its codes are one person's.
    """

    folder: Path | None
    find: Callable[[np.ndarray], list[Face]]
    embed: Callable[[np.ndarray, Sequence[Face]], np.ndarray]
    likeness: str
    threshold: Threshold

    def sharpness(self, aligned: np.ndarray, native_height: float) -> float:
        """How sharp a face is, 0 to 1; drawings and photographs each by their own measure.

        Args:
            aligned: uint8 (S, S, 3). native_height: brow to chin in pixels of the photo.
        """
        if self.folder is None:
            return triage.sharpness(aligned)
        return blur(aligned, native_height).sharpness

    def faint(self, rgb: np.ndarray) -> Blur | None:
        """How blurred a face is that only the detector sees; None: it sees none, or cannot say."""
        from pidiff_cli.core.faces.faint import faint_face
        from pidiff_cli.core.faces.mesh_finder import open_mesh_finder

        if self.folder is None or choose_face_models(self.folder).landmarks != "mesh":
            return None
        return faint_face(open_mesh_finder(self.folder), rgb)

    @property
    def tells_worlds(self) -> bool:
        """Whether its codes say if a face is drawn (`drawn.are_drawn`)."""
        return self.likeness.startswith("sface")


def open_networks(folder: Path, device: str = "cpu") -> FaceNetworks:
    """The published networks of a folder, with those of the set-up behind them.

    Faces are embedded from the photo itself: out of FFHQ's squares strangers look more alike.

    Raises:
        MissingWeightError: one is not there. InputError: a file is damaged.
    """
    chosen = choose_face_models(folder)
    recogniser = open_recogniser(folder, device)

    def embed(rgb: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        return recogniser.embed_at(rgb, [face.landmarks for face in faces]).numpy()

    return FaceNetworks(
        folder,
        lambda rgb: find_faces(rgb, folder, device=device),
        embed,
        chosen.likeness,
        threshold_of(chosen.likeness),
    )


def drawn_networks(folder: Path = FOLDER) -> FaceNetworks:
    """mini's own networks.

    Raises MissingWeightError when they are not there.
    """

    def embed(rgb: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        aligned = [align_face(rgb, face.landmarks, ALIGNED) for face in faces]
        return embed_faces(load_embedder(folder), aligned)

    return FaceNetworks(
        None, lambda rgb: find_faces(rgb, folder), embed, "mini", threshold_of("mini")
    )
