"""How a loaded person is drawn, and how alike it came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image
from torch import Tensor

from pidiff_cli.config import DrawingConfig
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw, together
from pidiff_cli.core.faces.reader import likeness
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.stages.checks import check_size, only_side
from pidiff_cli.stages.person.loaded import LoadedPerson
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.reading import PromptReader


def draw_settings(config: DrawingConfig) -> DrawSettings:
    """The sampler's settings of a configuration; stylemix has neither negative nor scheduler."""
    return DrawSettings(
        steps=config.steps,
        guidance=config.guidance,
        prompt_pull=config.prompt_pull,
        identity_scale=config.identity_scale,
        start=config.start,
        keep_background=config.hold,
        size=config.size,
        negative=getattr(config, "negative", ""),
        scheduler=getattr(config, "scheduler", ""),
    )


def prompt_reader(
    loaded: LoadedPerson,
    literal: bool = False,
    edits: bool = True,
    subject: tuple[int, ...] = (),
) -> PromptReader:
    """How this person's prompts are read."""
    profile = loaded.profile
    return PromptReader(
        loaded.base, loaded.parts.name, loaded.parts.family, loaded.noun, profile.name,
        str(profile.stage_state("lora").get("trigger", "")),  # of a LoRA trained elsewhere
        literal, edits and loaded.code is not None, subject,
    )  # fmt: skip


def drawn_side(loaded: LoadedPerson, size: int, progress: Progress) -> int:
    """The side in px that a picture of this size is drawn at; said where it is another one.

    Raises:
        UsageError: a side that the base's networks cannot halve often enough, or below the one
            size that it draws.
    """
    base = loaded.base
    if (side := only_side(loaded.parts)) is not None:
        check_size(size, loaded.parts)
        if size > side:
            progress.line(f"{loaded.parts.name} draws at {side} px; enlarged to {size} (Lanczos).")
        return side
    blocks = len(base.unet.config.block_out_channels)  # type: ignore[union-attr, arg-type]
    unit = base.vae_factor * 2 ** (blocks - 1)
    if size % unit:
        raise UsageError(
            f"size is {size}; it must be a multiple of {unit} here.",
            f"Take {max(unit, round(size / unit) * unit)}.",
        )
    return size


def enlarged(image: np.ndarray, size: int) -> np.ndarray:
    """A square picture (H, W, 3) uint8 at this side, by Lanczos' filter; as it is where it has
    it."""
    if image.shape[0] == size:
        return image
    whole = Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(whole)


def draw_pictures(
    loaded: LoadedPerson,
    prompts: list[EncodedPrompt],
    code: Tensor | None,
    seeds: list[int],
    settings: DrawSettings,
    on_step: Callable[[], None],
) -> Iterator[tuple[int, np.ndarray]]:
    """Seed and picture (H, W, 3) uint8, one after another; on a GPU a few are drawn at once.

    ``prompts`` holds one a seed. Raises InputError for a picture that shows nothing.
    """
    some = together(loaded.base, settings)
    for start in range(0, len(seeds), some):
        part, wanted = seeds[start : start + some], prompts[start : start + some]

        def step(count: int = len(part)) -> None:
            for _ in range(count):
                on_step()

        drawn = draw(loaded.base, wanted, code, part, settings, on_step=step)
        for seed, image, sound in zip(part, drawn.images, drawn.sound, strict=True):
            if not sound:
                raise InputError(
                    f"The picture of seed {seed} came out empty (black, or no numbers at all).",
                    "Weaker --edit, --guidance or --identity-scale may help, more --steps, or "
                    "another --scheduler.",
                )
            yield seed, image


def alike(loaded: LoadedPerson, image: np.ndarray) -> float | None:
    """Mean cosine with the person's photos; None where no face is found or nothing to compare."""
    if loaded.reader is None or loaded.reference is None:
        return None
    face = loaded.reader.embedding(image)
    return None if face is None else round(likeness(face, loaded.reference), 4)
