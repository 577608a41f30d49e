"""A file that is not there yet, whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pidiff_cli.files.faults import explain
from pidiff_cli.files.filling import PUBLIC, fill_file, remove_quietly
from pidiff_cli.files.sync import sync_folder


def write_new(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file that is not there yet, whole or not at all; of two who try one succeeds.

    Raises:
        FileExistsError: it is there already; nothing is changed.
        InputError: disk full, read-only or not permitted.
    """
    if _write_nameless(path, content, mode):
        return
    temporary = path.with_name(f".tmp-{secrets.token_hex(4)}{path.suffix}")
    try:
        fill_file(temporary, content, mode)
        _move_new(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise explain(error, path) from error
    finally:
        remove_quietly(temporary)


def written_new(path: Path, content: bytes, mode: int) -> bool:
    """Write a file that was not there yet, without a temporary name; False where it was."""
    try:
        return not os.path.lexists(path) and _write_nameless(path, content, mode)
    except FileExistsError:
        return False  # somebody else has made it meanwhile


def _write_nameless(path: Path, content: bytes, mode: int) -> bool:
    """Write a file that has no name before it is whole: a kill leaves nothing (Linux).

    Returns: False where system or disk do not know how, or refuse; then nothing has happened.
    Raises FileExistsError.
    """
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is None:
        return False
    try:
        with os.fdopen(os.open(path.parent, nameless | os.O_WRONLY, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            own = file.fileno()
            # With a folder's handle Python calls linkat, which alone can follow this link.
            os.link(f"/proc/self/fd/{own}", path, src_dir_fd=own, follow_symlinks=True)
        sync_folder(path.parent)
        return True
    except FileExistsError:
        raise
    except OSError:
        return False


def _move_new(temporary: Path, path: Path) -> None:
    """Give a file its name where nobody has it. Raises FileExistsError."""
    try:
        os.link(temporary, path)
        return
    except FileExistsError:
        raise
    except OSError:
        pass  # a disk without links: the name is taken first, then filled
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        os.replace(temporary, path)
    except BaseException:
        remove_quietly(path)
        raise
