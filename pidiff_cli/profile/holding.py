"""A profile held for writing, by one process, all the length of its change."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.holders import holding, look_everywhere
from pidiff_cli.profile.locks import LOCKS, drop_lock, file_lock, is_aside, lock_place
from pidiff_cli.profile.mending import mend
from pidiff_cli.profile.names import folder_of

if TYPE_CHECKING:
    from filelock import BaseFileLock

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def hold(folder: Path, wait: float = 1.0) -> Iterator[None]:
    """Hold a profile's folder, there or not yet; what the dead have left is mended first.

    One process may take it again while it holds it.

    Raises:
        InputError: another process holds it for more than ``wait`` seconds; the disk refuses; or
            the folder is a link.
    """
    if is_aside(folder):
        yield
        return
    if folder.is_symlink():
        raise InputError(
            f"{folder} is a link: nothing is written through it.",
            f"Give the folder itself: {os.path.realpath(folder)}",
        )
    lock = file_lock(lock_place(folder))
    first = not lock.is_locked
    if not _taken(lock, folder, wait):
        look_everywhere(folder.parent)
        yield
        return
    try:
        if not first:
            yield
            return
        mend(folder)
        with holding(folder):
            yield
    finally:
        if first and not os.path.lexists(folder_of(folder.parent, folder.name)):
            drop_lock(folder)  # nobody has the name, in whatever spelling
        lock.release()


def _taken(lock: BaseFileLock, folder: Path, wait: float) -> bool:
    """Take the lock. A disk without room for it is no reason to refuse: nobody else has it then,
    and what is to be forgotten has to go."""
    from filelock import Timeout

    for last in (False, True):
        try:
            if lock_place(folder).parent.name == LOCKS:
                files.make_folder(lock_place(folder).parent)
            lock.acquire(timeout=wait)
            return True
        except Timeout as error:
            raise InputError(
                f"Another pidiff is working on {folder.name}.", "Wait for it, or stop it first."
            ) from error
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not last:
                continue  # the last lock's owner has just removed their folder
            if error.errno in _FULL:
                return False
            raise files.explain(error, folder) from error
    return False
