"""The bytes of a file as far as a limit, and the error that every reader here raises."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pidiff_cli.errors import InputError

MB = 1_000_000


class Refused(InputError):
    """Something that was read is not what it should be; `reason` is the end of the sentence."""

    def __init__(self, what: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{what} is refused: {reason}.", hint)
        self.reason = reason


def read_bytes(path: Path, limit: int) -> bytes:
    """A plain file's bytes.

    Args:
        limit: bytes; a larger file is refused before it is read.

    Raises:
        Refused: no plain file (a pipe, a device, a folder), too large, or it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags)  # a pipe that nobody writes to would be waited for
        with os.fdopen(number, "rb") as file:
            told = os.fstat(number)
            if not stat.S_ISREG(told.st_mode):
                raise Refused(path.name, "it is no plain file")
            if told.st_size > limit:
                raise Refused(path.name, too_large(told.st_size, limit))
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(path.name, f"it cannot be read ({reason})") from error
    if len(data) > limit:  # it grows
        raise Refused(path.name, too_large(len(data), limit))
    return data


def too_large(size: int, limit: int) -> str:
    """What is told of something above its limit."""
    return f"it is too large ({size / MB:.1f} MB; {limit / MB:g} is the most)"


def refuse_links(root: Path, relative: str) -> Path:
    """`root/relative`, none of whose parts below `root` is a link.

    Raises:
        Refused: one is; what is behind it is not looked at. Or it leaves `root`.
    """
    parts = Path(relative).parts
    if Path(relative).is_absolute() or ".." in parts:
        raise Refused(relative, "it lies outside the profile")
    place = root
    for part in parts:
        place = place / part
        try:
            if place.is_symlink():
                raise Refused(place.relative_to(root).as_posix(), "it is a link")
        except (OSError, ValueError) as error:
            raise Refused(relative, "it cannot be looked at") from error
    return place
