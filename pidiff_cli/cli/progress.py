"""Progress where there is no terminal: sparse lines, and how a line is laid out."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pidiff_cli.cli.lines import whole as whole_path
from pidiff_cli.stages.progress import UNITS, Progress, whole

LABEL = 9  # columns that the name of a piece of work takes
PREVIEWS = "Pictures as it learns: {}"
PLAIN_EVERY = 10.0  # seconds between two lines of the same work in a pipe


class Lines(Protocol):
    """Where lines for the person go."""

    def note(self, text: str = "", style: str = "") -> None:
        """A line."""

    def warn(self, text: str) -> None:
        """A line of advice."""


class Told(Progress):
    """What listeners of every kind keep: when the command ends, and what was said once."""

    def __init__(self) -> None:
        self._end: float | None = None  # when the command is done, as it was told
        self._seen: set[Path] = set()

    def remaining(self, seconds: float) -> None:
        """The time left that is shown, counting down until it is told anew."""
        self._end = time.monotonic() + seconds

    def preview(self, path: Path) -> None:
        """Where the pictures are, once."""
        if path not in self._seen:
            self._seen.add(path)
            self.line(PREVIEWS.format(whole_path(path)))


class PlainProgress(Told):
    """Progress as sparse lines: one every ten seconds of the same work, and the summary."""

    def __init__(self, output: Lines, begun: Callable[[str], None] = lambda task: None) -> None:
        super().__init__()
        self._output, self._begun = output, begun
        self._done: dict[str, float] = {}
        self._total: dict[str, int | None] = {}
        self._told: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._indent = 0

    def start(self, task: str, total: int | None) -> None:
        """Remember the work; nothing is said yet."""
        self._begun(task)
        self._end = None  # it was told of other work, maybe of another command's
        self._done[task], self._total[task] = 0.0, total
        self._told[task] = self._began[task] = time.monotonic()

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        """Count; a line when the last one is ten seconds old."""
        self._done[task] = self._done.get(task, 0) + n
        now = time.monotonic()
        if now - self._told.setdefault(task, now) < PLAIN_EVERY:
            return
        self._told[task] = now
        done, total = self._done[task], self._total.get(task)
        said = [count(task, done, total), format_info(info)]
        left = None if self._end is None else self._end - now
        if left is None and total:
            left = (now - self._began.get(task, now)) / done * (total - done)
        if left is not None:
            said.append(f"about {time_left(left)} left")
        self._output.note(task.ljust(LABEL) + "  ".join(filter(None, said)))

    def finish(self, task: str, summary: str) -> None:
        """The summary, its first line labelled with the work."""
        for key in (self._done, self._total, self._told, self._began):
            key.pop(task, None)
        if summary:
            for line in labelled(task, summary).split("\n"):
                self._output.note(line)
            self._indent = LABEL

    def line(self, text: str) -> None:
        """One line; after a summary it belongs to it and stands under it."""
        self._output.note(" " * self._indent + text)

    def warn(self, text: str) -> None:
        """One line of advice."""
        self._output.warn(" " * self._indent + text)


def count(task: str, done: float, total: float | None) -> str:
    """ "90/150 steps", "3/14 pictures"; "" of nothing, where it is not known of how many."""
    unit = f" {UNITS[task]}" if task in UNITS else ""
    if total is None:
        return f"{whole(done)}{unit}" if done else ""
    return f"{whole(done)}/{whole(total)}{unit}"


def time_left(seconds: float) -> str:
    """ "0:42", "12:05", "1:02:05"."""
    left = max(round(seconds), 0)
    hours, minutes = left // 3600, left % 3600 // 60
    return f"{hours}:{minutes:02d}:{left % 60:02d}" if hours else f"{minutes}:{left % 60:02d}"


def labelled(task: str, text: str) -> str:
    """`text` with the name of the work before its first line, the others indented."""
    first, *rest = text.split("\n")
    return "\n".join([task.ljust(LABEL) + first, *(" " * LABEL + line for line in rest)])


def format_info(info: dict[str, object]) -> str:
    """`loss 0.061` from loss=0.0612."""
    parts = (f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in info.items())
    return "  ".join(parts)
