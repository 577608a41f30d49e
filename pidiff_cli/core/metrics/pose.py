"""Copy-paste: do pose and expression follow the photos instead of prompt and seed? (ours)

Read from the 68 landmarks, as four numbers that hardly depend on whose face it is: of drawn people
a number's spread between pictures of one person is over five times its spread between people
(``benchmarks.quality.copy_paste``). Mouth width, brow height, eye opening and the nose's height
fail that and are left out: they would count the identity itself as copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NAMES = ("turn", "corners", "mouth", "brow")
SPREAD = np.array([0.497, 0.079, 0.153, 0.057])  # within a person; benchmarks.quality.copy_paste
LEAST = 0.5  # squared distance, in spreads, between the photos' and the base's mean to measure by


@dataclass(frozen=True)
class Copied:
    """How far pose and expression went from the base's own to the photos'.

    Attributes:
        value: 0 keeps what prompt and seed give, 1 is the photos' own. May leave that range.
        plus_minus: half of the 95 % interval over the pictures; None for fewer than three.
    """

    value: float
    plus_minus: float | None


def pose_of(landmarks: np.ndarray) -> np.ndarray:
    """Pose and expression (4,) of landmarks (68, 2) px: head turn, mouth corners, opening, brow.

    In units of SPREAD. Moving, scaling and tilting the face changes nothing. Lengths are shares
    of the distance between the eyes, heights are along the face's own upright.
    """
    left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    across = right - left
    eyes = max(float(np.hypot(*across)), 1e-6)
    down = np.array([-across[1], across[0]]) / eyes
    jaw, jaw_right = landmarks[0:3].mean(0), landmarks[14:17].mean(0)
    wide = jaw_right - jaw
    nose = float((landmarks[27:31].mean(0) - jaw) @ wide / max(float(wide @ wide), 1e-6))
    lips = (landmarks[62] + landmarks[66]) / 2
    corners = (lips - (landmarks[48] + landmarks[54]) / 2) @ down / eyes
    mouth = (landmarks[66] - landmarks[62]) @ down / eyes
    brow = (landmarks[20:24].mean(0) - landmarks[[17, 18, 25, 26]].mean(0)) @ down / eyes
    turn = np.clip(2.5 * (2 * nose - 1), -1, 1)
    return np.array([turn, corners, mouth, brow]) / SPREAD


def copied(
    drawn: Sequence[np.ndarray], plain: Sequence[np.ndarray], photos: Sequence[np.ndarray]
) -> Copied | None:
    """Copy-paste of pictures: how far pose and expression follow the photos instead of the prompt
    (docs/method.md, section 8).

    With g, b and q the mean poses of the pictures, of the base's own pictures of the same prompts
    and seeds, and of the training photos, it is (g - b) · d / d · d along d = q - b. Means are
    taken first, so that a face that merely turns another way at random counts as 0.

    Args:
        drawn, plain: (4,) of ``pose_of`` each, pair by pair. photos: (4,) a training photo.
    Returns: None without a pair, or where the photos' mean is what the base draws anyway
        (d · d < LEAST): then copying cannot be told from not copying.
    """
    if not drawn or not photos:
        return None
    moved = np.stack(drawn) - np.stack(plain)  # (N, 4)
    d = np.mean(photos, axis=0) - np.mean(plain, axis=0)
    square = float(d @ d)
    if square < LEAST:
        return None
    along = moved @ d / square  # (N,)
    error = 1.96 * along.std(ddof=1) / len(along) ** 0.5 if len(along) > 2 else None
    return Copied(float(along.mean()), None if error is None else float(error))
