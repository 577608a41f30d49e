"""How a stage tells what it is doing, without knowing who listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

#: What the units of a piece of work are; others have no word.
UNITS = {
    "prepare": "photos", "tune": "steps", "report": "pictures", "generate": "pictures",
    "stylemix": "pictures", "evaluate": "pictures", "gallery": "pictures",
}  # fmt: skip
LOOK = 0.18  # share of a measured picture's time that goes into looking at it (measured on mini)


class Progress:
    """What a stage may say while it runs. Says nothing; a listener overrides what it cares for."""

    def start(self, task: str, total: int | None) -> None:
        """A piece of work begins, or begins anew; `total` is its number of units (`UNITS`), None
        when unknown."""

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        """`n` more units are done, or a part of one; `info` is shown beside the bar
        (`loss=0.061`)."""

    def remaining(self, seconds: float) -> None:
        """How long the command still takes, as measured, with what comes after this piece of work.

        A listener that is told so need not guess by the units.
        """

    def finish(self, task: str, summary: str) -> None:
        """The work is done; `summary` is the one line that stays (empty says nothing)."""

    def line(self, text: str) -> None:
        """One line for the person to read."""

    def warn(self, text: str) -> None:
        """One line of advice or doubt."""

    def preview(self, path: Path) -> None:
        """A picture of how far the work is was written."""

    def stopping(self) -> bool:
        """Whether the listener wants the work to end where it can be gone on with."""
        return False


@dataclass(frozen=True)
class Event:
    """What a callback of the Python API gets.

    Attributes:
        stage: the piece of work that began last: prepare, fit, refine, tune, generate, stylemix,
            evaluate; "" before the first.
        step, of: units done and in all (`UNITS`); ``of`` is None when unknown.
        preview: a picture that was written to show how far the work is; else None.
        seconds_left: of a tuning with its previews and its report, as measured; elsewhere going
            by the units done so far; None when it cannot be told.
        info: figures of the last unit, as ``{"loss": 0.061}``.
        text: a line for a person to read, "" for none; ``warning``: it is advice or doubt.
    """

    stage: str
    step: int
    of: int | None
    preview: Path | None = None
    seconds_left: float | None = None
    info: dict[str, object] = field(default_factory=dict)
    text: str = ""
    warning: bool = False


Callback = Callable[[Event], object]


class CallbackProgress(Progress):
    """Progress as events to one callback; when it returns True, and nothing that is only like it,
    the work ends where it can be gone on with."""

    def __init__(self, callback: Callback) -> None:
        self._callback, self._stop = callback, False
        self._task, self._step, self._began, self._resumed = "", 0.0, 0.0, 0.0
        self._of: int | None = None
        self._end: float | None = None  # when the command is done, as far as was told

    def start(self, task: str, total: int | None) -> None:
        """The first event of a stage."""
        self._task, self._step, self._of = task, 0.0, total
        self._began, self._resumed, self._end = time.monotonic(), 0.0, None
        self._tell()

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        """An event for each unit, and for parts of one; the first may count an earlier run's."""
        if n > 1 and not self._step:
            self._resumed, self._began = n, time.monotonic()
        self._step += n
        self._tell(info=info, seconds_left=self._left())

    def remaining(self, seconds: float) -> None:
        """Kept for the events to come."""
        self._end = time.monotonic() + seconds

    def finish(self, task: str, summary: str) -> None:
        """The last event of a stage, with its summary."""
        self._tell(text=summary)

    def line(self, text: str) -> None:
        """An event with a line."""
        self._tell(text=text)

    def warn(self, text: str) -> None:
        """An event with a line of advice."""
        self._tell(text=text, warning=True)

    def preview(self, path: Path) -> None:
        """An event with a picture."""
        self._tell(preview=path)

    def stopping(self) -> bool:
        """Whether the callback has asked to stop."""
        return self._stop

    def _left(self) -> float | None:
        if self._end is not None:
            return max(self._end - time.monotonic(), 0.0)
        done = self._step - self._resumed
        if self._of is None or done <= 0:
            return None
        return (time.monotonic() - self._began) / done * max(self._of - self._step, 0)

    def _tell(
        self,
        preview: Path | None = None,
        seconds_left: float | None = None,
        info: dict[str, object] | None = None,
        text: str = "",
        warning: bool = False,
    ) -> None:
        told = Event(
            self._task,
            whole(self._step),
            self._of,
            preview,
            seconds_left,
            info or {},
            text,
            warning,
        )
        self._stop = self._callback(told) is True or self._stop


def whole(units: float) -> int:
    """Units that are done, however their parts have added up."""
    return int(units + 1e-6)
