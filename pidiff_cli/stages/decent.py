"""What a real base drew, looked at before it is written; mini draws nothing of the kind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pidiff_cli.config import GenerateConfig, StylemixConfig
from pidiff_cli.core.nudity import NudityFilter, load_filter
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import RejectedPicture
from pidiff_cli.weights.locate import BaseParts
from pidiff_cli.weights.nudity import check_nudity, nudity_folder

BLOCKED = 0.5  # of the classifier's two classes the likelier one
UNLOOKED = "--no-filter: nobody looks whether these pictures show nudity before they are written."


def open_filter(
    config: GenerateConfig | StylemixConfig, parts: BaseParts, progress: Progress
) -> NudityFilter | None:
    """The filter; None on mini, or where it is switched off, which is said in a line.

    Raises:
        MissingWeightError: it is not on this machine.
    """
    if parts.family == "mini":
        return None
    if not config.nudity_filter:
        progress.warn(UNLOOKED)
        return None
    check_nudity(config.home)
    return load_filter(nudity_folder(config.home))


def decent(
    drawn: Iterator[tuple[int, np.ndarray]],
    looks: NudityFilter | None,
    prompt: str,
    fell: list[RejectedPicture],
) -> Iterator[tuple[int, np.ndarray]]:
    """The pictures that may be written; the others are added to ``fell``."""
    for seed, image in drawn:
        score = looks.score(image) if looks else 0.0
        if score >= BLOCKED:
            fell.append(RejectedPicture(prompt, seed, None, f"blocked: nudity ({score:.2f})"))
        else:
            yield seed, image
