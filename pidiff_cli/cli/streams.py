"""The standard streams as they may be: closed, full, read by nobody any more.

What a command has done counts. Words to a person that reach nobody are lost in silence; a result
that cannot be written is told at the end, and what was made is kept.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Any, BinaryIO, TextIO

_NAMES = ("stdin", "stdout", "stderr")


class Stream(TextIOWrapper):
    """A stream to write to that is silenced once it fails.

    Attributes:
        failed: what it failed with; a pipe that was closed is no failure but an exception
            (BrokenPipeError) for results, and nothing for words.
    """

    failed: OSError | None = None
    for_results = True

    def write(self, text: str) -> int:
        """Write, or do nothing once that has failed."""
        try:
            return super().write(text)
        except OSError as error:
            self._fail(error)
            return len(text)

    def flush(self) -> None:
        """Flush, or do nothing once that has failed."""
        try:
            super().flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        silence(self)
        if isinstance(error, BrokenPipeError):
            if self.for_results:
                raise error
        else:
            self.failed = self.failed or error


def open_all() -> None:
    """Make all three usable, for the one command of a process.

    A closed one becomes the null device: otherwise the next file that is opened would get its
    number, and what a library prints would land in it.
    """
    for number, name in enumerate(_NAMES):
        _open_number(number)
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))
    sys.stdout = sys.__stdout__ = _wrapped(sys.stdout, "surrogateescape", True)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _wrapped(sys.stderr, "replace", False)  # type: ignore[misc]


def result_failure() -> OSError | None:
    """What writing results failed with, if it did."""
    return getattr(sys.stdout, "failed", None)


def read_bytes() -> BinaryIO:
    """stdin's bytes; none where it is closed."""
    if sys.stdin is None:
        return open(os.devnull, "rb")
    return sys.stdin.buffer


def can_ask() -> bool:
    """Whether somebody sits there who can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def silence(stream: TextIO | None) -> None:
    """Send what a stream still holds, and all that comes, to the null device."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr]
        os.close(null)
    except (OSError, ValueError, AttributeError):
        pass  # a stream without a descriptor has nothing to flush


def _open_number(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number


def _wrapped(stream: Any, errors: str, for_results: bool) -> Any:
    """The stream as one that is silenced when it fails; as it is where it is none of a file's."""
    if not isinstance(stream, TextIOWrapper) or isinstance(stream, Stream):
        return stream
    encoding = "utf-8" if for_results else stream.encoding
    buffered = not for_results or stream.line_buffering
    made = Stream(stream.detach(), encoding=encoding, errors=errors, line_buffering=buffered)
    made.for_results = for_results
    return made
