"""What each stage returns. `document()` is the JSON that `--json` prints, a tested contract."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


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

    def document(self) -> dict[str, Any]:
        """{"profile", "kept", "rejected", "advice"}."""
        return {
            "profile": str(self.profile),
            "kept": [asdict(item) for item in self.kept],
            "rejected": [asdict(item) for item in self.rejected],
            "advice": self.advice,
        }


@dataclass(frozen=True)
class InvertResult:
    """Result of `invert`: the preview strip, and the likeness of redrawn to photographed faces.

    `likeness` is a mean cosine in [-1, 1], None where no embedder is at hand.
    """

    profile: Path
    preview: Path | None
    likeness: float | None

    def document(self) -> dict[str, Any]:
        """{"profile", "preview", "likeness"}."""
        return {
            "profile": str(self.profile),
            "preview": str(self.preview) if self.preview else None,
            "likeness": self.likeness,
        }


@dataclass(frozen=True)
class TuneResult:
    """Result of `tune`.

    Attributes:
        steps: steps done in all, resumed ones among them.
        seconds: of this run. peak_mb: largest memory, decimal MB (resident, or CUDA's).
        likeness: at least "held_out" and "photos" (the person's own photos among themselves),
            mean cosines or None; other measures beside them.
        report: the HTML report.
    """

    profile: Path
    base: str
    recipe: str
    steps: int
    seconds: float
    peak_mb: float
    likeness: dict[str, Any] = field(default_factory=dict)
    report: Path | None = None

    def document(self) -> dict[str, Any]:
        """{"profile", "base", "recipe", "steps", "seconds", "peak_mb", "likeness", "report"}."""
        document = asdict(self)
        document["profile"] = str(self.profile)
        document["report"] = str(self.report) if self.report else None
        return document


@dataclass(frozen=True)
class Picture:
    """One picture that was drawn; `likeness` is None where it was not measured."""

    path: Path
    prompt: str
    seed: int
    likeness: float | None = None

    def document(self) -> dict[str, Any]:
        """{"path", "prompt", "seed", "likeness"}."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True)
class GenerateResult:
    """Result of `generate`: the pictures in order, the kept ones only."""

    images: tuple[Picture, ...]

    def document(self) -> dict[str, Any]:
        """{"images": [{"path", "prompt", "seed", "likeness"}]}."""
        return {"images": [item.document() for item in self.images]}


@dataclass(frozen=True)
class StylemixResult:
    """Result of `stylemix`: the contact sheet, diffusion pictures, the stored mix's folder."""

    sheet: Path
    images: tuple[Picture, ...] = ()
    profile: Path | None = None

    def document(self) -> dict[str, Any]:
        """{"sheet", "images", "profile"}."""
        return {
            "sheet": str(self.sheet),
            "images": [item.document() for item in self.images],
            "profile": str(self.profile) if self.profile else None,
        }
