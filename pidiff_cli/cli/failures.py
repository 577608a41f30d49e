"""The error table: an exception → one sentence, what to do next, and the exit code."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any

import typer

from pidiff_cli.errors import PidiffError, RowsError, StoppedBySignal

INTERNAL, USAGE, INPUT, WEIGHTS, MEMORY, GATE, INTERRUPTED = 1, 2, 3, 4, 5, 6, 130


@dataclass(frozen=True)
class Failure:
    """What is told about an exception.

    Attributes:
        lines: the message where it has several; each is shown by itself.
    """

    message: str
    hint: str
    exit_code: int
    cause: BaseException | None = None
    lines: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """{"error", "hint", "exit_code"}."""
        return {"error": self.message, "hint": self.hint, "exit_code": self.exit_code}


def explain(error: BaseException) -> Failure:
    """The failure that a person is told of, for any exception that ended a command."""
    if isinstance(error, PidiffError):
        lines = error.lines if isinstance(error, RowsError) else ()
        return Failure(error.message, error.hint, error.exit_code, error, lines)
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Failure("Interrupted.", "", INTERRUPTED, error)
    if isinstance(error, StoppedBySignal):
        name = signal.Signals(error.number).name
        return Failure(f"Stopped by {name}.", "", 128 + error.number, error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return Failure(
            "There is not enough memory for this.",
            "Fewer pictures at once (-n 1) or a smaller --size may fit; close other programs.",
            MEMORY,
            error,
        )
    if isinstance(error, OSError) and (error.filename or error.errno):
        return _disk(error)
    return Failure(
        f"Something inside pidiff went wrong ({type(error).__name__}: {_short(error)}). Sorry.",
        "With -v before the command the details are shown.",
        INTERNAL,
        error,
    )


def lost_results(error: OSError) -> Failure:
    """What is told where all was done and stdout did not take the results."""
    reason = error.strerror or str(error)
    return Failure(
        f"The results could not be written to stdout ({reason}); what was made is kept.",
        "Send them somewhere else, for example: > results.txt",
        INPUT,
    )


def _usage(error: typer.TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "pidiff"
    message = error.format_message().strip() or "The command line is not complete."
    hint = f"See: {command} --help"
    if command.endswith("generate") and "extra argument" in message:
        hint = f'Quote the prompt: {command} NAME "as a chef"; several: a line each in @FILE, or -.'
    return Failure(message, hint, USAGE, error)


def _disk(error: OSError) -> Failure:
    import errno
    from pathlib import Path

    from pidiff_cli.files import explain as explain_disk

    # Nobody knows here whether it was to be read or written.
    if error.filename and error.errno == errno.ENOENT:
        return Failure(f"There is no {error.filename}.", "Check the path.", INPUT, error)
    if error.filename and error.errno in (errno.EACCES, errno.EPERM):
        hint = "Give yourself the right to, or name another place: --home (or PIDIFF_HOME), --out."
        return Failure(f"{error.filename} may not be opened.", hint, INPUT, error)
    told = explain_disk(error, Path(str(error.filename or "a file")))
    return Failure(told.message, told.hint, INPUT, error)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else text[:157] + "..."
