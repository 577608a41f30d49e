"""Δw by drawing and reading again: what the base leaves out of a code is put into it (ours).

A general branch draws less of a person than the code holds: rare features come out nearer to the
mean. The W+ encoder that read the photos can read the drawn faces, too, and in the same words. So a
few pictures are drawn, their codes are compared with the photos', and the code is moved by a part
of what is missing; again, with smaller parts, from the moved code. No gradient is needed, and
nothing that measures likeness takes part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pidiff_cli.core.wplus.inversion import robust_mean

RATE, DECAY = 0.5, 0.8  # part of what is missing that the first round adds; of each round's part
LEAST = 3  # faces that a round must find, else it says nothing


@dataclass(frozen=True)
class Settled:
    """Δw (L, D), and what was missing before each round that said something, as a share of the
    code's own distance from the mean face."""

    delta: Tensor
    missing: tuple[float, ...]


def settle(
    code: Tensor, mean: Tensor, drawn: Callable[[Tensor, int], Tensor], rounds: int
) -> Settled:
    """Move a code until the faces drawn from it read as it does.

    Args:
        code: (L, D) the person's, read from photos. mean: (L, D) of the W+ space.
        drawn: Δw (L, D) and a round to the codes (K, L, D) of the faces drawn with it; K may be
            less than was drawn, and 0.
        rounds: how often to draw.
    """
    delta, missing = torch.zeros_like(code), []
    own = (code - mean).norm().clamp_min(1e-6)
    for i in range(rounds):
        codes = drawn(delta, i)
        if len(codes) < LEAST:
            continue
        left = code - robust_mean(codes)[0]  # (L, D)
        missing.append(float(left.norm() / own))
        delta = delta + RATE * DECAY**i * left
    return Settled(delta, tuple(missing))
