"""Errors a user can cause: what happened, and the next command to type."""

from __future__ import annotations

from collections.abc import Sequence


class StoppedBySignal(BaseException):
    """The system asks the program to end (SIGTERM, SIGHUP); like Ctrl-C it cleans up on the way.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class PidiffError(Exception):
    """A failure the user can mend.

    Args:
        message: what happened, one or two sentences in the user's words.
        hint: the next command to type or thing to do; may be empty.
        exit_code: 2 usage, 3 input, 4 weight or network missing, 5 out of memory, 6 a gate missed,
            130 stopped.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 3) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


class InputError(PidiffError):
    """The photos, files or names given are at fault (exit code 3)."""


class RowsError(InputError):
    """Rows of a table are at fault.

    Attributes:
        lines: what is told, a line each; the message is all of them.
    """

    def __init__(self, lines: Sequence[str], hint: str = "") -> None:
        super().__init__("\n".join(lines), hint)
        self.lines = tuple(lines)


class UsageError(PidiffError):
    """The command line cannot mean anything (exit code 2)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, exit_code=2)


class MissingWeightError(PidiffError):
    """A model file is not on this machine (exit code 4)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, exit_code=4)


class OutOfMemoryError(PidiffError):
    """The device has no room for the plan (exit code 5).

    Attributes:
        passing: there is room once other programs give back what they hold.
    """

    def __init__(self, message: str, hint: str = "", passing: bool = False) -> None:
        super().__init__(message, hint, exit_code=5)
        self.passing = passing


class StoppedError(PidiffError):
    """The one who listens wanted the work to stop; what was done is kept (exit code 130)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, exit_code=130)
