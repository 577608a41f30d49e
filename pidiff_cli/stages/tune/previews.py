"""The strip of pictures that a tuning draws while it learns: how alike, how true to the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw, without_identity
from pidiff_cli.core.faces.reader import DetectedFace, FaceReader, likeness
from pidiff_cli.core.images import read_photo, save_png
from pidiff_cli.profile import Profile
from pidiff_cli.stages.report.evaluators import Judge

PREVIEWS = "reports/previews.png"
LEAST_TEXT = 0.01  # cosine; a share of less says nothing


@dataclass(frozen=True)
class PreviewScore:
    """What one strip says.

    Attributes:
        likeness: mean cosine with the photos learnt from, 0 for a picture without a face; None
            without face networks.
        text_loss: text alignment lost against the untuned base's pictures of the same prompts and
            seeds, a share of theirs; None without a judge, or where theirs is next to nothing.
        held_out: as likeness, with the photos held back; None where there is none. No step is
            chosen by it.
    """

    likeness: float | None
    text_loss: float | None = None
    held_out: float | None = None


@dataclass
class Previews:
    """Draws a strip of pictures while tuning and says how good they are.

    Attributes:
        mean: the person's W+ code (L, D); None on a base without a branch.
        prompts: one a picture.
        reference: embeddings (P, E) of the training photos; None without face networks.
        judge: scores text alignment; None where there is none.
        plain_text: the untuned base's own mean score, drawn once when first asked for.
        held_out: embeddings (H, E) of the photos held back; None where there is none.
        row: of the last strip in its file, from 0.
    """

    profile: Profile
    base: Base
    mean: Tensor | None
    prompts: list[EncodedPrompt]
    settings: DrawSettings
    reader: FaceReader | None
    reference: Tensor | None
    judge: Judge | None = None
    plain_text: float | None = None
    held_out: Tensor | None = None
    row: int = 0

    def draw_strip(self, fresh: bool = False) -> PreviewScore:
        """Add a strip to ``reports/previews.png`` and measure it; ``fresh`` begins the file."""
        images = self._draw(self.settings)
        strip = np.concatenate(images, axis=1)
        height = strip.shape[0]
        if self.path.is_file() and not fresh:
            before = read_photo(self.profile.stored(PREVIEWS))
            if before.shape[1] == strip.shape[1]:
                strip = np.concatenate([before, strip])
        self.profile.write(PREVIEWS, lambda target: save_png(target, strip))
        self.row = strip.shape[0] // height - 1
        alike, held_out = self._likeness(images)
        return PreviewScore(alike, self._text_loss(images), held_out)

    def to_draw(self) -> int:
        """Denoising steps of the next strip; the first one draws the untuned base's pictures too,
        where there is a judge."""
        twice = self.judge is not None and self.plain_text is None
        return len(self.prompts) * self.settings.steps * (1 + twice)

    @property
    def path(self) -> Path:
        """Where the strips lie."""
        return self.profile.path(PREVIEWS)

    def _draw(self, settings: DrawSettings) -> list[np.ndarray]:
        """One picture a prompt, at seeds of its own."""
        lora = self.base.lora
        with lora.fused() if lora else nullcontext():
            return [
                draw(self.base, prompt, self.mean, [i], settings).images[0]
                for i, prompt in enumerate(self.prompts)
            ]

    def _likeness(self, images: list[np.ndarray]) -> tuple[float | None, float | None]:
        """With the photos learnt from, and with those held back."""
        if self.reader is None or self.reference is None:
            return None, None
        faces = [self.reader.detect(image) for image in images]
        return _mean(faces, self.reference), _mean(faces, self.held_out)

    def _text_loss(self, images: list[np.ndarray]) -> float | None:
        if self.judge is None:
            return None
        if self.plain_text is None:
            self.plain_text = self._text(self._draw(without_identity(self.settings)))
        if self.plain_text < LEAST_TEXT:
            return None
        return 1 - self._text(images) / self.plain_text

    def _text(self, images: list[np.ndarray]) -> float:
        assert self.judge is not None
        scores = self.judge.text_image(images, [prompt.text for prompt in self.prompts])
        return float(scores.diagonal().mean())


def _mean(faces: Sequence[DetectedFace | None], reference: Tensor | None) -> float | None:
    """Mean cosine; a picture without a face is as unlike as can be."""
    if reference is None:
        return None
    scores = [likeness(face.embedding, reference) if face else 0.0 for face in faces]
    return float(np.mean(scores))
