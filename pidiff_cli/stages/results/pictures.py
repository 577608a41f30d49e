"""What comes of drawing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RejectedPicture:
    """A picture that was drawn and not kept, and why, in the words a person reads."""

    prompt: str
    seed: int
    likeness: float | None
    reason: str


@dataclass(frozen=True)
class Picture:
    """One picture that was drawn; `likeness` is None where it was not measured."""

    path: Path
    prompt: str
    seed: int
    likeness: float | None = None


@dataclass(frozen=True)
class PromptNote:
    """What was told of a prompt: words that were cut, not known (with what comes nearest), or read
    as something else. `prompt` is as it was typed; "" of the negative one."""

    prompt: str
    text: str


@dataclass(frozen=True)
class GenerateResult:
    """Result of `generate`: the pictures in order, the kept ones only; and those that fell.

    `gallery` is the page that shows them, where one was asked for; `notes` is what was told of the
    prompts.
    """

    images: tuple[Picture, ...]
    fell: tuple[RejectedPicture, ...] = ()
    gallery: Path | None = None
    notes: tuple[PromptNote, ...] = ()


@dataclass(frozen=True)
class StylemixResult:
    """Result of `stylemix`: the contact sheet, diffusion pictures, the stored mix's folder."""

    sheet: Path
    images: tuple[Picture, ...] = ()
    profile: Path | None = None
