"""A zip file, opened by somebody who does not trust it."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.archive import limits
from pidiff_cli.profile.archive.format import NOT_OURS

_TAIL, _ZIP64 = 66_000, b"PK\x06\x07"  # where the directory's place stands; of larger files


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file; everything that can be wrong with one becomes a sentence."""
    if not path.is_file():
        raise InputError(f"{path} is not there." if not path.exists() else f"{path} is no file.")
    broken = InputError(
        f"{path.name} is damaged or cut off.", "Copy it again, or export the profile anew."
    )
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path.name} is no profile file, or it is cut off.",
            "Profile files are written by: pidiff profile export NAME",
        )
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
        OverflowError, OSError,
    ) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a place before the start
            raise
        raise broken from error


def _check_directory(path: Path) -> None:
    """Raise InputError where a zip's directory is longer than that of a profile: Python reads the
    whole of it at once."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return  # zipfile says so
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    long = count > limits.MAX_FILES or length > limits.MAX_FILES * 400
    if long or tail[max(0, at - 20) :][:4] == _ZIP64:
        raise InputError(f"{path.name} is too large: {count} files or more are in it.", NOT_OURS)
