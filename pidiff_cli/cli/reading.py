"""How a word of the command line becomes a number or a path, and what is told where it cannot.

Every option and argument of these kinds takes its `parser` from here; a test looks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pidiff_cli.errors import UsageError
from pidiff_cli.values import shown


def number(kind: type, name: str, also: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """Reads an option's number. It raises UsageError with the option's name for anything else.

    Args:
        also: words that may stand for one.
    """

    def read(value: Any) -> Any:
        if str(value).lower() in also:
            return str(value).lower()
        try:
            return kind(value)
        except ValueError:
            words = " or ".join(("a whole number" if kind is int else "a number", *also))
            comma = kind is float and str(value).count(",") == 1
            raise UsageError(
                f"{name} is {shown(value)}; {words} is expected.",
                f"With a point: {str(value).replace(',', '.')}" if comma else "",
            ) from None

    return read


def user_path(value: Any) -> Path:
    """Reads a path, `~` followed; a shell does so only where the word begins with it.

    Raises:
        UsageError: it is empty. InputError: there is no such home folder.
    """
    if not str(value):
        raise UsageError("A path is empty.", "A variable of the shell may be unset.")
    from pidiff_cli.files import expanded  # a help page needs none

    return expanded(value)
