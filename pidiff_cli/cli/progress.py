"""Progress where there is no terminal: sparse lines, and how a line is laid out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from pidiff_cli.stages.progress import Progress

LABEL = 9  # columns that the name of a piece of work takes
PLAIN_EVERY = 10.0  # seconds between two lines of the same work in a pipe


class Lines(Protocol):
    """Where lines for the person go."""

    def note(self, text: str = "", style: str = "") -> None:
        """A line."""

    def warn(self, text: str) -> None:
        """A line of advice."""


class PlainProgress(Progress):
    """Progress as sparse lines: one every ten seconds of the same work, and the summary."""

    def __init__(self, output: Lines, begun: Callable[[str], None] = lambda task: None) -> None:
        self._output, self._begun = output, begun
        self._done: dict[str, int] = {}
        self._total: dict[str, int | None] = {}
        self._told: dict[str, float] = {}
        self._indent = 0

    def start(self, task: str, total: int | None) -> None:
        """Remember the work; nothing is said yet."""
        self._begun(task)
        self._done[task], self._total[task] = 0, total
        self._told[task] = time.monotonic()

    def advance(self, task: str, n: int = 1, **info: object) -> None:
        """Count; a line when the last one is ten seconds old."""
        self._done[task] = self._done.get(task, 0) + n
        now = time.monotonic()
        if now - self._told.setdefault(task, now) < PLAIN_EVERY:
            return
        self._told[task] = now
        total = self._total.get(task)
        count = f"{self._done[task]}/{total}" if total else str(self._done[task])
        self._output.note(f"{task.ljust(LABEL)}{count} {format_info(info)}".rstrip())

    def finish(self, task: str, summary: str) -> None:
        """The summary, its first line labelled with the work."""
        for key in (self._done, self._total, self._told):
            key.pop(task, None)
        if summary:
            self._output.note(labelled(task, summary))
            self._indent = LABEL

    def line(self, text: str) -> None:
        """One line; after a summary it belongs to it and stands under it."""
        self._output.note(" " * self._indent + text)

    def warn(self, text: str) -> None:
        """One line of advice."""
        self._output.warn(" " * self._indent + text)


def labelled(task: str, text: str) -> str:
    """`text` with the name of the work before its first line, the others indented."""
    first, *rest = text.split("\n")
    return "\n".join([task.ljust(LABEL) + first, *(" " * LABEL + line for line in rest)])


def format_info(info: dict[str, object]) -> str:
    """`loss 0.061` from loss=0.0612."""
    parts = (f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in info.items())
    return "  ".join(parts)
