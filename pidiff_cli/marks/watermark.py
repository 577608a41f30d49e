"""The invisible watermark: which pictures pidiff drew, where nothing beside the pixels is left.

Spread spectrum in luma (Cox et al. 1997). A tile of 64 px whose spectrum is a ring of fixed
phases, repeated over the picture, is added as strongly as the picture's own texture hides it. A
second tile, cyclically shifted against the first, carries one byte. Repetition finds the place
again after a crop, a search over scales after a resize. Whether it is there is a correlation of
phases: under the hypothesis of no mark it is a standard normal value whatever the picture, so that
the threshold is a false positive rate and nothing learnt. No library that registries carry
survives a resize to half or a crop: docs/decisions/watermark.md, `python -m
benchmarks.quality.watermarks`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pidiff_cli.marks.texts import record_text

SMALLEST = 128  # px, the shorter side; smaller pictures hold no robust mark
THRESHOLD = 7.0  # standard deviations; about 1e6 places and scales are looked at
TILE, GRID = 64, 4  # px: the tile's side, the step of shifts that tell bytes apart
LOW, HIGH = 0.06, 0.27  # of the ring, cycles a px
SHARES = (0.7, 0.3)  # of the energy, of the tile that is looked for and the one that tells
FAINTEST, STRONGEST, HIDDEN = 0.8, 3.0, 0.22  # grey levels, and of the texture's own deviation
USUAL = (1.0, 2.0, 0.5, 4 / 3, 0.75, 1.5, 2 / 3, 4.0, 0.25)  # scales, tried over the whole picture
WINDOW, STEP, WIDEST = 192, 0.008, 2.5  # px, relative step and end of the search over scales


@dataclass(frozen=True)
class Found:
    """What was looked for in a picture: ``score`` in standard deviations, the byte it tells, and
    the scale at which the mark has its own size."""

    score: float
    payload: int
    scale: float

    @property
    def there(self) -> bool:
        """Whether it is the mark."""
        return self.score >= THRESHOLD


def fits(height: int, width: int) -> bool:
    """Whether a picture is large enough to hold a robust mark."""
    return min(height, width) >= SMALLEST


def payload_of(record: dict[str, Any]) -> int:
    """The byte that a picture's mark tells: of its record, with the seed in it."""
    return hashlib.sha256(record_text(record).encode()).digest()[0]


def embedded(pixels: np.ndarray, payload: int) -> np.ndarray:
    """The marked picture. ``pixels`` uint8 (H, W, 3) RGB; ``payload`` 0 to 255."""
    luma = pixels.astype(np.float32).mean(2)
    height, width = luma.shape
    first, second = _tiles()
    moved = np.roll(second, _shift(payload), (0, 1))
    tile = math.sqrt(SHARES[0]) * first + math.sqrt(SHARES[1]) * moved
    whole = np.tile(tile / tile.std(), (height // TILE + 1, width // TILE + 1))[:height, :width]
    strength = np.clip(HIDDEN * _activity(luma), FAINTEST, STRONGEST)
    marked = pixels + (strength * whole.astype(np.float32))[..., None]
    return np.clip(np.rint(marked), 0, 255).astype(np.uint8)


def looked_for(pixels: np.ndarray) -> Found:
    """Look for the mark in a picture uint8 (H, W, 3) RGB of any size, also a part or a copy."""
    luma = np.ascontiguousarray(pixels.astype(np.float32).mean(2))
    best = Found(0.0, 0, 1.0)
    for scale in USUAL:
        best = max(best, _at(luma, scale), key=lambda found: found.score)
        if best.there:
            return best
    near = max(_coarse(luma), key=lambda found: found.score, default=best)
    step = 1 / max(luma.shape)
    around = (near.scale * (1 + step * n) for n in range(-round(STEP / step), round(STEP / step)))
    return max([best, *(_at(luma, scale) for scale in around)], key=lambda found: found.score)


def _coarse(luma: np.ndarray) -> Iterator[Found]:
    """The middle of the picture at all scales, near enough to be made exact afterwards."""
    count = round(math.log(WIDEST) / STEP)
    for scale in (math.exp(STEP * n) for n in range(-count, count + 1)):
        side = max(24, round(WINDOW / scale))
        top, left = (max(0, (whole - side) // 2) for whole in luma.shape)
        yield _at(luma[top : top + side, left : left + side], scale)


def _at(luma: np.ndarray, scale: float) -> Found:
    """The mark's score in a picture that is resized by a factor first."""
    import cv2

    height, width = (round(side * scale) for side in luma.shape)
    if min(height, width) < TILE // 2 or height * width > 32_000_000:
        return Found(0.0, 0, scale)
    if scale != 1:
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        luma = cv2.resize(luma, (width, height), interpolation=how)
    spectrum = np.fft.fft2(_folded(luma))
    phases = np.where(_ring(), spectrum / (np.abs(spectrum) + 1e-9), 0)
    first, second = (np.fft.ifft2(phases * np.conj(np.fft.fft2(tile))).real for tile in _tiles())
    place = np.unravel_index(first.argmax(), first.shape)
    told = np.roll(second, (-int(place[0]), -int(place[1])), (0, 1))[::GRID, ::GRID]
    noise = np.sqrt((np.abs(np.fft.fft2(_tiles()[0])) ** 2).sum()) / TILE**2  # of no mark
    return Found(float(first.max() / noise), int(told.argmax()), scale)


def _folded(luma: np.ndarray) -> np.ndarray:
    """The sum of a picture's tiles, without what is smooth and with strong texture made equal."""
    import cv2

    rough = (luma - cv2.GaussianBlur(luma, (0, 0), 5)) / (_activity(luma) + 1)
    height, width = (-(-side // TILE) for side in luma.shape)
    whole = np.zeros((height * TILE, width * TILE), np.float32)
    whole[: luma.shape[0], : luma.shape[1]] = np.clip(rough, -2.5, 2.5)
    return whole.reshape(height, TILE, width, TILE).sum((0, 2))


def _activity(luma: np.ndarray) -> np.ndarray:
    """Local standard deviation of fine detail, grey levels (H, W)."""
    import cv2

    rough = luma - cv2.GaussianBlur(luma, (0, 0), 2.5)
    return np.sqrt(np.maximum(cv2.GaussianBlur(rough * rough, (0, 0), 2), 0))


def _shift(payload: int) -> tuple[int, int]:
    return GRID * (payload // (TILE // GRID)), GRID * (payload % (TILE // GRID))


@cache
def _ring() -> np.ndarray:
    """The frequencies (T, T) of the tiles; without those of straight lines and of JPEG's blocks."""
    y, x = np.meshgrid(np.arange(TILE), np.arange(TILE), indexing="ij")
    radius = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.fftfreq(TILE)[None])
    blocks = (y % 8 == 0) & (x % 8 == 0)
    return (radius >= LOW) & (radius <= HIGH) & (y > 0) & (x > 0) & ~blocks


@cache
def _tiles() -> tuple[np.ndarray, np.ndarray]:
    """The two tiles (T, T), deviation 1. Their phases come from a hash, the same for ever."""
    made = []
    for name in ("first", "second"):
        stream = hashlib.shake_256(f"pidiff watermark 1 {name}".encode()).digest(2 * TILE * TILE)
        phases = np.frombuffer(stream, "<u2").reshape(TILE, TILE) / 65536 * 2 * np.pi
        tile = np.fft.ifft2(_ring() * np.exp(1j * phases)).real
        made.append(tile / tile.std())
    return made[0], made[1]
