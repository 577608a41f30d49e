"""Whose face it is: aligned faces to unit vectors.

mini's own embedder for drawings; for photographs OpenCV's SFace, and ArcFace IR-SE50 for research.
Those two read a 112 px face laid on five points. Stored faces are FFHQ-aligned, so the five points
are looked up again inside the aligned square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.faces.arcface import ArcFace, crop_for_loss
from pidiff_cli.core.faces.choice import FaceModelChoice, choose_face_models, holds
from pidiff_cli.core.faces.finder import open_finder
from pidiff_cli.core.faces.nets import FOLDER, FaceEmbedder, open_net
from pidiff_cli.core.faces.published import find_file
from pidiff_cli.core.faces.sface import open_sface
from pidiff_cli.core.faces.thresholds import threshold_of
from pidiff_cli.core.images import to_tensor
from pidiff_cli.core.tensors.load import load_strictly, read_tensors
from pidiff_cli.errors import InputError

SIDE = 112
#: Where the eyes, the nose's tip and the mouth's corners lie in the 112 px face (InsightFace's).
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]]
)  # fmt: skip
#: The same five in an FFHQ-aligned square of side 1: the mean of aligned faces.
IN_SQUARE = np.array([[0.376, 0.471], [0.624, 0.471], [0.5, 0.627], [0.402, 0.745], [0.598, 0.745]])
Locate = Callable[[np.ndarray], "np.ndarray | None"]


class Recogniser:
    """Aligned faces to unit vectors.

    Args:
        features: 112 px faces, uint8 RGB (112, 112, 3), to vectors (E,).
        locate: FFHQ-aligned uint8 (S, S, 3) to its points (68, 2), or None when unsure.
        same: the cosine from which two faces count as one person's.
        critic: the same judgement with a gradient, FFHQ-aligned (B, 3, S, S) in [-1, 1] to
            (B, E) of unit length; None where the network has none.
    """

    def __init__(
        self,
        features: Callable[[list[np.ndarray]], np.ndarray],
        locate: Locate,
        same: float,
        critic: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.features, self.locate, self.same, self.critic = features, locate, same, critic

    def embed(
        self, aligned: Sequence[np.ndarray], points: Sequence[np.ndarray] | None = None
    ) -> Tensor:
        """FFHQ-aligned faces, uint8 (S, S, 3), to (B, E) float32, unit length.

        `points` (68, 2) in the pixels of each square, where they are known already.
        """
        if not aligned:
            return torch.zeros(0, 1)
        crops = []
        for i, face in enumerate(aligned):
            known = points[i] if points is not None else self.locate(face)
            five = five_points(known) if known is not None else IN_SQUARE * face.shape[0] - 0.5
            crops.append(crop_face(face, five))
        return F.normalize(torch.from_numpy(self.features(crops)).float(), dim=-1)

    def embed_at(self, rgb: np.ndarray, landmarks: Sequence[np.ndarray]) -> Tensor:
        """Faces at (68, 2) px each of a picture, uint8 (H, W, 3), to (F, E), unit length."""
        if not len(landmarks):
            return torch.zeros(0, 1)
        crops = [crop_face(rgb, five_points(points)) for points in landmarks]
        return F.normalize(torch.from_numpy(self.features(crops)).float(), dim=-1)


def open_recogniser(
    folder: Path, device: str = "cpu", likeness: str = "", channels: str = ""
) -> Recogniser:
    """The likeness network of `folder`: SFace, or ArcFace where `faces.json` or lack of it says so.

    Args:
        likeness, channels: in place of what the folder says.

    Raises:
        MissingWeightError: it is not there. InputError: its file is damaged.
    """
    chosen = choose_face_models(folder)
    chosen = replace(
        chosen, likeness=likeness or chosen.likeness, channels=channels or chosen.channels
    )
    return _open(chosen, device)


@lru_cache(maxsize=2)
def _open(chosen: FaceModelChoice, device: str) -> Recogniser:
    def locate(face: np.ndarray) -> np.ndarray | None:
        if chosen.landmarks == "mini":
            return _locate_by_mini(face)
        return open_finder(chosen.folder, device).in_square(face)

    net = None
    if chosen.likeness == "arcface" or "arcface" in holds(chosen.folder):
        net = _arcface(find_file(chosen.folder, "arcface"), device)
    critic = None if net is None else _critic(net)
    same = threshold_of(chosen.likeness).pair
    if chosen.likeness == "arcface" and net is not None:
        return Recogniser(_arcface_features(net, chosen.channels, device), locate, same, critic)
    if chosen.likeness == "sface-int8":
        eight = open_sface(find_file(chosen.folder, "sface-int8"), device)
        return Recogniser(eight.features, locate, same, critic)
    return Recogniser(_sface_features(find_file(chosen.folder, "sface")), locate, same, critic)


def _locate_by_mini(face: np.ndarray) -> np.ndarray | None:
    from pidiff_cli.core.faces.nets import FOLDER, LandmarkNet, open_net
    from pidiff_cli.core.faces.refinement import refine_landmarks

    middle = (face.shape[1] / 2, face.shape[0] / 2, float(face.shape[0]))
    looks = refine_landmarks(open_net(LandmarkNet, FOLDER, "landmarks"), face, [middle], least=0.05)
    return looks[0].points if looks else None


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """68 points -> eyes, nose tip, mouth corners (5, 2), the picture's left side first."""
    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]]).astype(np.float64)


def crop_face(rgb: np.ndarray, five: np.ndarray) -> np.ndarray:
    """The 112 px face, uint8: the similarity (least squares) that lays five points on TEMPLATE.

    OpenCV's own `alignCrop` does the same; this one shrinks large faces without aliasing.
    """
    import cv2

    matrix = similarity(five, TEMPLATE)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        factor = 2 * scale
        small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        ratio = np.array([small.shape[1] / rgb.shape[1], small.shape[0] / rgb.shape[0]])
        rgb, matrix = small, similarity((five + 0.5) * ratio - 0.5, TEMPLATE)
    return np.asarray(cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR))


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The 2 x 3 matrix of turn, scale and shift from points (N, 2) to points (N, 2) (Umeyama)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a / len(a))
    flip = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    turn = (u * flip) @ vt
    scale = float((s * flip).sum() / (a**2).sum(1).mean())
    shift = target.mean(0) - scale * turn @ source.mean(0)
    return np.concatenate([scale * turn, shift[:, None]], 1)


def _sface_features(path: Path) -> Callable[[list[np.ndarray]], np.ndarray]:
    import cv2

    try:
        net = cv2.FaceRecognizerSF.create(str(path), "")
    except cv2.error as error:
        raise InputError(
            f"{path.name} is damaged, or no SFace network.", "Again: pidiff models pull faces"
        ) from error

    def features(crops: list[np.ndarray]) -> np.ndarray:
        # OpenCV takes BGR and turns it: the network sees RGB, 0 to 255.
        found = [net.feature(np.ascontiguousarray(crop[..., ::-1])).copy() for crop in crops]
        return np.concatenate(found)

    return features


def _arcface(path: Path, device: str) -> nn.Module:
    net = ArcFace()
    load_strictly(net, read_tensors(path), path)
    return net.eval().requires_grad_(False).to(device)


def _arcface_features(
    net: nn.Module, channels: str, device: str
) -> Callable[[list[np.ndarray]], np.ndarray]:
    def features(crops: list[np.ndarray]) -> np.ndarray:
        from pidiff_cli.core.images import to_tensor

        x = to_tensor(np.stack(crops))
        with torch.no_grad():
            found = net((x.flip(1) if channels == "bgr" else x).to(device))
        return np.asarray(found.float().cpu().numpy())

    return features


def _critic(net: nn.Module) -> Callable[[Tensor], Tensor]:
    """As the published inversion losses use ArcFace: RGB, the inner face of 256 px, averaged."""
    from pidiff_cli.core.images import resized

    def critic(x: Tensor) -> Tensor:
        found: Tensor = net(crop_for_loss(resized(x, 256)))
        return found

    return critic


MINI_SIDE = 128  # px: what mini's embedder reads


def load_embedder(folder: Path = FOLDER, device: str = "cpu") -> FaceEmbedder | Recogniser:
    """Who is it, by what `folder` holds: mini's own net, or SFace or ArcFace for photographs.

    Raises MissingWeightError when it is not there.
    """
    chosen = choose_face_models(folder)
    if chosen.real and chosen.likeness != "mini":
        return open_recogniser(folder, device)
    return open_net(FaceEmbedder, FOLDER if chosen.real else folder, "embedder")


def embed_faces(embedder: nn.Module | Recogniser, aligned: list[np.ndarray]) -> np.ndarray:
    """Aligned faces, each uint8 (S, S, 3) -> (B, E) float32, unit length."""
    import cv2

    if not isinstance(embedder, nn.Module):
        return np.asarray(embedder.embed(aligned).numpy())
    small = [cv2.resize(a, (MINI_SIDE, MINI_SIDE), interpolation=cv2.INTER_AREA) for a in aligned]
    if not small:
        return np.zeros((0, 1), np.float32)
    with torch.no_grad():
        codes = embedder(to_tensor(np.stack(small)))
    return np.asarray(codes.float().numpy())
