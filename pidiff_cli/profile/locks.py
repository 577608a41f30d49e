"""Who may change a profile: one process at a time, all the length of its change.

The lock of a profile in a home lies beside the profiles, so that a folder that is replaced, moved
or not there yet has one too: ``profiles/.locks/``, under a key that does not tell the name. The
lock of a folder elsewhere lies in it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli import files
from pidiff_cli.profile.manifest import folded

if TYPE_CHECKING:
    from filelock import BaseFileLock

PROFILES, LOCKS, LOCK, ASIDE = "profiles", ".locks", ".lock", ".new-"
NAMES, HELD = "names", "held"  # in LOCKS: marks, see `profile.names` and `profile.holders`


def key_of(name: str) -> str:
    """What stands for a name in file names of locks and leftovers: 16 hex digits."""
    text = folded(name).encode("utf-8", "surrogateescape")
    return hashlib.blake2s(text, digest_size=8).hexdigest()


def lock_place(folder: Path) -> Path:
    """The file of a profile's lock."""
    parent = Path(os.path.realpath(folder.parent))
    if parent.name == PROFILES:
        return parent / LOCKS / f"{key_of(folder.name)}.lock"
    return parent / folder.name / LOCK


def is_aside(folder: Path) -> bool:
    """Whether a folder is a profile in the making, which its maker alone knows of."""
    return folder.name.startswith(ASIDE)


def drop_lock(folder: Path) -> None:
    """Remove the lock's file of a name that nobody has any more; its holder does."""
    place = lock_place(folder)
    if place.parent.name == LOCKS:
        with suppress(OSError):
            place.unlink(missing_ok=True)
            if _only_marks(place.parent):  # they were the last: the folders go too
                for marks in (NAMES, HELD):
                    shutil.rmtree(place.parent / marks, ignore_errors=True)
                place.parent.rmdir()
                place.parent.parent.rmdir()


def _only_marks(locks: Path) -> bool:
    with os.scandir(locks) as inside:
        return all(item.name in (NAMES, HELD) for item in inside)


def file_lock(path: Path) -> BaseFileLock:
    """The lock of a file, one object of a path in a process."""
    from filelock import FileLock

    return FileLock(path, timeout=0, is_singleton=True, mode=0o600)


@contextmanager
def tried(lock: BaseFileLock, seconds: float = 0) -> Iterator[bool]:
    """Whether a lock could be had within so many seconds: then it is held in the body."""
    from filelock import Timeout

    try:
        files.make_folder(Path(lock.lock_file).parent)
        lock.acquire(timeout=seconds)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
