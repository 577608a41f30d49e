"""What comes of photos, and of the faces in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kept:
    """A photo that was kept.

    `file` is the path it was read from, `quality` 0 to 1, `held_out` whether it is held back for
    the likeness report, `notes` what is worth knowing of it.
    """

    file: str
    quality: float
    held_out: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RejectedPhoto:
    """A photo that was not kept, and why, in the words a person reads."""

    file: str
    reason: str


@dataclass(frozen=True)
class PrepareResult:
    """Result of `prepare`: the profile's folder, what was kept, and which photo to add next.

    `sheet` is a picture of all photos, with the faces that were seen in them, None where no working
    copies are kept; `world` is "photographs" or "drawings", by what the photos are.
    """

    profile: Path
    kept: tuple[Kept, ...]
    rejected: tuple[RejectedPhoto, ...]
    advice: str = ""
    sheet: Path | None = None
    world: str = ""


@dataclass(frozen=True)
class InvertResult:
    """Result of `invert`: the preview strip, and the likeness of redrawn to photographed faces.

    `likeness` is a mean cosine in [-1, 1], None where no embedder is at hand.
    """

    profile: Path
    preview: Path | None
    likeness: float | None
