"""Which points of the MediaPipe face mesh stand for the 68 of iBUG that the program works with.

The mesh has 468 points on a canonical face, the same in the network with 478 (whose last ten are
the irises). "Left" is the picture's left, as in iBUG's order. The mesh has no point of iBUG's by
definition: the nearest in meaning are taken, always in mirrored pairs.
"""

from __future__ import annotations

import numpy as np

#: Ear, jaw, chin, jaw, ear: every second point of the mesh's outline below the eyes, or nearly.
_JAW = (127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356)
#: The upper edge of each brow, left to right.
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
#: Between the eyes down to the tip, then below the nostrils from wing to wing.
_NOSE = (168, 197, 195, 4, 98, 97, 2, 326, 327)
#: Corner, two of the upper lid, corner, two of the lower lid; the left eye from its outer corner,
#: the right one from its inner.
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
#: The lips' outline from the left corner over the upper lip, then the opening likewise.
_OUTER_LIPS = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
_INNER_LIPS = (78, 81, 13, 311, 308, 402, 14, 178)
#: For each of iBUG's 68 points the number of the mesh's.
IBUG_68 = np.array((*_JAW, *_BROWS, *_NOSE, *_EYES, *_OUTER_LIPS, *_INNER_LIPS))


def ibug_68(points: np.ndarray) -> np.ndarray:
    """Mesh points (..., P, 2 or 3), P at least 468 -> (..., 68, 2), iBUG order, same units.

    The mean of points 36 to 41 or 42 to 47 is the centre of an eye, as elsewhere.
    """
    if points.shape[-2] < 468:
        raise ValueError(f"these are no points of a face mesh: {points.shape}")
    return points[..., IBUG_68, :2]
