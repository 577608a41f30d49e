"""Δw before the first step of `tune`: from pictures that are drawn and read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, complete, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.adapter import code_delta
from pidiff_cli.core.identity.feedback import Settled, settle
from pidiff_cli.core.identity.likeness import FaceReader, likeness
from pidiff_cli.core.images import resized
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.inversion import invert
from pidiff_cli.core.wplus.weights import load_encoder, load_generator
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.stages._wplus import Decoder
from pidiff_cli.stages.progress import Progress

PICTURES = 8  # a round
#: Likeness of the decoded code with the photos; less is not corrected (docs/decisions.md).
KNOWN = 0.66
STEPS = 10  # denoising steps of a picture
SEED = 9000  # of the first; previews, report and tables have others
#: Nothing on the head, and no mood: both would be read into the code.
WISHES = (
    "", "in a garden", "in a library", "in the forest", "in space", "in the mountains",
    "in a kitchen", "underwater",
)  # fmt: skip


@dataclass(frozen=True)
class CodeReader:
    """Reads W+ codes of drawn faces as `invert` reads those of photos.

    Attributes:
        encoder: faces on white (B, 3, S, S) to codes less the decoder's mean.
        decoder: draws codes, to see whether the encoder knows a person.
    """

    reader: FaceReader
    encoder: Encoder
    decoder: Decoder

    @classmethod
    def open(cls, wplus: Path, reader: FaceReader) -> CodeReader:
        """With the encoder and the mean code in ``wplus``.

        Raises:
            MissingWeightError: they are not there.
        """
        return cls(reader, load_encoder(wplus), Decoder(*load_generator(wplus)))

    @property
    def mean(self) -> Tensor:
        """The mean code (L, D)."""
        return self.decoder.mean

    def alike(self, code: Tensor, photos: Tensor) -> float:
        """Likeness of a code (L, D), decoded, with embeddings (P, E) of the person's photos."""
        return likeness(self.reader.embed([*self.decoder.pictures(code[None])])[0], photos)

    def codes(self, images: np.ndarray) -> Tensor:
        """Of pictures (B, H, W, 3) uint8: (K, L, D), one for each that shows a face."""
        seen = [face for image in images if (face := self.reader.head_on_white(image)) is not None]
        if not seen:
            return self.mean.new_zeros(0, *self.mean.shape)
        return invert(self.encoder, self.mean, resized(torch.cat(seen), self.encoder.side))


def feedback(
    base: Base,
    delta: Tensor,
    code: Tensor,
    noun: str,
    reader: CodeReader,
    settings: DrawSettings,
    rounds: int,
    advance: Callable[[], None],
) -> Settled:
    """Set Δw of the adapter on the base.

    Args:
        delta: (L, D) the adapter's Δw, in place. code: (L, D) the person's.
        settings: how pictures are drawn later. advance: called after every picture.
    """
    prompts, settings = _prompts(base, noun), replace(settings, steps=STEPS, hold=0.0)

    @torch.no_grad()
    def drawn(moved: Tensor, turn: int) -> Tensor:
        delta.copy_(moved)
        images = []
        for k in range(PICTURES):
            prompt, seed = prompts[k % len(prompts)], SEED + PICTURES * turn + k
            images.append(draw(base, prompt, code, [seed], settings).images[0])
            advance()
        return reader.codes(np.stack(images))

    found = settle(code, reader.mean, drawn, rounds)
    with torch.no_grad():
        delta.copy_(found.delta)
    return found


def correct_code(
    base: Base,
    model: nn.Module,
    code: Tensor,
    noun: str,
    wplus: Path,
    reader: FaceReader | None,
    photos: Tensor | None,
    settings: DrawSettings,
    rounds: int,
    progress: Progress,
) -> None:
    """``feedback`` as a part of `tune`; says why where it cannot be done. Without Δw: nothing.

    Args:
        model: the person's adapter on the base, not trained yet.
        photos: (P, E) embeddings of the photos. A code that is not the person, as of photos that
            are unlike all that the encoder learnt from, would only be drawn more strongly.
    """
    delta = code_delta(model)
    if delta is None:
        return
    try:
        codes = None if reader is None else CodeReader.open(wplus, reader)
    except MissingWeightError:
        codes = None
    if codes is None:
        progress.warn("No networks to read faces with: the code is not corrected by drawn ones.")
        return
    if photos is not None and codes.alike(code, photos) < KNOWN:
        progress.line(
            "The encoder knows too little of these photos for the code to be corrected by drawn "
            "faces: it stays as it was read."
        )
        return
    progress.start("code", rounds * PICTURES)
    advance = partial(progress.advance, "code", 1)
    found = feedback(base, delta, code, noun, codes, settings, rounds, advance)
    moved = float(found.delta.norm() / (code - codes.mean).norm().clamp_min(1e-6))
    told = f"corrected by drawn faces · {moved:.0%} of its distance from the mean face"
    progress.finish("code", told if found.missing else "no face drawn: left as it was read")


def _prompts(base: Base, noun: str) -> list[EncodedPrompt]:
    """Those of the wishes that the base has words for."""
    prompts = [encode_prompt(base, complete(wish, noun), noun) for wish in WISHES]
    return [prompt for prompt in prompts if not prompt.unknown] or prompts[:1]
