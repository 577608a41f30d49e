"""A file or a folder replaced in one step; the old one stays until the new one is whole."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from pidiff_cli.files.faults import explain
from pidiff_cli.files.filling import (
    PRIVATE,
    fill_file,
    make_folder,
    private_writing,
    remove_quietly,
)
from pidiff_cli.files.new import written_new
from pidiff_cli.files.sync import sync_folder, sync_tree


def write_file(
    path: Path,
    content: bytes | Callable[[Path], object],
    mode: int = PRIVATE,
    temporary: Path | None = None,
) -> None:
    """Replace `path` in one step; the old file stays until the new one is whole and on the disk.

    Args:
        path: the target; its folder is made when missing.
        content: the bytes, or a function that writes the file at the path it is given
            (a neighbour of `path` with the same suffix).
        mode: PRIVATE, or PUBLIC for what a person asked for as pictures and pages.
        temporary: where it is written first; by itself a new name beside `path`.

    Raises:
        InputError: disk full, read-only or not permitted; the temporary file is removed.
    """
    temporary = temporary or path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    try:
        make_folder(path.parent, mode)
        if isinstance(content, bytes) and written_new(path, content, mode):
            return
        fill_file(temporary, content, mode)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        remove_quietly(temporary)
        raise explain(error, path) from error
    except BaseException:
        remove_quietly(temporary)
        raise


def write_folder(path: Path, fill: Callable[[Path], None], temporary: Path | None = None) -> None:
    """Replace the folder `path` by a new one that `fill(folder)` has written.

    A kill between the two renames leaves `.old-<name>`; the next writer's `recover` puts it back.

    Raises:
        InputError: disk full, read-only or not permitted; the old folder stays.
    """
    temporary = temporary or path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    old = path.with_name(f".old-{path.name}")
    try:
        recover(path)
        make_folder(path.parent)
        temporary.mkdir(mode=0o700)
        with private_writing():
            fill(temporary)
        sync_tree(temporary)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        _undo_folder(temporary, path)
        raise explain(error, path) from error
    except BaseException:
        _undo_folder(temporary, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def recover(path: Path) -> None:
    """Finish or undo a folder swap that a kill interrupted; for its writers only."""
    old = path.with_name(f".old-{path.name}")
    if not old.exists():
        return
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(old, path)


def _undo_folder(temporary: Path, path: Path) -> None:
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        if not path.exists():
            recover(path)
    except OSError:
        pass  # the first error is the one to tell; the next writer recovers
