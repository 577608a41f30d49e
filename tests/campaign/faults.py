"""Operations of the disk counted, and made to end the process or to fail."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: What changes a disk; each call is an instant.
NAMES = ("replace", "rename", "link", "unlink", "remove", "rmdir", "mkdir", "fsync", "truncate")
#: Of them, what a full disk refuses.
NEEDS_ROOM = frozenset(("open", "mkdir", "link", "write"))
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
Hit = Callable[[str, object], None]


@contextmanager
def watched(hit: Hit) -> Iterator[None]:
    """Call ``hit(kind, path)`` before each operation that changes the disk."""
    kept = {name: getattr(os, name) for name in NAMES}
    os_open, open_ = os.open, io.open

    def wrapped(name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            hit(name, args[0])
            return kept[name](*args, **named)

        return call

    def low(path: Any, flags: int, *args: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            hit("open", path)
        return os_open(path, flags, *args, **named)

    def high(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
        if set(mode) & set("wax"):
            hit("write" if isinstance(file, int) else "open", file)
        elif "+" in mode:
            hit("overwrite", file)  # in the room that it has
        return open_(file, mode, *args, **named)

    for name in NAMES:
        setattr(os, name, wrapped(name))
    os.open, io.open, builtins.open = low, high, high  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in NAMES:
            setattr(os, name, kept[name])
        os.open, io.open, builtins.open = os_open, open_, open_


def ours(path: object, folder: str) -> bool:
    """Whether an operation is one below a folder; file handles count."""
    return isinstance(path, int) or os.path.abspath(os.fsdecode(path)).startswith(folder)  # type: ignore[arg-type]
