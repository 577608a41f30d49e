"""What comes of learning a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PlanResult:
    """Result of `tune --dry-run`: how the tuning would be computed.

    Attributes:
        size: of the pictures, px. batch: pictures a step.
        plan: "at_once", "checkpointing", "parked", "tiled", "nf4", "peak_mb", "free_mb";
            decimal MB, 0 where the base's sizes are unknown; "others_mb" of the card, "seconds"
            of all steps as measured here before, or None.
    """

    base: str
    recipe: str
    size: int
    batch: int
    plan: dict[str, Any]


@dataclass(frozen=True)
class TuneResult:
    """Result of `tune`.

    Attributes:
        steps: steps done in all, resumed ones among them.
        seconds: of training. peak_mb: largest memory, decimal MB (resident, or CUDA's).
        likeness: mean cosines or None: "held_out" photos, or "learnt_from" where none was held
            back; "photos", the person's own among themselves; other measures beside them.
        report: the HTML report; None where it is not there, after an import.
        checkpoints: the steps that can be drawn by, where others than the best were kept.
    """

    profile: Path
    base: str
    recipe: str
    steps: int
    seconds: float
    peak_mb: float
    likeness: dict[str, Any] = field(default_factory=dict)
    report: Path | None = None
    checkpoints: tuple[int, ...] = ()
