"""A face as one vector of proportions, colours and regions, read alike in photos and drawings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pidiff_cli.core.faces.face_alignment import IN_SQUARE
from pidiff_cli.core.faces.face_regions import region_measures
from pidiff_cli.core.faces.mesh import FaceMesh
from pidiff_cli.core.faces.mesh_crop import square_of_box
from pidiff_cli.core.faces.mesh_finder import PRESENT
from pidiff_cli.core.faces.mesh_measures import shape_measures

Vector = dict[str, float]
SIDE = 256  # px of the square that is measured: what the mesh looks at


def face_measures(points: np.ndarray, aligned: np.ndarray, head: np.ndarray) -> Vector:
    """All measures of a face by their names, in a fixed order; NaN where nothing is seen.

    Args:
        points: a mesh (478, 3) in the pixels of the square. aligned: its face, uint8 (S, S, 3).
        head: (S, S) in [0, 1].
    """
    return shape_measures(points) | region_measures(points, aligned, head)


def read_vectors(
    mesh: FaceMesh, faces: Sequence[np.ndarray], heads: Sequence[np.ndarray]
) -> list[Vector | None]:
    """The measures of FFHQ-aligned faces, uint8 (S, S, 3), with their head masks (S, S).

    None where the mesh, of 478 points, sees no face.
    """
    import cv2

    found: list[Vector | None] = []
    for face, head in zip(faces, heads, strict=True):
        size = (SIDE, SIDE)
        shrinks = len(face) > SIDE
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        square = cv2.resize(face, size, interpolation=how) if len(face) != SIDE else face
        mask = cv2.resize(head.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        x0, y0, x1, y1 = (float(at * SIDE) for at in IN_SQUARE)
        (seen,) = mesh.look(square, [square_of_box((x0, y0, x1, y1))])
        sure = seen.score >= PRESENT
        found.append(face_measures(seen.points, square, mask) if sure else None)
    return found
