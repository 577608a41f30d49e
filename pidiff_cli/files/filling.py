"""New files and folders, private unless a person asked for them as pictures or pages."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pidiff_cli.files.sync import sync_file

PRIVATE, PUBLIC = 0o600, 0o666  # modes of new files; of public ones the umask takes its part
_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_guard = threading.RLock()


def fill_file(path: Path, content: bytes | Callable[[Path], object], mode: int = PRIVATE) -> None:
    """Write a new file, with its mode from the first byte, and see it onto the disk.

    Raises:
        OSError: what the disk says. FileExistsError: the path is taken.
    """
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, mode)
    if isinstance(content, bytes):
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    else:
        os.close(handle)
        with private_writing() if mode == PRIVATE else nullcontext():
            content(path)
    sync_file(path)


def make_folder(path: Path, mode: int = PRIVATE) -> None:
    """Make a folder and those above it where they are missing; 0700, if files in it are private."""
    if path.is_dir():
        return
    make_folder(path.parent, mode)
    path.mkdir(mode=0o700 if mode == PRIVATE else 0o777, exist_ok=True)


@contextmanager
def private_writing() -> Iterator[None]:
    """Files that libraries make in the body are 0600 and folders 0700, whatever the umask was.

    A umask belongs to the process: one thread at a time may be inside.
    """
    with _guard:
        before = os.umask(0o077)
        try:
            yield
        finally:
            os.umask(before)


def remove_quietly(path: Path) -> None:
    """Remove a file where that is possible."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # the disk may be read-only by now; the first error is the one to tell
