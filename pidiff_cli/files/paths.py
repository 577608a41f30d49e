"""Paths as a person names them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files.faults import ELSEWHERE, explain

#: Endings of picture files that can be read.
PICTURES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .heic .heif .hif .avif .tif .tiff .bmp .gif .jp2 .ppm .pgm"
    " .tga".split()
)


def said(path: Path | str) -> str:
    """A path as text that can be printed and stored: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def expanded(path: str | Path) -> Path:
    """A path with `~` and `~name` followed.

    Raises:
        InputError: there is no such home folder.
    """
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        whose = path.parts[0]
        raise InputError(
            f"There is no home folder {whose} here, for {path}.",
            "Write the whole path; where profiles and weights lie: PIDIFF_HOME=DIR, or --home DIR",
        ) from None


def can_be_folder(path: Path) -> None:
    """Raise InputError unless `path` is a folder that may be written to, or could be made.

    Nothing is made: a command that fails later leaves nothing behind.
    """
    there = path.absolute()
    try:
        while not there.exists() and there.parent != there:
            there = there.parent
    except OSError as error:
        raise explain(error, path) from error
    if not there.is_dir():
        raise InputError(f"Cannot make the folder {path}: {there} is a file.", ELSEWHERE)
    if not os.access(there, os.W_OK | os.X_OK):
        raise explain(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path)
