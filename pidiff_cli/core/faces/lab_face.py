"""An aligned face in CIELAB with the axes and the unit of its mesh: colours at known places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pidiff_cli.core.faces.mesh_measures import CHIN, TOP, unit_of

_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_CHEEKS = (50, 280, 101, 330, 36, 266, 151, 9, 195, 117, 346)


class LabFace:
    """A face's picture in CIELAB, with the axes and the unit of its mesh."""

    def __init__(self, points: np.ndarray, aligned: np.ndarray, head: np.ndarray) -> None:
        import cv2

        self.lab = cv2.cvtColor(aligned.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self.at, self.head, self.unit = points[:, :2], head > 0.5, unit_of(points[:, :2])
        up = self.at[TOP] - self.at[CHIN]
        self.up = up / np.linalg.norm(up)
        self.right = np.array([-self.up[1], self.up[0]])
        self.eyes = (self.at[33] + self.at[263]) / 2
        blurred = cv2.GaussianBlur(self.lab[..., 0], (0, 0), len(head) / 64)
        self.grain = self.lab[..., 0] - blurred
        oval = np.zeros(head.shape, np.uint8)
        cv2.fillConvexPoly(oval, np.round(self.at[list(_OVAL)]).astype(np.int32), 1)
        self.oval = cv2.dilate(oval, np.ones((3, 3), np.uint8)) > 0
        y, x = np.mgrid[: len(head), : len(head)]
        off = np.stack([x - self.eyes[0], y - self.eyes[1]], -1) / self.unit
        self.high, self.side = off @ self.up, off @ self.right  # of every pixel, from the eyes
        self.skin = self.seen([self.at[i] for i in _CHEEKS], 0.04)

    def disc(self, values: np.ndarray, at: np.ndarray, radius: float) -> np.ndarray:
        """The values of the pixels around a place, (N, ...)."""
        reach = radius * self.unit
        low = np.clip(np.floor(at - reach), 0, len(values)).astype(int)
        high = np.clip(np.ceil(at + reach) + 1, 0, len(values)).astype(int)
        part = values[low[1] : high[1], low[0] : high[0]]
        y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
        return np.asarray(part[np.hypot(x - at[0], y - at[1]) < reach])

    def seen(self, places: Sequence[np.ndarray], radius: float) -> np.ndarray:
        """The median over places of their median colours, (3,); NaN where none is in sight."""
        found = [self.disc(self.lab, at, radius) for at in places]
        colours = [np.median(values, axis=0) for values in found if len(values) > 2]
        return np.median(colours, axis=0) if colours else np.full(3, np.nan)

    def line(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Lightness along a line, (33,)."""
        at = np.round(a + (b - a) * np.linspace(0, 1, 33)[:, None]).astype(int)
        x, y = np.clip(at, 0, len(self.lab) - 1).T
        return np.asarray(self.lab[y, x, 0])
