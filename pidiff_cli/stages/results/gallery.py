"""What is on a page of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.stages.results.photos import RejectedPhoto


@dataclass(frozen=True)
class GalleryPicture:
    """One picture of a gallery.

    Attributes:
        kind: "drawn", which `again` can draw again; "mix", of stylemix; "other", without a record.
        prompt: "" and seed: None without a record. profile: the person's name, as far as known.
        likeness: None where it was not measured. date: of the file, seconds (Unix).
    """

    path: Path
    kind: str
    prompt: str
    seed: int | None
    profile: str
    likeness: float | None
    date: int


@dataclass(frozen=True)
class GalleryResult:
    """Result of `gallery`: the page, its pictures (newest first), and files that it left out."""

    page: Path
    pictures: tuple[GalleryPicture, ...]
    left_out: tuple[RejectedPhoto, ...] = ()
