"""What stages return. The fields are the keys of the JSON that `--json` prints, a contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kept:
    """A photo that was kept. `file` is the path it was read from, `quality` 0 to 1."""

    file: str
    quality: float


@dataclass(frozen=True)
class Rejected:
    """A photo that was not kept, and why, in the words a person reads."""

    file: str
    reason: str


@dataclass(frozen=True)
class PrepareResult:
    """Result of `prepare`: the profile's folder, what was kept, and which photo to add next."""

    profile: Path
    kept: tuple[Kept, ...]
    rejected: tuple[Rejected, ...]
    advice: str = ""


@dataclass(frozen=True)
class InvertResult:
    """Result of `invert`: the preview strip, and the likeness of redrawn to photographed faces.

    `likeness` is a mean cosine in [-1, 1], None where no embedder is at hand.
    """

    profile: Path
    preview: Path | None
    likeness: float | None


@dataclass(frozen=True)
class Picture:
    """One picture that was drawn; `likeness` is None where it was not measured."""

    path: Path
    prompt: str
    seed: int
    likeness: float | None = None


@dataclass(frozen=True)
class GenerateResult:
    """Result of `generate`: the pictures in order, the kept ones only."""

    images: tuple[Picture, ...]


@dataclass(frozen=True)
class StylemixResult:
    """Result of `stylemix`: the contact sheet, diffusion pictures, the stored mix's folder."""

    sheet: Path
    images: tuple[Picture, ...] = ()
    profile: Path | None = None
