"""Where a face is in a picture, and where a base is used to seeing it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Place:
    """A face in a photo, px.

    Attributes:
        x, y: the middle between eyes and mouth.
        span: the larger of the eye distance and eyes-to-mouth.
    """

    x: float
    y: float
    span: float


def place_of(landmarks: np.ndarray) -> Place:
    """The place of a face with landmarks (68, 2)."""
    eyes = np.stack([landmarks[36:42].mean(0), landmarks[42:48].mean(0)])
    middle, mouth = eyes.mean(0), landmarks[48:60].mean(0)
    span = max(float(np.linalg.norm(eyes[1] - eyes[0])), float(np.linalg.norm(mouth - middle)))
    x, y = (middle + mouth) / 2
    return Place(float(x), float(y), span)


def place_in_mask(mask: np.ndarray) -> Place:
    """A guess from a head mask (H, W) in [0, 1]: a face of usual proportions under usual hair.

    The middle of an empty mask.
    """
    height, width = mask.shape
    rows, columns = np.flatnonzero((mask > 0.5).any(1)), np.flatnonzero((mask > 0.5).any(0))
    if not len(rows):
        return Place(width / 2, height / 2, min(height, width) / 6)
    top, bottom = float(rows[0]), float(rows[-1]) + 1
    left, right = float(columns[0]), float(columns[-1]) + 1
    return Place((left + right) / 2, top + 0.58 * (bottom - top), 0.31 * (bottom - top))


@dataclass(frozen=True)
class Framing:
    """Where a base is used to seeing a face; (low, high) shares of the picture's side.

    A base places a head as it has always seen it. Training pictures framed otherwise make the
    identity branch learn places instead of the face.

    Attributes:
        span: of the face. across, down: the middle between eyes and mouth.
    """

    span: tuple[float, float] = (0.10, 0.20)
    across: tuple[float, float] = (0.40, 0.60)
    down: tuple[float, float] = (0.35, 0.55)

    @classmethod
    def read(cls, values: dict[str, Any]) -> Framing:
        """From JSON values; KeyError, TypeError or ValueError where they do not fit."""
        low_high = {key: tuple(map(float, values[key])) for key in asdict(cls())}
        if any(len(pair) != 2 or not 0 < pair[0] <= pair[1] < 1 for pair in low_high.values()):
            raise ValueError(f"framing {values} is not of shares (low, high)")
        return cls(**low_high)  # type: ignore[arg-type]

    def values(self) -> dict[str, list[float]]:
        """JSON values, as ``read`` takes them."""
        return {key: list(pair) for key, pair in asdict(self).items()}
