"""How long a tuning still takes: steps, previews and report, each at the pace measured so far."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

from pidiff_cli.config import TuneConfig
from pidiff_cli.stages.progress import LOOK
from pidiff_cli.stages.tune.internals import TuneInternals

PREVIEWED = 3  # pictures of a strip
PREVIEW_STEPS, REPORT_STEPS = 10, 16  # denoising steps of a picture
RECENT = 20  # steps that a pace is the median of: other programs come and go


@dataclass
class TimeLeft:
    """Told once more after every step, strip and picture.

    Attributes:
        steps, every: of the whole tuning, and between two strips; 0 draws none.
        report: denoising steps of the report's pictures.
        drawing: seconds a denoising step, as measured last; None as long as it is not.
        strip: denoising steps of the next strip.
        learning: seconds of the last training steps. drawn: of a denoising step, by strip.
    """

    steps: int = 0
    every: int = 0
    report: int = 0
    drawing: float | None = None
    strip: int = 0
    learning: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    drawn: list[float] = field(default_factory=list)

    def learnt(self, seconds: float) -> None:
        """A training step took so long."""
        self.learning.append(seconds)

    def drew(self, seconds: float, steps: int) -> None:
        """A strip, or a part of the report, of so many denoising steps took so long."""
        self.drawing = seconds / steps
        self.drawn.append(self.drawing)

    def at(self, step: int) -> float | None:
        """Seconds left after ``step``; None before anything is measured.

        Where no picture was drawn yet, pictures are not in it.
        """
        if not self.learning:
            return None
        return statistics.median(self.learning) * (self.steps - step) + self._pictures(step)

    def _pictures(self, step: int) -> float:
        """Of the strips to come, the last step's among them, and of the report."""
        strips = 0
        if self.every and step < self.steps:
            strips = self.steps // self.every - step // self.every
            strips += self.steps % self.every > 0
        drawn = strips * self.strip + self.report / (1 - LOOK)
        return drawn * (self.drawing or 0.0)


def in_all(
    config: TuneConfig, internals: TuneInternals, learning: float | None, drawing: float | None
) -> float | None:
    """Seconds of a whole tuning, going by those of a training step and of a denoising step."""
    if learning is None or drawing is None:
        return None
    report = 2 * internals.report_prompts * REPORT_STEPS
    left = TimeLeft(config.steps, config.preview_every, report, drawing, PREVIEWED * PREVIEW_STEPS)
    left.learnt(learning)
    first = 2 * left.strip * drawing if config.preview_every else 0.0
    return first + (left.at(0) or 0.0)
