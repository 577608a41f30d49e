"""face-alignment's landmark net (2DFAN-4) and its detectors, on weights that lie in our folder.

Its own constructor looks into torch's cache and fetches what is missing; here the networks are
built, filled from our files and handed to it, so its downloader is never reached. Nothing is
compiled unless asked.
"""

from __future__ import annotations

import contextlib
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pidiff_cli.core.faces.align import ffhq_quad
from pidiff_cli.core.faces.choice import FaceModelChoice, choose_face_models
from pidiff_cli.core.faces.nets import FOLDER, open_net
from pidiff_cli.core.faces.published import find_file
from pidiff_cli.core.faces.refinement import plausible
from pidiff_cli.core.tensors.load import load_strictly, read_tensors
from pidiff_cli.errors import InputError

WORK_SIDE = 1024  # px, the longer side at which faces are searched
# The face in an FFHQ-aligned square of side 1, forehead to chin: left, top, right, bottom.
IN_SQUARE = (0.22, 0.24, 0.78, 0.92)


class Fan:
    """Faces and their 68 points in photographs.

    Args:
        aligner: a `face_alignment.FaceAlignment` that is ready.
    """

    def __init__(self, aligner: Any) -> None:
        self.aligner = aligner

    def find(self, rgb: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """uint8 (H, W, 3) -> points (68, 2) float32 px, iBUG order, and a score each."""
        from pidiff_cli.core.images import shrink

        small, factor = shrink(rgb, WORK_SIDE)
        boxes = [
            np.asarray(box, np.float64)
            for box in self.aligner.face_detector.detect_from_image(small)
        ]
        boxes = [box for box in boxes if _sensible(box, small)]
        # Pixel centres: shrinking maps x + 0.5, not x.
        found = [(p + 0.5) * factor - 0.5 for p in self.place(small, boxes)]
        return [
            (points, float(min(max(box[4], 0.0), 1.0)))
            for points, box in zip(found, boxes, strict=True)
            if spreads(points)
        ]

    def place(self, rgb: np.ndarray, boxes: list[np.ndarray]) -> list[np.ndarray]:
        """The points (68, 2) of faces whose boxes (x0, y0, x1, y1, …) in px are known."""
        if not boxes:
            return []
        found = self.aligner.get_landmarks_from_image(rgb, detected_faces=boxes)
        return [np.asarray(points, np.float32)[:, :2] for points in found or []]

    def in_square(self, aligned: np.ndarray) -> np.ndarray | None:
        """The points (68, 2) in an FFHQ-aligned face, uint8 (S, S, 3); None if they are no face."""
        side = aligned.shape[0]
        (points,) = self.place(aligned, [np.array([*IN_SQUARE, 1.0]) * side])
        return points if plausible(points, side, side) else None


def open_fan(folder: Path, device: str = "cpu") -> Fan:
    """2DFAN-4 and the detector that `folder` holds (its `faces.json` may choose).

    Raises:
        MissingWeightError: a network is not there; names the command that fetches it.
        InputError: a file is damaged or of another network.
    """
    return _open(choose_face_models(folder), device)


@lru_cache(maxsize=2)
def _open(chosen: FaceModelChoice, device: str) -> Fan:
    path = find_file(chosen.folder, "2dfan4")
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        from face_alignment import FaceAlignment, LandmarksType, utils
        from face_alignment.models import FAN
    _uncompile(utils, ("transform_np", "_get_preds_fromhm"))

    class Ready(FaceAlignment):
        """Takes networks that are loaded already."""

        def __init__(self, net: nn.Module, detector: Any) -> None:
            self.device, self.dtype, self.verbose = device, torch.float32, False
            self.landmarks_type = LandmarksType.TWO_D
            self.flip_input, self.max_batch_size = True, 4
            self.face_alignment_net, self.face_detector = net, detector

    net = _filled(FAN(4), path).to(device)
    return Fan(Ready(net, _detector(chosen, device)))


def _uncompile(module: Any, names: tuple[str, ...]) -> None:
    """Put plain Python back for functions that numba compiles: the same numbers, bit for bit.

    Compiling took 9 s in every process, the plain functions 4 ms a face.
    """
    for name in names:
        plain = getattr(getattr(module, name, None), "py_func", None)
        if plain is not None:
            setattr(module, name, plain)


def _filled(net: nn.Module, path: Path) -> nn.Module:
    load_strictly(net, read_tensors(path), path)
    return net.eval().requires_grad_(False)


def _detector(chosen: FaceModelChoice, device: str) -> Any:
    name = chosen.detector
    if name == "mini":
        return _MiniDetector()
    path = find_file(chosen.folder, name)
    if name == "sfd":
        return _sfd(path, device)
    try:
        if name == "yunet":
            from face_alignment.detection.yunet import FaceDetector
        else:
            from face_alignment.detection.scrfd import FaceDetector
        return FaceDetector(device="cpu", path_to_detector=str(path))
    except ImportError as error:
        raise InputError(
            f"The face detector {name} needs a package that is not here: {error.name or error}.",
            "pip install onnxruntime, or choose another detector in faces.json",
        ) from error
    except Exception as error:  # cv2.error and onnxruntime's own: the file is at fault
        raise InputError(
            f"{path.name} is damaged, or no {name} detector.", "pidiff models pull faces"
        ) from error


def _sfd(path: Path, device: str) -> Any:
    from face_alignment.detection.core import FaceDetector
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.detection.sfd.sfd_detector import SFDDetector

    class Ready(SFDDetector):
        """Takes its network from our file, not from torch's cache."""

        def __init__(self) -> None:
            FaceDetector.__init__(self, device, False)
            self.filter_threshold = 0.5
            self.face_detector = _filled(s3fd(), path).to(device)

    return Ready()


class _MiniDetector:
    """Boxes from the nets in the package, in the proportions that S3FD's boxes have."""

    reference_scale = 195

    def detect_from_image(self, rgb: np.ndarray) -> list[list[float]]:
        from pidiff_cli.core.faces.mini_detector import candidates
        from pidiff_cli.core.faces.nets import LandmarkNet
        from pidiff_cli.core.faces.refinement import refine_landmarks

        net = open_net(LandmarkNet, FOLDER, "landmarks")
        looks = refine_landmarks(net, rgb, [(c.x, c.y, c.side) for c in candidates(rgb)])
        boxes = []
        for look in looks:
            (x0, y0), (x1, y1) = look.points.min(0), look.points.max(0)
            boxes.append([float(v) for v in (x0, y0 - 0.2 * (y1 - y0), x1, y1, look.score)])
        return boxes


def spreads(points: np.ndarray) -> bool:
    """Whether 68 points span a square that can be cut out; on no face they may fall together."""
    quad = ffhq_quad(points) if np.ptp(points, axis=0).min() > 1 else np.zeros((4, 2))
    return bool(np.isfinite(quad).all() and np.hypot(*(quad[3] - quad[0])) >= 8)


def _sensible(box: np.ndarray, rgb: np.ndarray) -> bool:
    """Whether a box has a size and touches the picture; detectors give others, too."""
    height, width = rgb.shape[:2]
    wide, high = box[2] - box[0], box[3] - box[1]
    inside = box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0
    return bool(np.isfinite(box).all() and min(wide, high) >= 4 and inside)
