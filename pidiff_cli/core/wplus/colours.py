"""Skin and hair of a photo that the encoder missed by more than it ever misses a drawing's.

mini's encoder learnt from drawings. On photographs it keeps the shape of a head and falls back to
common colours: black, white and grey hair come out brown. So the colours of a few places are
compared between the photo and its code drawn again; where they lie further apart than on any
drawing, the code can move along the world's own colour factors towards where they agree
(Gauss-Newton, the derivatives by differences through the generator). How far is SHARE: not at all,
for now.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.wplus.stylegan2 import Generator

#: Not the undertone: the generator follows it, the UNet turns faces violet.
FACTORS = ("skin", "hair_r", "hair_g", "hair_b")
FAR = 28.0  # CIELAB distance, a person's mean; 18 drawn people reach 21 (docs/decisions.md)
ROUNDS, STEP, LIMIT, RIDGE = 4, 0.5, 1.5, 0.3
#: How much of the way the code goes. All of it agrees in the generator's picture, but the UNet has
#: seen no such codes and overdoes them: 0.4 gave the shipped one green hair (docs/decisions.md).
SHARE = 0.0
#: Top, bottom, left, right as shares of the side of an aligned face.
CHEEKS_BROW_NOSE = (
    (0.50, 0.60, 0.28, 0.38), (0.50, 0.60, 0.62, 0.72), (0.28, 0.36, 0.40, 0.60),
    (0.45, 0.58, 0.46, 0.54),
)  # fmt: skip
CROWN = (0.015, 0.075, 0.38, 0.62)  # top and bottom from the head's highest row
PAPER = 0.94  # brighter than this in every channel is the white around the head


@dataclass(frozen=True)
class Colours:
    """CIELAB colours (3,) of skin and crown; NaN where the face shows none."""

    skin: np.ndarray
    hair: np.ndarray

    def distance(self, other: Colours) -> float:
        """The larger of the two distances; 0 where nothing can be compared."""
        found = [np.linalg.norm(self.skin - other.skin), np.linalg.norm(self.hair - other.hair)]
        return float(np.nanmax([*found, 0.0]))


def colours_of(face: Tensor) -> Colours:
    """Skin and crown colour of an aligned face on white, (3, S, S) in [-1, 1]."""
    rgb = (face.detach().permute(1, 2, 0) * 0.5 + 0.5).clamp(0, 1).cpu().numpy()
    lab = cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2LAB)
    head = (face.detach().cpu().numpy() < PAPER).any(axis=0).astype(np.uint8)
    inside = cv2.erode(head, np.ones((5, 5), np.uint8)) > 0
    places = np.stack([_median(lab, inside, box) for box in CHEEKS_BROW_NOSE])
    skin = np.full(3, np.nan)
    if not np.isnan(places).all():
        skin = np.nanmedian(places, axis=0)
    return Colours(skin, _median(lab, inside, _crown(inside)))


def match_colours(
    generator: Generator, directions: Tensor, codes: Tensor, faces: Tensor, share: float = SHARE
) -> Tensor:
    """Move one person's codes where their colours are far off, else leave them as they are.

    Args:
        generator: makes aligned faces on white of side S.
        directions: (4, L, D), how a code moves per unit of ``FACTORS``.
        codes: (P, L, D), one a photo. faces: (P, 3, S, S) in [-1, 1] on white.
        share: of the way to the photo's colours, 0 to 1.
    Returns: the codes (P, L, D).
    """
    if share == 0:
        return codes
    targets = [colours_of(face) for face in faces]
    drawn = [colours_of(face) for face in _drawn(generator, codes)]
    off = [a.distance(b) for a, b in zip(targets, drawn, strict=True)]
    if np.mean(off) <= FAR:
        return codes
    found = [_fitted(generator, directions, *pair) for pair in zip(codes, targets, strict=True)]
    return codes + share * (torch.stack(found) - codes)


def _fitted(generator: Generator, directions: Tensor, code: Tensor, target: Colours) -> Tensor:
    """The code (L, D) whose colours come nearest, amounts held small by a ridge."""
    amounts, best, best_amounts = np.zeros(len(directions)), np.inf, np.zeros(len(directions))
    for step in range(ROUNDS + 1):
        now = code + _shift(directions, amounts)
        drawn = _drawn(generator, torch.cat([now[None], now + STEP * directions]))
        seen = np.stack([_error(colours_of(face), target) for face in drawn])  # (5, 6)
        loss = float((seen[0] ** 2).sum() + RIDGE * (amounts**2).sum())
        if loss < best:
            best, best_amounts = loss, amounts.copy()
        if step == ROUNDS:
            break
        slope = (seen[1:] - seen[0]).T / STEP  # (6, 4)
        square = slope.T @ slope + RIDGE * np.eye(len(amounts))
        change = np.linalg.solve(square, -slope.T @ seen[0] - RIDGE * amounts)
        amounts = np.clip(amounts + np.clip(change, -1, 1), -LIMIT, LIMIT)
    return code + _shift(directions, best_amounts)


def _shift(directions: Tensor, amounts: np.ndarray) -> Tensor:
    return torch.einsum("k,kld->ld", torch.from_numpy(amounts).to(directions), directions)


@torch.no_grad()
def _drawn(generator: Generator, codes: Tensor) -> Tensor:
    return generator.synthesise(codes)


def _error(found: Colours, target: Colours) -> np.ndarray:
    """Differences (6,) in tens of CIELAB units; 0 where one of the two is unknown."""
    both = np.concatenate([found.skin - target.skin, found.hair - target.hair]) / 10
    return np.nan_to_num(both)


def _crown(inside: np.ndarray) -> tuple[float, float, float, float]:
    """The box below the highest row of the head's middle."""
    side = len(inside)
    middle = inside[:, round(0.35 * side) : round(0.65 * side)].sum(axis=1)
    rows = np.flatnonzero(middle > 0.1 * side)
    top = rows[0] / side if len(rows) else 0.0
    return top + CROWN[0], top + CROWN[1], CROWN[2], CROWN[3]


def _median(
    lab: np.ndarray, inside: np.ndarray, box: tuple[float, float, float, float]
) -> np.ndarray:
    """Median colour (3,) of a box inside the head; NaN where hardly any of it is."""
    top, bottom, left, right = (round(value * len(lab)) for value in box)
    values = lab[top:bottom, left:right][inside[top:bottom, left:right]]
    return np.median(values, axis=0) if len(values) > 8 else np.full(3, np.nan)
