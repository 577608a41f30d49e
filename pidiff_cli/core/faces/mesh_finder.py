"""YuNet and the MediaPipe face mesh as a finder of faces: small and permissive."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from pidiff_cli.core.faces.choice import FaceModelChoice, choose_face_models
from pidiff_cli.core.faces.face_alignment import IN_SQUARE, WORK_SIDE, spreads
from pidiff_cli.core.faces.mesh import FaceMesh, open_mesh
from pidiff_cli.core.faces.mesh_crop import Square, square_of_box
from pidiff_cli.core.faces.published import find_file
from pidiff_cli.core.faces.refinement import plausible
from pidiff_cli.errors import InputError

SURE = 0.8  # YuNet's score; it knows animals and things from people, the mesh does not
PRESENT = 0.5  # the mesh's own: half a face outside of the photo has less
#: Where nothing is found: the side in px at which masks, blur and faces larger than the picture are
#: seen after all, and the score that this takes. A dog that has 0.77 at 1024 px has none there.
HARD_SIDE, HARD_SURE = 256, 0.75
LEAST = 0.5  # the least that the detector tells of at all (`faint`)
OVERLAP = 0.3  # boxes that share more are one face


class MeshFinder:
    """Faces and their 68 points in photographs.

    Args:
        detector: an OpenCV `FaceDetectorYN`.
    """

    def __init__(self, detector: Any, mesh: FaceMesh) -> None:
        self.detector, self.mesh = detector, mesh
        self._lock = Lock()

    def find(self, rgb: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """uint8 (H, W, 3) -> points (68, 2) float32 px, iBUG order, and a score each."""
        return self._at(rgb, WORK_SIDE, SURE) or self._at(rgb, HARD_SIDE, HARD_SURE)

    def _at(self, rgb: np.ndarray, side: int, sure: float) -> list[tuple[np.ndarray, float]]:
        """What is found in a copy with this longer side, px."""
        from pidiff_cli.core.images import shrink

        small, factor = shrink(rgb, side)
        boxes = self.boxes(small)
        boxes = boxes[boxes[:, 14] >= sure]
        squares = [square_of_box(*_box_and_eyes(row)) for row in boxes]
        looks = self.mesh.look(small, squares)
        # Pixel centres: shrinking maps x + 0.5, not x.
        return [
            (((face.landmarks + 0.5) * factor - 0.5).astype(np.float32), float(row[14]))
            for face, row in zip(looks, boxes, strict=True)
            if face.score >= PRESENT and spreads(face.landmarks)
        ]

    def boxes(self, rgb: np.ndarray) -> np.ndarray:
        """YuNet's rows (F, 15): x, y, width, height, five points, score."""
        height, width = rgb.shape[:2]
        with self._lock:  # the detector keeps the size that it was told
            self.detector.setInputSize((width, height))
            found = self.detector.detect(np.ascontiguousarray(rgb[..., ::-1]))[1]
        rows = np.zeros((0, 15), np.float32) if found is None else np.asarray(found)
        return rows[np.isfinite(rows).all(1) & (rows[:, 2:4].min(1, initial=np.inf) >= 4)]

    def in_square(self, aligned: np.ndarray) -> np.ndarray | None:
        """The points (68, 2) in an FFHQ-aligned face, uint8 (S, S, 3); None if they are no face."""
        side = aligned.shape[0]
        x0, y0, x1, y1 = (float(at * side) for at in IN_SQUARE)
        square: Square = square_of_box((x0, y0, x1, y1))
        (face,) = self.mesh.look(aligned, [square])
        points = face.landmarks
        return points if face.score >= PRESENT and plausible(points, side, side) else None


def _box_and_eyes(row: np.ndarray) -> tuple[tuple[float, float, float, float], np.ndarray]:
    x, y, width, height = (float(value) for value in row[:4])
    eyes = row[4:8].reshape(2, 2).astype(np.float64)
    return (x, y, x + width, y + height), eyes[np.argsort(eyes[:, 0])]


def open_mesh_finder(folder: Path, device: str = "cpu") -> MeshFinder:
    """Both networks of `folder`.

    Raises:
        MissingWeightError: one is not there; names the command that fetches it.
        InputError: a file is damaged or of another network.
    """
    return _open(choose_face_models(folder), device)


@lru_cache(maxsize=2)
def _open(chosen: FaceModelChoice, device: str) -> MeshFinder:
    import cv2

    path = find_file(chosen.folder, "yunet")
    # OpenCV 5 warns of targets that nobody asked for.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        detector = cv2.FaceDetectorYN.create(str(path), "", (320, 320), LEAST, OVERLAP)
    except cv2.error as error:
        raise InputError(
            f"{path.name} is damaged, or no yunet detector.", "pidiff models pull free-faces"
        ) from error
    return MeshFinder(detector, open_mesh(find_file(chosen.folder, "mesh"), device))
