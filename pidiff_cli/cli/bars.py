"""Progress on a terminal: a bar with time left for what takes long, one line for what is done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from pidiff_cli.cli.lines import broken
from pidiff_cli.cli.progress import LABEL, Told, count, format_info, time_left
from pidiff_cli.values import visible

SHOW_AFTER = 0.3  # seconds; quicker work says nothing
KEEP_AFTER = 2.0  # seconds; the bar of longer work stays on the screen
RIGHT = 72  # column where the seconds end
BAR, BESIDE = 33, 52  # columns of a bar, where there is room; of what stands beside it
SECONDS = re.compile(r" \d+ s$")


@dataclass
class _Work:
    bar: TaskID
    began: float
    labelled: bool = False


class _Count(ProgressColumn):
    """`90/150 steps`, or nothing while the total is unknown."""

    def render(self, task: Task) -> Text:
        return Text(count(task.fields["work"], task.completed, task.total), no_wrap=True)


class _Left(ProgressColumn):
    """How long it still takes: as the work tells it, else going by the units."""

    max_refresh = 0.5

    def __init__(self, end: Callable[[], float | None]) -> None:
        super().__init__()
        self._end = end

    def render(self, task: Task) -> Text:
        end = self._end()
        if end is not None:
            left: float | None = end - time.monotonic()
        else:
            known = task.total is not None and not task.finished
            left = task.time_remaining if known else None
        return Text("" if left is None else f"{time_left(left)} left", no_wrap=True)


class Bars(Told):
    """The Progress of a terminal."""

    def __init__(self, console: Console, begun: Callable[[str], None] = lambda task: None) -> None:
        super().__init__()
        self._console, self._begun = console, begun
        self._work: dict[str, _Work] = {}
        self._live = self._new_live()
        self._shown = False
        self._waiting = False
        self._indent = 0  # lines after a summary belong to it

    @property
    def shown(self) -> bool:
        """Whether a bar is on the screen."""
        return self._shown

    def wait(self) -> None:
        """Show that something is being loaded, until the work speaks up."""
        if self._work or self._shown:
            return
        self._waiting = True
        self._live = self._new_live()
        self._live.add_task("loading".ljust(LABEL), total=None, info="", work="")
        self._show()

    def start(self, task: str, total: int | None) -> None:
        """A bar that appears once the work has taken a moment."""
        self._begun(task)
        self._end = None  # it was told of other work, maybe of another command's
        self.stop_waiting()
        if task in self._work:
            self._live.reset(self._work[task].bar, total=total, info="", work=task)
            return
        if not self._work:
            self._live = self._new_live()
        bar = self._live.add_task(task.ljust(LABEL), total=total, info="", work=task)
        self._work[task] = _Work(bar, time.monotonic())
        if total is None:
            self._show()

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        """Move the bar."""
        work = self._work.get(task)
        if work is None:
            return
        if info:
            self._live.update(work.bar, advance=n, info=format_info(info))
        else:
            self._live.update(work.bar, advance=n)
        if time.monotonic() - work.began > SHOW_AFTER:
            self._show()

    def finish(self, task: str, summary: str) -> None:
        """Put the bar away, or leave it when it took long, and print the summary."""
        self.stop_waiting()
        self._end = None  # a bar that stays says no more how long it takes
        work = self._work.pop(task, None)
        took = time.monotonic() - work.began if work else 0.0
        if work and self._work:
            self._live.remove_task(work.bar)
        elif work:
            self._hide(keep=took > KEEP_AFTER and work.labelled)
        self._indent = LABEL if summary else self._indent
        for number, line in enumerate(summary.split("\n") if summary else ()):
            first = number == 0 and not (work and work.labelled)
            text = (task if first else "").ljust(LABEL) + line
            timed = SECONDS.search(text)
            if number == 0 and took >= 1 and len(text) < RIGHT - 8 and not timed:
                text = text.ljust(RIGHT - 6) + f"{took:4.0f} s"
            self._print(text)

    def line(self, text: str) -> None:
        """One line; the first one of a piece of work carries its name."""
        self.stop_waiting()
        for task, work in self._work.items():
            label = "" if work.labelled else task
            if not work.labelled:
                work.labelled = True
                self._live.update(work.bar, description=" " * LABEL)
            self._print(label.ljust(LABEL) + text)
            return
        self._print(" " * self._indent + text)

    def warn(self, text: str) -> None:
        """One line in yellow."""
        self.stop_waiting()
        indent = LABEL if self._work else self._indent
        self._print(" " * indent + text, "yellow")

    def close(self) -> None:
        """Take every bar away."""
        self._waiting = False
        self._work.clear()
        self._hide(keep=False)

    def _print(self, text: str, style: str = "") -> None:
        for line in broken(visible(text), self._console.width):
            self._console.print(
                line, style=style or None, markup=False, emoji=False, soft_wrap=True
            )

    def stop_waiting(self) -> None:
        """The loading is over, or of no interest any more."""
        if self._waiting:
            self._waiting = False
            self._hide(keep=False)

    def _show(self) -> None:
        if not self._shown:
            self._live.start()
            self._shown = True

    def _hide(self, keep: bool) -> None:
        if self._shown:
            self._live.live.transient = not keep
            self._live.stop()
        self._shown = False

    def _new_live(self) -> Progress:
        return Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=min(BAR, max(self._console.width - BESIDE, 4))),
            _Count(),
            TextColumn("{task.fields[info]}", markup=False),
            _Left(lambda: self._end),
            console=self._console,
            transient=True,
            redirect_stdout=False,  # results must reach stdout itself
            redirect_stderr=False,
        )
