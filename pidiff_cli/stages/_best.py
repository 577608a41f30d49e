"""Which of several drawn pictures are kept, and why the others fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A picture (H, W, 3) uint8; ``likeness`` is None where no face was found in it."""

    seed: int
    image: np.ndarray
    likeness: float | None


def choose(
    drawn: Sequence[Candidate], best: int, least: float
) -> tuple[list[Candidate], list[tuple[Candidate, str]]]:
    """The pictures to keep, and the others with the reason.

    Args:
        best: how many at most, the most alike first; 0 is all, in the order they were drawn.
        least: likeness that a kept picture has; 0 asks for none, and then a picture without a face
            comes last but may be kept.
    """
    fell: list[tuple[Candidate, str]] = []
    kept: list[Candidate] = []
    for one in drawn:
        if least > 0 and one.likeness is None:
            fell.append((one, "no face found"))
        elif least > 0 and one.likeness is not None and one.likeness < least:
            fell.append((one, f"likeness {one.likeness:.2f}, below {least:.2f}"))
        else:
            kept.append(one)
    if best:
        kept.sort(key=lambda one: -2.0 if one.likeness is None else one.likeness, reverse=True)
        for rank, one in enumerate(kept[best:], start=best + 1):
            if one.likeness is None:
                fell.append((one, "no face found"))
            else:
                fell.append((one, f"likeness {one.likeness:.2f}, ranked {_ordinal(rank)}"))
        kept = kept[:best]
    return kept, sorted(fell, key=lambda item: item[0].seed)


def _ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
