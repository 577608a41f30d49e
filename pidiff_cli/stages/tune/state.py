"""Where a run of `tune` stands: what a checkpoint holds besides tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

BETTER = 0.02  # an earlier step, or none, is kept if its previews are this much more alike
Step = Annotated[int, Meta(ge=0, le=100_000)]


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """A step at which previews were drawn, and whose parts are held (`held`).

    Attributes:
        number: of the look, from 1. row: of its strip in ``reports/previews.png``, from 0; -1
            where it has none there.
        likeness, held_out, text_loss: as ``previews.PreviewScore`` has them.
    """

    number: Annotated[int, Meta(ge=0, le=100_000)]
    step: Step
    likeness: float | None = None
    held_out: float | None = None
    text_loss: float | None = None
    row: Annotated[int, Meta(ge=-1, le=100_000)] = -1


class SavedRun(Struct, forbid_unknown_fields=True):
    """A `Run` in a checkpoint."""

    step: Step
    digest: str
    seconds: float = 0.0
    losses: list[dict[str, float | None]] = []
    before: float | None = None
    before_loss: float | None = None
    best_step: Step = 0
    best_score: float | None = None
    best_loss: float | None = None
    top: float | None = None
    flat: int = 0
    ended_early: bool = False
    looks: Annotated[int, Meta(ge=0, le=100_000)] = 0
    held: Annotated[list[Look], Meta(max_length=1000)] = []


@dataclass
class Run:
    """Where a run stands; this is what a checkpoint holds besides tensors.

    Attributes:
        before, before_loss: likeness of the first strip, before any step, and its loss of text
            alignment.
        best_step, best_score, best_loss: the kept step, its likeness and its loss of text
            alignment (a share).
        top: the highest likeness so far, whatever its text, the first strip's included.
        flat: previews in a row without a higher one.
        ended_early: the likeness had stopped rising.
        looks: strips drawn after a step, where steps are held; held: those whose parts lie in the
            profile.
    """

    step: int = 0
    seconds: float = 0.0
    losses: list[dict[str, float]] = field(default_factory=list)
    before: float | None = None
    before_loss: float | None = None
    best_step: int = 0
    best_score: float | None = None
    best_loss: float | None = None
    top: float | None = None
    flat: int = 0
    ended_early: bool = False
    looks: int = 0
    held: list[Look] = field(default_factory=list)

    def lost_the_prompt(self, most: float) -> bool:
        """Whether every step lost more than ``most`` of the text alignment, and the untuned branch
        less."""
        if self.best_loss is None or self.best_loss <= most:
            return False
        return self.before_loss is not None and self.before_loss < self.best_loss

    def did_harm(self) -> bool:
        """Whether the kept step draws plainly less alike than the untuned branch."""
        if self.before is None or self.best_score is None:
            return False
        return self.best_score < self.before - BETTER
