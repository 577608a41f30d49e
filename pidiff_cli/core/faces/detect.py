"""Where the faces are, with 68 points each.

face-alignment's 2DFAN-4 does it where a folder of models holds its weights (nothing is ever
fetched). Otherwise candidates come from scikit-image's LBP cascade and mini's finder, and mini's
landmark net, which looks several times, keeps those that hold still under its eyes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.core.faces.choice import choose_face_models, holds
from pidiff_cli.core.faces.mini_detector import candidates
from pidiff_cli.core.faces.nets import FOLDER, LandmarkNet, open_net
from pidiff_cli.core.faces.refinement import RefinedLandmarks, refine_landmarks


@dataclass(frozen=True)
class Face:
    """One face.

    Attributes:
        box: x0, y0, x1, y1 around the 68 points (brow to chin), pixels.
        score: 0 to 1.
        landmarks: (68, 2) float32 pixels, iBUG order.
        approximate: the points come from mini's nets, not from face-alignment.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: np.ndarray
    approximate: bool = True

    @property
    def height(self) -> float:
        """Brow to chin in pixels."""
        return self.box[3] - self.box[1]


def find_faces(
    rgb: np.ndarray, folder: Path = FOLDER, models: Path | None = None, device: str = "cpu"
) -> list[Face]:
    """All faces of a picture, the largest first.

    Args:
        rgb: uint8 (H, W, 3).
        folder: the face networks of a base; those it holds are used.
        models: the folder of pulled models; its `faces` are used for mini, too, if they are there.

    Raises:
        MissingWeightError: the folder of a real base lacks its landmark net or its detector, or
            mini's nets are missing.
    """
    better = _better(folder, models)
    faces = _with_mini(rgb, folder) if better is None else _with_finder(better, rgb, device)
    return sorted(faces, key=lambda face: -face.height)


def published_faces(models: Path) -> Path | None:
    """The folder of pulled face networks, where it can find and tell apart faces in photographs."""
    folder = models / "faces"
    whole = _better(FOLDER, models) and {"sface", "sface-int8", "arcface"} & set(holds(folder))
    return folder if whole else None


def _with_mini(rgb: np.ndarray, folder: Path) -> list[Face]:
    folder = FOLDER if choose_face_models(folder).real else folder
    net = open_net(LandmarkNet, folder, "landmarks")
    looks = refine_landmarks(net, rgb, [(c.x, c.y, c.side) for c in candidates(rgb, folder)])
    return [_face(look) for look in looks]


def _face(look: RefinedLandmarks) -> Face:
    low, high = look.points.min(0), look.points.max(0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Face(box, look.score, look.points.astype(np.float32))


def _better(folder: Path, models: Path | None) -> Path | None:
    """The folder whose 2DFAN-4 finds the points; None where mini's nets have to."""
    chosen = choose_face_models(folder)
    if chosen.real:
        return folder if chosen.landmarks != "mini" else None
    if models is None:
        return None
    here = set(holds(models / "faces"))
    fan = "2dfan4" in here and {"sfd", "yunet", "scrfd"} & here
    return models / "faces" if fan or {"mesh", "yunet"} <= here else None


def _with_finder(folder: Path, rgb: np.ndarray, device: str) -> list[Face]:
    from pidiff_cli.core.faces.finder import open_finder

    faces = []
    for points, score in open_finder(folder, device).find(rgb):
        low, high = points.min(0), points.max(0)
        edges = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        faces.append(Face(edges, score, points.astype(np.float32), approximate=False))
    return faces
