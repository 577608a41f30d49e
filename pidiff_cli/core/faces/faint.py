"""A face that the detector sees and the mesh cannot hold: is it too blurred?

Motion over a sixth of the head leaves the mesh unsure whether there is a face. The detector sees
it on a small copy, and its five points are enough to lay the head's square.
"""

from __future__ import annotations

import numpy as np

from pidiff_cli.core.faces.align import align_face, ffhq_quad
from pidiff_cli.core.faces.mesh_finder import LEAST, MeshFinder
from pidiff_cli.core.faces.sharpness import BROW_TO_CHIN, SIDE, Blur, blur

SMALL = 256  # px, longer side of the copy: blur shrinks with it
SEEN = LEAST  # the detector's score: it only decides how a photo without a face is told of


def faint_face(finder: MeshFinder, rgb: np.ndarray) -> Blur | None:
    """How blurred the plainest face of a photo is in which no face was found; None: there is none.

    Args:
        rgb: uint8 (H, W, 3).
    """
    from pidiff_cli.core.images import shrink

    small, factor = shrink(rgb, SMALL)
    rows = finder.boxes(small)
    if not len(rows) or rows[:, 14].max() < SEEN:
        return None
    five = rows[rows[:, 14].argmax(), 4:14].reshape(5, 2).astype(float)
    points = _as_landmarks((five + 0.5) * factor - 0.5)
    quad = ffhq_quad(points)
    height = float(np.hypot(*(quad[3] - quad[0]))) * BROW_TO_CHIN / SIDE
    return blur(align_face(rgb, points, SIDE), height)


def _as_landmarks(five: np.ndarray) -> np.ndarray:
    """YuNet's eyes, nose and mouth corners (5, 2), in any order of sides -> (68, 2), in which only
    what an alignment reads is filled in."""
    points = np.zeros((68, 2))
    eyes, mouth = (pair[pair[:, 0].argsort()] for pair in (five[:2], five[3:]))
    points[36:42], points[42:48] = eyes
    points[48], points[54] = mouth
    return points
