"""How a stage tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a stage may say while it runs. The command line draws it; tests stay silent."""

    def start(self, task: str, total: int | None) -> None:
        """A piece of work begins; `total` is its number of units, None when unknown."""

    def advance(self, task: str, n: int = 1, **info: object) -> None:
        """`n` more units are done; `info` is shown beside the bar (`loss=0.061`)."""

    def finish(self, task: str, summary: str) -> None:
        """The work is done; `summary` is the one line that stays (empty says nothing)."""

    def line(self, text: str) -> None:
        """One line for the person to read."""

    def warn(self, text: str) -> None:
        """One line of advice or doubt."""


class SilentProgress:
    """Says nothing; for tests and for library use."""

    def start(self, task: str, total: int | None) -> None:
        """Ignored."""

    def advance(self, task: str, n: int = 1, **info: object) -> None:
        """Ignored."""

    def finish(self, task: str, summary: str) -> None:
        """Ignored."""

    def line(self, text: str) -> None:
        """Ignored."""

    def warn(self, text: str) -> None:
        """Ignored."""
