"""The strip of pictures that a tuning draws while it learns, and how alike they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.likeness import FaceReader, likeness
from pidiff_cli.core.images import read_photo, save_png
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages import measure
from pidiff_cli.stages._tuning import aligned_faces

STEPS = 10  # denoising steps of a preview picture
PREVIEWS = "reports/previews.png"


@dataclass
class Previews:
    """Draws a strip of pictures while tuning and says how alike they are.

    Attributes:
        reference: embeddings (P, E) of the training photos; None without face networks.
    """

    profile: Profile
    base: Base
    mean: Tensor
    prompts: list[EncodedPrompt]
    settings: DrawSettings
    reader: FaceReader | None
    reference: Tensor | None

    def look(self, fresh: bool = False) -> float | None:
        """Add a strip to ``reports/previews.png``; returns the mean likeness to the photos."""
        images = [
            draw(self.base, prompt, self.mean, [i], self.settings).images[0]
            for i, prompt in enumerate(self.prompts)
        ]
        strip = np.concatenate(images, axis=1)
        path = self.profile.path(PREVIEWS)
        if path.is_file() and not fresh:
            before = read_photo(path)
            if before.shape[1] == strip.shape[1]:
                strip = np.concatenate([before, strip])
        self.profile.write(PREVIEWS, partial(_save_strip, strip))
        if self.reader is None or self.reference is None:
            return None
        faces = [self.reader.look(image) for image in images]
        # A picture without a face is as unlike as can be.
        scores = [likeness(face.embedding, self.reference) if face else 0.0 for face in faces]
        return float(np.mean(scores))


def previews(
    profile: Profile,
    base: Base,
    settings: DrawSettings,
    mean: Tensor,
    photos: list[Photo],
    reader: FaceReader | None,
) -> Previews:
    """The previews of a run: three standard prompts against the training photos."""
    prompts = measure.standard_prompts(base, profile.manifest.noun, 3)
    reference = reader.embed(aligned_faces(profile, photos)) if reader else None
    return Previews(profile, base, mean, prompts, settings, reader, reference)


def _save_strip(strip: np.ndarray, target: Path) -> None:
    save_png(target, strip)
