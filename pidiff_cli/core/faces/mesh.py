"""The MediaPipe face mesh in torch: 468 or 478 points of a face in space, with a gradient.

Google's published networks (Apache-2.0), 192 px and 468 points (`face_landmark.tflite`) or 256 px
and 478 points, irises last (in `face_landmarker.task`); the larger follows lids and corners of
the eyes better. The score tells a face from no face, not a person from a dog. Source: Kartynnik
et al. 2019, "Real-time facial surface geometry from monocular video on mobile GPUs".
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.faces.formats import damage
from pidiff_cli.core.faces.formats.damage import Damaged, read_whole
from pidiff_cli.core.faces.formats.tflite import parse_tflite
from pidiff_cli.core.faces.graph import Graph, GraphNet
from pidiff_cli.core.faces.graph_file import Published
from pidiff_cli.core.faces.mesh_crop import Square, back_into_photo, cut_square, square_of_points
from pidiff_cli.core.faces.mesh_points import ibug_68

#: The file in a `.task`, a zip, that finds the points.
MEMBER = "face_landmarks_detector.tflite"
COUNTS = (468, 478)
#: What the networks call 0: the middle of the first pixel, or (478 points) its outer edge. Seen by
#: laying the points of mirrored crops over each other: x sums up to 191.1 of 192, 256.0 of 256.
_FIRST = {468: 0.0, 478: -0.5}


@dataclass(frozen=True)
class MeshFace:
    """What the mesh sees in a square.

    Attributes:
        points: (P, 3) float64; x, y in the photo's pixels, z in the same unit, towards the
            camera negative, 0 about the middle of the head.
        score: 0 to 1, whether there is a face at all.
        square: where it looked last.
    """

    points: np.ndarray
    score: float
    square: Square

    @property
    def landmarks(self) -> np.ndarray:
        """(68, 2) float32 pixels, iBUG order."""
        return ibug_68(self.points).astype(np.float32)


class FaceMesh:
    """Points and a score from squares of a photo; read by size, because files differ in order."""

    def __init__(self, net: GraphNet) -> None:
        self.net = net
        sizes = [math.prod(shape) for shape in net.shapes]
        self.side = net.graph.shape[1]
        self._points, self._score = sizes.index(max(sizes)), sizes.index(1)
        self.count = max(sizes) // 3

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Crops x (B, 3, S, S) RGB in [0, 1].

        Returns:
            points (B, P, 3) in the crop's pixels, (0, 0) the middle of the first; face scores
            (B,) in 0..1. Both have gradients.
        """
        out = self.net(x)
        points = out[self._points].reshape(len(x), self.count, 3)
        shift = points.new_tensor([_FIRST[self.count]] * 2 + [0.0])
        return points + shift, out[self._score].reshape(len(x)).sigmoid()

    @torch.no_grad()
    def look(self, rgb: np.ndarray, squares: Sequence[Square], looks: int = 2) -> list[MeshFace]:
        """The mesh in each square of a photo, uint8 (H, W, 3).

        Args:
            squares: of `mesh_crop.square_of_box`.
            looks: how often; each look after the first takes its square from the points before.
        """
        found: list[MeshFace] = []
        device = next(self.net.parameters()).device
        for look in range(looks if squares else 0):
            if look:
                squares = [square_of_points(face.points, _eyes(face)) for face in found]
            crops = np.stack([cut_square(rgb, square, self.side) for square in squares])
            x = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float() / 255
            points, scores = (value.double().cpu().numpy() for value in self.read(x))
            found = [
                MeshFace(back_into_photo(p, square, self.side), float(score), square)
                for p, score, square in zip(points, scores, squares)
            ]
        return found


def open_mesh(path: Path, device: str = "cpu") -> FaceMesh:
    """The network from a converted or a published file: no gradients in the weights.

    Raises:
        MissingWeightError: no such file. InputError: damaged, or another network.
    """
    return FaceMesh(MESH.open(path, device))


def _parse(data: bytes) -> tuple[Graph, dict[str, Tensor]]:
    zipped = zipfile.is_zipfile(io.BytesIO(data))  # something may stand before the zip
    return parse_tflite(_member(data) if zipped else data)


def _member(data: bytes) -> bytes:
    """The network in a zip; no more is unpacked than a file may have."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(MEMBER) as file:
            content = file.read(damage.LARGEST + 1)
    except (zipfile.BadZipFile, KeyError, RuntimeError, OSError, ValueError) as error:
        raise Damaged(f"there is no {MEMBER} in it") from error
    except (NotImplementedError, zlib.error, struct.error, EOFError, OverflowError) as error:
        raise Damaged(f"{MEMBER} in it cannot be unpacked") from error
    if len(content) > damage.LARGEST:
        raise Damaged(f"{MEMBER} in it is too large")
    return content


def _fits(net: GraphNet) -> bool:
    sizes = [math.prod(shape) for shape in net.shapes]
    c, height, width = net.graph.shape
    return (c, height) == (3, width) and max(sizes) in [3 * n for n in COUNTS] and 1 in sizes


def _eyes(face: MeshFace) -> np.ndarray:
    """The centres of the eyes, (2, 2) photo pixels."""
    points = ibug_68(face.points)
    return np.stack([points[36:42].mean(0), points[42:48].mean(0)])


_WHAT = "the MediaPipe face mesh"
MESH = Published(_WHAT, lambda path: read_whole(path, _parse, _WHAT), _fits)
