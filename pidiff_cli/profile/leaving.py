"""What is written outside the home, noted in it: a killed export leaves nothing for long."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.locks import LOCKS, PROFILES, file_lock
from pidiff_cli.profile.mending import LEAVING


@contextmanager
def leaving(home: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """Write something of a profile to a place outside the home.

    The next writer of the home removes both places where this process dies. Where the home cannot
    be written to there is no such note.

    Yields: the place to write to, a neighbour of ``target`` to be renamed; a folder for what is to
        be read back.
    """
    key = secrets.token_hex(8)
    temporary = target.with_name(f".tmp-{key[:8]}-{target.name}")
    profiles = home / PROFILES
    note, scratch = profiles / LEAVING / f"{key}.json", profiles / LEAVING / key
    lock = file_lock(Path(os.path.realpath(profiles)) / LOCKS / f"{key}.lock")
    try:
        files.make_folder(profiles / LOCKS)
        lock.acquire(timeout=0)
        files.write_file(note, json.dumps({"path": os.path.abspath(temporary)}).encode())
        scratch.mkdir(mode=0o700)
    except (InputError, OSError):
        _drop(lock.lock_file, note)
        with suppress(OSError):
            note.parent.rmdir()
        lock.release()
        with tempfile.TemporaryDirectory() as folder:
            yield temporary, Path(folder)
        return
    try:
        yield temporary, scratch
    finally:
        with suppress(OSError):
            files.remove_tree(scratch)
        _drop(note, lock.lock_file)
        with suppress(OSError):
            note.parent.rmdir()
        lock.release()


def _drop(*paths: Path | str) -> None:
    for path in paths:
        with suppress(OSError):
            Path(path).unlink(missing_ok=True)
