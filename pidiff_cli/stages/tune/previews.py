"""The strip of pictures that a tuning draws while it learns: how alike, how true to the prompt."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw, without_identity
from pidiff_cli.core.faces.reader import FaceReader, likeness
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
    """

    likeness: float | None
    text_loss: float | None = None


@dataclass
class Previews:
    """Draws a strip of pictures while tuning and says how good they are.

    Attributes:
        mean: the person's W+ code (L, D); None on a base without a branch.
        prompts: one a picture.
        reference: embeddings (P, E) of the training photos; None without face networks.
        judge: scores text alignment; None where there is none.
        plain_text: the untuned base's own mean score, drawn once when first asked for.
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

    def draw_strip(self, fresh: bool = False) -> PreviewScore:
        """Add a strip to ``reports/previews.png`` and measure it; ``fresh`` begins the file."""
        images = self._draw(self.settings)
        strip = np.concatenate(images, axis=1)
        if self.path.is_file() and not fresh:
            before = read_photo(self.profile.stored(PREVIEWS))
            if before.shape[1] == strip.shape[1]:
                strip = np.concatenate([before, strip])
        self.profile.write(PREVIEWS, lambda target: save_png(target, strip))
        return PreviewScore(self._likeness(images), self._text_loss(images))

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

    def _likeness(self, images: list[np.ndarray]) -> float | None:
        if self.reader is None or self.reference is None:
            return None
        faces = [self.reader.detect(image) for image in images]
        # A picture without a face is as unlike as can be.
        scores = [likeness(face.embedding, self.reference) if face else 0.0 for face in faces]
        return float(np.mean(scores))

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
