"""Which of several pictures are kept, and what is told of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError
from pidiff_cli.stages.results import RejectedPicture


@dataclass(frozen=True)
class PictureCandidate:
    """A picture (H, W, 3) uint8; ``likeness`` is None where no face was found in it."""

    seed: int
    image: np.ndarray
    likeness: float | None


def keep_best(
    drawn: Sequence[PictureCandidate], best: int, least: float
) -> tuple[list[PictureCandidate], list[tuple[PictureCandidate, str]]]:
    """The pictures to keep, and the others with the reason.

    Args:
        best: how many at most, the most alike first; 0 is all, in the order they were drawn.
        least: likeness that a kept picture has; 0 asks for none, and then a picture without a face
            comes last but may be kept.
    """
    fell: list[tuple[PictureCandidate, str]] = []
    kept: list[PictureCandidate] = []
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


def none_kept(config: GenerateConfig, fell: list[RejectedPicture]) -> InputError:
    """What is told when no picture of any prompt is alike enough."""
    if fell and all(one.reason.startswith("blocked") for one in fell):
        what = "It was" if len(fell) == 1 else f"All {len(fell)} were"
        return InputError(f"No picture is written. {what} blocked: nudity.", "Another --seed.")
    scores = [(one.likeness, one.seed) for one in fell if one.likeness is not None]
    count = f"None of the {len(fell)} pictures" if len(fell) > 1 else "The picture does not"
    verb = "reaches" if len(fell) > 1 else "reach"
    if not scores:
        beside = "no face was found in any" if len(fell) > 1 else "no face was found in it"
        lower = ""
    else:
        top, seed = max(scores)
        beside = f"the most alike has {top:.2f} (seed {seed})"
        lower = f", or ask for less: --min-likeness {max(int(top * 100) / 100, 0.01):.2f}"
    return InputError(
        f"{count} {verb} a likeness of {config.min_likeness:g}; {beside}.",
        f"Draw more: -n {max(8, 2 * config.count)}{lower}",
    )
