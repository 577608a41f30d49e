"""How blurred a face is, and by what: its power spectrum, direction by direction.

A photograph's power falls with frequency in a way that faces share (EXPECTED). Motion takes the
fine detail along its direction away and leaves the rest; softness and enlargement take the finest
detail of every direction, while coarser detail stays. What a face too small to hold it lacks is
not blur. Reasons and figures: docs/decisions/photographs.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

SIDE = 256  # px at which an aligned face is read
BROW_TO_CHIN = 110  # px of it, in a square of SIDE
INSIDE = np.s_[60:220, 48:208]  # brow to chin, ear to ear
WINDOW = 160  # px, its side
#: Cycles over the aligned square; the first is what the others are measured against.
BANDS = ((4, 8), (14, 24), (24, 40), (40, 64), (64, 100))
WEDGES = 8  # directions, from the horizontal frequency on
#: Power of the bands after the first, log10 over the first's: the median of 62 sharp photographs,
#: at 0, 22.5, 45, 67.5 and 90 degrees; the others are their mirror images.
EXPECTED = np.array(
    [[-1.66, -1.72, -1.75, -1.41, -1.29],
     [-2.54, -2.52, -2.45, -2.17, -2.10],
     [-3.33, -3.34, -3.19, -2.94, -2.85],
     [-4.04, -4.01, -3.90, -3.72, -3.66]]
)[:, [0, 1, 2, 3, 4, 3, 2, 1]]  # fmt: skip
#: What is missing (log10 of power) where a face counts as blurred: in the poorest direction of 24
#: to 40 cycles; of 14 to 24, for the smallest faces; in the fall beyond 40 cycles.
MOTION, MOTION_OF_SMALL, SOFT = 1.1, 1.35, 1.65
#: px, brow to chin: a smaller face cannot hold 40 cycles, or what lies beyond.
HOLDS_FINE, HOLDS_FINEST = 50, 80
UNEVEN = 0.45  # a direction that lacks so much more than the mean is the motion's
TOLD = 0.65  # the amount from which a face counts as blurred


@dataclass(frozen=True)
class Blur:
    """How blurred a face is.

    Attributes:
        amount: 0 (as sharp as photographs are) to 1; blurred from TOLD on.
        kind: "" where it is not blurred; "motion", or "soft": out of focus, or enlarged.
    """

    amount: float
    kind: str

    @property
    def sharpness(self) -> float:
        """1 is sharp; below 0.35 a face is blurred."""
        return 1 - self.amount


def blur(aligned: np.ndarray, native_height: float) -> Blur:
    """How blurred an aligned face is, for what its picture can hold.

    Args:
        aligned: uint8 (S, S, 3), FFHQ-aligned. native_height: brow to chin in pixels of the photo.
    """
    held = min(native_height, aligned.shape[0] * BROW_TO_CHIN / SIDE)
    lacks = -_power(_grey(aligned))  # (4, WEDGES)
    fine, limit = (lacks[1], MOTION) if held >= HOLDS_FINE else (lacks[0], MOTION_OF_SMALL)
    motion, uneven = float(fine.max()) / limit, float(fine.max() - fine.mean())
    coarse, finest = lacks[:2].mean(), lacks[2:].mean()
    soft = float(1.5 * finest - 0.5 * coarse) / SOFT if held >= HOLDS_FINEST else 0.0
    amount = float(np.clip(TOLD * max(motion, soft), 0, 1))
    moved = motion >= 1 and uneven >= UNEVEN
    kind = ("motion" if moved else "soft") if amount >= TOLD else ""
    return Blur(round(amount, 3), kind)


def _grey(aligned: np.ndarray) -> np.ndarray:
    """The inside of the face at SIDE, float32 (WINDOW, WINDOW), mean 0, softly cut."""
    import cv2

    shrinks = aligned.shape[0] > SIDE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    small = cv2.resize(aligned, (SIDE, SIDE), interpolation=how)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)[INSIDE]
    return np.asarray((grey - grey.mean()) * _window())


def _power(grey: np.ndarray) -> np.ndarray:
    """The power of the bands after the first, as EXPECTED is given, less it, (4, WEDGES)."""
    power = np.abs(np.fft.fft2(grey)) ** 2 / (_window() ** 2).sum()
    mean = np.array([[power[mask].mean() for mask in band] for band in _masks()])
    logs = np.log10(mean + 1e-3)  # grey levels squared: what is below is rounding
    return np.asarray(logs[1:] - np.log10(mean[0].mean() + 1e-3) - EXPECTED)


@cache
def _window() -> np.ndarray:
    return np.outer(np.hanning(WINDOW), np.hanning(WINDOW)).astype(np.float32)


@cache
def _masks() -> tuple[tuple[np.ndarray, ...], ...]:
    """Where each band's directions lie in the spectrum, bool (WINDOW, WINDOW)."""
    at = np.fft.fftfreq(WINDOW) * SIDE
    radius, angle = np.hypot(at[None], at[:, None]), np.arctan2(at[:, None], at[None])
    off = [np.abs((np.rad2deg(angle) - 180 * k / WEDGES + 90) % 180 - 90) for k in range(WEDGES)]
    return tuple(
        tuple((radius >= low) & (radius < high) & (o <= 180 / WEDGES) for o in off)
        for low, high in BANDS
    )
