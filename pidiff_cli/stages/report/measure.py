"""Draw prompts with and without the identity at the same seeds, and see what differs.

`evaluate` is the long form of it, what `tune` ends with the short one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw, without_identity
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.faces.reader import DetectedFace, likeness
from pidiff_cli.core.metrics import measures
from pidiff_cli.core.metrics.branch_energy import branch_energy
from pidiff_cli.core.metrics.pose import pose_of
from pidiff_cli.stages.progress import LOOK
from pidiff_cli.stages.report.evaluators import Evaluators

WISHES = (
    "smiling", "as an astronaut", "in the snow", "as a chef", "oil painting", "looking sad", "",
)  # fmt: skip
"""What is drawn, in this order, as far as the base knows the words; the last always works."""

Plan = Sequence[tuple[EncodedPrompt, int]]  # prompts, each with the seed it is drawn at


@dataclass(frozen=True)
class EvaluatedImage:
    """One measured picture: with identity, without, and what was seen.

    Attributes:
        image, plain: (H, W, 3) uint8, with identity and without, at the same seed.
        map: (h, w) float32, where the attention looked.
        likeness: mean cosine with the photos compared with; None where no face was found.
        strangers: mean cosine with other people; None likewise, or without any.
        background: mean absolute difference off the heads, share of the range; None likewise.
        perceptual: the same as a distance of features; None without a network for it.
        iou: of the map with the head. energy_off: share of the branch's energy off the head.
        text, plain_text: image-text score with and without identity; None without a judge.
        right, plain_right: whether its own prompt scores best among all that were drawn.
        pose, plain_pose: (4,) of ``core.copying``; None where no face was found.
        features, plain_features: maps (C, h, w) for distances; empty without a network.
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
    strangers: float | None = None
    perceptual: float | None = None
    iou: float | None = None
    energy_off: float | None = None
    right: bool | None = None
    plain_right: bool | None = None
    pose: np.ndarray | None = None
    plain_pose: np.ndarray | None = None
    features: list[Tensor] = field(default_factory=list, repr=False)
    plain_features: list[Tensor] = field(default_factory=list, repr=False)


def standard_prompts(base: Base, noun: str, count: int) -> list[EncodedPrompt]:
    """The first ``count`` standard prompts that the base has words for."""
    encoded = [encode_prompt(base, complete(wish, noun), noun) for wish in WISHES]
    known = [prompt for prompt in encoded[:-1] if not prompt.unknown]
    return (known + encoded[-1:])[:count]


def measure(
    base: Base,
    w: Tensor | None,
    plan: Plan,
    settings: DrawSettings,
    tools: Evaluators,
    on_done: Callable[[float], None] | None = None,
) -> list[EvaluatedImage]:
    """Draw every prompt twice, identity on and off, and measure.

    Args:
        base: with the person's adapters on it. w: W+ code (L, D); None on a base without a branch.
        on_done: called with the part of a picture that was done since the last call; it is done
            when it is drawn and looked at.
    """
    drawn, plain = [], []

    def on_step() -> None:
        if on_done:
            on_done((1 - LOOK) / settings.steps)

    for prompt, seed in plan:
        drawn.append(draw(base, prompt, w, [seed], settings, record=True, on_step=on_step))
        own = without_identity(settings)
        plain.append(draw(base, prompt, w, [seed], own, on_step=on_step).images[0])
    images = [one.images[0] for one in drawn]
    scores = _text(tools, images, plan), _text(tools, plain, plan)
    shown = []
    for i, (prompt, seed) in enumerate(plan):
        maps = drawn[i].maps
        looked = maps[0] if maps is not None else np.zeros((1, 1), np.float32)
        energy = None if w is None else branch_energy(base, prompt, w, images[i])
        text = [score[i] for score in scores]
        shown.append(_see(tools, prompt.text, seed, images[i], plain[i], looked, energy, text))
        if on_done:
            on_done(2 * LOOK)
    return shown


def _text(
    tools: Evaluators, images: list[np.ndarray], plan: Plan
) -> list[tuple[float | None, bool | None]]:
    """Each picture's score with its own prompt, and whether that prompt scores best."""
    prompts = list(dict.fromkeys(prompt.text for prompt, _ in plan))
    if tools.judge is None:
        return [(None, None)] * len(plan)
    scores = tools.judge.text_image(images, prompts)  # (B, T)
    found: list[tuple[float | None, bool | None]] = []
    for row, (prompt, _) in zip(scores, plan, strict=True):
        own = prompts.index(prompt.text)
        right = int(row.argmax()) == own if len(prompts) > 1 else None
        found.append((float(row[own]), right))
    return found


def _see(
    tools: Evaluators,
    prompt: str,
    seed: int,
    image: np.ndarray,
    plain: np.ndarray,
    looked: np.ndarray,
    energy: np.ndarray | None,
    text: list[tuple[float | None, bool | None]],
) -> EvaluatedImage:
    """Everything that is seen of one pair of pictures."""
    face = tools.reader.detect(image) if tools.reader else None
    base_face = tools.reader.detect(plain) if tools.reader else None
    heads = [seen.head for seen in (face, base_face) if seen]
    features, plain_features = _features(tools, image), _features(tools, plain)
    background = perceptual = None
    if face:
        background = measures.off_face_change(image, plain, heads)
        off = (np.max(heads, axis=0) < measures.MOST_HEAD).astype(np.float32)
        if features:
            perceptual = measures.feature_distance(features, plain_features, off)
    return EvaluatedImage(
        prompt, seed, image, plain, looked,
        likeness=_cosine(face, tools.reference),
        strangers=_cosine(face, tools.strangers),
        background=background, perceptual=perceptual,
        iou=measures.overlap(looked, face.head) if face else None,
        energy_off=measures.off_face_share(energy, face.head)
        if face and energy is not None
        else None,
        text=text[0][0], plain_text=text[1][0], right=text[0][1], plain_right=text[1][1],
        pose=pose_of(face.landmarks) if face else None,
        plain_pose=pose_of(base_face.landmarks) if base_face else None,
        features=features, plain_features=plain_features,
    )  # fmt: skip


def _cosine(face: DetectedFace | None, others: Tensor | None) -> float | None:
    return likeness(face.embedding, others) if face and others is not None else None


def _features(tools: Evaluators, image: np.ndarray) -> list[Tensor]:
    return [] if tools.judge is None else [maps[0] for maps in tools.judge.maps([image])]
