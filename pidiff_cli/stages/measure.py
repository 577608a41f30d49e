"""Draw a few standard prompts with and without the identity, and measure the difference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, complete, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.likeness import FaceReader, likeness
from pidiff_cli.errors import MissingWeightError

WISHES = ("smiling", "as an astronaut", "in the snow", "as a chef", "oil painting", "")
"""What is drawn, in this order, as far as the base knows the words; the last always works."""


@dataclass(frozen=True)
class Shown:
    """One measured picture: with identity, without, and what was seen.

    Attributes:
        image, plain: (H, W, 3) uint8, identity scale 1 and 0 at the same seed.
        map: (h, w) float32, where the attention looked.
        likeness: mean cosine with the reference photos; None where no face was found.
        background: mean absolute difference off the head, share of the range; None likewise.
        text, plain_text: image-text score with and without identity; None without a judge.
    """

    prompt: str
    seed: int
    image: np.ndarray
    plain: np.ndarray
    map: np.ndarray
    likeness: float | None
    background: float | None
    text: float | None
    plain_text: float | None


def standard_prompts(base: Base, noun: str, count: int) -> list[EncodedPrompt]:
    """The first ``count`` standard prompts that the base has words for."""
    encoded = [encode_prompt(base, complete(wish, noun), noun) for wish in WISHES]
    known = [prompt for prompt in encoded[:-1] if not prompt.unknown]
    return (known + encoded[-1:])[:count]


def open_reader(faces: Path) -> FaceReader | None:
    """The face networks of a base (`BaseParts.faces`), or None where there are none."""
    try:
        return FaceReader.open(faces)
    except (MissingWeightError, ImportError):
        return None


def open_judge(folder: Path | None) -> Any | None:
    """The base's judge (`BaseParts.judge`), or None where there is none."""
    from pidiff_cli.core.judge import load_judge

    try:
        return load_judge(folder) if folder else None
    except MissingWeightError:
        return None


def measure(
    base: Base,
    w: Tensor,
    prompts: list[EncodedPrompt],
    settings: DrawSettings,
    reader: FaceReader | None,
    reference: Tensor | None,
    judge: Any | None = None,
    seed: int = 1000,
) -> list[Shown]:
    """Draw every prompt twice, identity on and off, and measure.

    Args:
        w: W+ code (L, D). reference: embeddings (P, E) of the person's photos.
    """
    shown = []
    for i, prompt in enumerate(prompts):
        drawn = draw(base, prompt, w, [seed + i], settings, record=True)
        plain = draw(base, prompt, None, [seed + i], settings).images[0]
        image = drawn.images[0]
        face = reader.look(image) if reader else None
        alike = likeness(face.embedding, reference) if face and reference is not None else None
        change = None
        if reader and face:
            # At one seed the base's own head is in about the same place.
            heads = [face.head, reader.head_at(plain, face.landmarks)]
            change = background_change(image, plain, heads)
        scores = text_scores(judge, [image, plain], prompt.text)
        looked = drawn.maps[0] if drawn.maps is not None else np.zeros((1, 1), np.float32)
        shown.append(
            Shown(prompt.text, seed + i, image, plain, looked, alike, change, *scores)
        )  # fmt: skip
    return shown


def background_change(
    image: np.ndarray, plain: np.ndarray, heads: list[np.ndarray]
) -> float | None:
    """Mean absolute difference off every head (H, W), a share of the range; None if all is head."""
    off = np.max(heads, axis=0) < 0.05
    if not off.any():
        return None
    return float(np.abs(image.astype(np.float32) - plain)[off].mean() / 255)


def text_scores(
    judge: Any | None, images: list[np.ndarray], caption: str
) -> tuple[float | None, float | None]:
    """The judge's score of two pictures with one caption."""
    if judge is None:
        return None, None
    first, second = judge.text_image(np.stack(images), [caption])[:, 0].tolist()
    return first, second


def mean(values: list[float | None]) -> float | None:
    """Mean of those that are there."""
    found = [v for v in values if v is not None]
    return float(torch.tensor(found).mean()) if found else None


def summary(shown: list[Shown]) -> dict[str, float | None]:
    """Mean likeness, text alignment drop and background change."""
    drops = [
        s.plain_text - s.text for s in shown if s.text is not None and s.plain_text is not None
    ]
    return {
        "generated": mean([s.likeness for s in shown]),
        "text_drop": mean(list(drops)),
        "background": mean([s.background for s in shown]),
    }
