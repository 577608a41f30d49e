"""The square that the face mesh looks at, and the way back into the photo.

As MediaPipe cuts it: around the face's box, turned so that the eyes are level, 1.5 times as wide
as the box's longer side; what lies outside of the photo repeats its edge. Places are those of
pixels, (0, 0) the middle of the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GROW = 1.5


@dataclass(frozen=True)
class Square:
    """A turned square in a photo.

    Attributes:
        centre: x, y in the photo's pixels.
        side: its length in the photo's pixels.
        turn: radians from the photo's x axis to the square's, clockwise as seen.
    """

    centre: tuple[float, float]
    side: float
    turn: float = 0.0

    def matrix(self, size: int) -> np.ndarray:
        """The 2 x 3 affine matrix from the photo's pixels to those of a crop of side `size`."""
        scale = size / self.side
        cos, sin = scale * np.cos(self.turn), scale * np.sin(self.turn)
        linear = np.array([[cos, sin], [-sin, cos]])
        shift = (size - 1) / 2 - linear @ np.array(self.centre)
        return np.concatenate([linear, shift[:, None]], 1)


def square_of_box(
    box: tuple[float, float, float, float], eyes: np.ndarray | None = None, grow: float = GROW
) -> Square:
    """The square around a detector's box.

    Args:
        box: x0, y0, x1, y1 around brows and chin at least, pixels.
        eyes: (2, 2) pixels, the picture's left one first; None: the head stands upright.

    Raises:
        ValueError: the box has no size.
    """
    x0, y0, x1, y1 = box
    side = grow * max(x1 - x0, y1 - y0)
    if not (np.isfinite(side) and side > 0):
        raise ValueError(f"no box of a face: {box}")
    return Square(((x0 + x1) / 2, (y0 + y1) / 2), float(side), _turn(eyes))


def square_of_points(points: np.ndarray, eyes: np.ndarray, grow: float = GROW) -> Square:
    """The square around a mesh that was found: what to look at again, or in the next picture.

    Args:
        points: (P, 2 or 3) pixels, all of the mesh. eyes: (2, 2) as in `square_of_box`.
    """
    turn = _turn(eyes)
    cos, sin = np.cos(turn), np.sin(turn)
    level = points[:, :2] @ np.array([[cos, -sin], [sin, cos]])  # in the square's own axes
    low, high = level.min(0), level.max(0)
    x, y = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Square((float(x), float(y)), max(grow * float((high - low).max()), 1.0), turn)


def cut_square(rgb: np.ndarray, square: Square, size: int) -> np.ndarray:
    """The square of a photo, uint8 (H, W, 3), as uint8 (size, size, 3); no aliasing."""
    import cv2

    matrix = square.matrix(size)
    scale = size / square.side
    if scale < 0.5:
        small = cv2.resize(rgb, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        ratio = np.array([rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]])
        # photo = (small + 0.5) * ratio - 0.5
        shift = matrix[:, :2] @ (0.5 * ratio - 0.5) + matrix[:, 2]
        rgb, matrix = small, np.concatenate([matrix[:, :2] * ratio, shift[:, None]], 1)
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    crop = cv2.warpAffine(rgb, matrix, (size, size), flags=flags, borderMode=border)
    return np.asarray(crop)


def back_into_photo(points: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Mesh points (P, 3) of a crop of side `size` -> the photo's pixels; z in the same unit."""
    matrix = square.matrix(size)
    flat = (points[:, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return np.concatenate([flat, points[:, 2:] * (square.side / size)], 1)


def _turn(eyes: np.ndarray | None) -> float:
    if eyes is None:
        return 0.0
    x, y = np.asarray(eyes[1], float) - np.asarray(eyes[0], float)
    return float(np.arctan2(y, x)) if np.isfinite([x, y]).all() and (x or y) else 0.0
