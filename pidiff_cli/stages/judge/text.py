"""What scores a picture with its prompt: CLIP for photographs, mini's judge for its drawings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.core.metrics.clip_score import load_clip
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.profile.world import DRAWINGS
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS
from pidiff_cli.weights.records import file_sha256


@dataclass(frozen=True)
class TextScorer:
    """A network that scores pictures with prompts.

    Attributes:
        score: a picture uint8 (H, W, 3) and a prompt to their cosine.
    """

    name: str
    file: str
    sha256: str
    score: Callable[[np.ndarray, str], float]


def open_scorer(world: str, home: Path, device: str = "cpu") -> tuple[TextScorer | None, str]:
    """The scorer, or None and why there is none, with the next command."""
    drawn, clip = PACKAGE_WEIGHTS / "judge", home / "models" / "clip"
    try:
        if world == DRAWINGS:
            judge = load_judge(drawn)
            name, file = "mini's judge", drawn / "clip.safetensors"

            def score(picture: np.ndarray, prompt: str) -> float:
                return float(judge.text_image([picture], [prompt])[0, 0])

            return TextScorer(name, file.name, file_sha256(file), score), ""
        net, file = load_clip(clip, device), clip / "model.safetensors"

        def clip_t(picture: np.ndarray, prompt: str) -> float:
            return float(net.text_image([picture], [prompt])[0, 0])

        return TextScorer("CLIP", file.name, file_sha256(file), clip_t), ""
    except MissingWeightError as error:
        where = "" if world == DRAWINGS else "CLIP's weights are not here. "
        return None, (where + (error.hint or error.message)).strip()
