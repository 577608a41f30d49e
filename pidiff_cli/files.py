"""Writing that cannot be caught half done: a temporary neighbour, then one rename."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pidiff_cli.errors import InputError

#: Endings of picture files that can be read.
PICTURES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .heic .heif .hif .avif .tif .tiff .bmp .gif .jp2 .ppm .pgm"
    " .tga".split()
)
_ELSEWHERE = "Choose another place with --home (or PIDIFF_HOME) or --out."
_REASONS = {
    errno.ENOSPC: ("The disk is full: {path} was not written.", "Make room, then run it again."),
    errno.EDQUOT: ("The disk quota is used up: {path} was not written.", "Make room, then again."),
    errno.EROFS: ("{path} is on a read-only disk.", _ELSEWHERE),
    errno.EACCES: ("{path} may not be written.", _ELSEWHERE),
    errno.EPERM: ("{path} may not be written.", _ELSEWHERE),
    errno.ENOTDIR: ("{path} cannot be: a part of its path is a file.", _ELSEWHERE),
    errno.ENAMETOOLONG: ("The name of {path} is too long for this disk.", "Choose a shorter one."),
}


def said(path: Path | str) -> str:
    """A path as text that can be printed and stored: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def explain(error: OSError, path: Path) -> InputError:
    """The sentence a person gets for an OSError while writing `path`; nothing old was lost."""
    message, hint = _REASONS.get(
        error.errno or 0, ("{path} could not be written: " + (error.strerror or str(error)), "")
    )
    return InputError(message.format(path=path), hint)


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
        raise InputError(f"Cannot make the folder {path}: {there} is a file.", _ELSEWHERE)
    if not os.access(there, os.W_OK | os.X_OK):
        raise explain(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path)


def write_file(path: Path, content: bytes | Callable[[Path], object]) -> None:
    """Replace `path` in one step; the old file stays until the new one is whole.

    Args:
        path: the target; its folder is made when missing (mode 0700).
        content: the bytes, or a function that writes the file at the path it is given
            (a neighbour of `path` with the same suffix).

    Raises:
        InputError: disk full, read-only or not permitted; the temporary file is removed.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        _flush(temporary)
        os.replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise explain(error, path) from error
    except BaseException:
        _remove(temporary)
        raise


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all; of two who try one succeeds.

    Raises:
        FileExistsError: it is there already; nothing is changed.
        InputError: disk full, read-only or not permitted.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(4)}{path.suffix}")
    try:
        temporary.write_bytes(content)
        _flush(temporary)
        _move_new(temporary, path)
    except FileExistsError:
        raise
    except OSError as error:
        raise explain(error, path) from error
    finally:
        _remove(temporary)


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
        _remove(path)
        raise


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Replace the folder `path` by a new one that `fill(folder)` has written.

    A kill between the two renames leaves `.old-<name>`; `recover` puts it back.

    Raises:
        InputError: disk full, read-only or not permitted; the old folder stays.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    old = path.with_name(f".old-{path.name}")
    try:
        recover(path)
        temporary.mkdir(mode=0o700, parents=True)
        fill(temporary)
        for item in temporary.rglob("*"):
            if item.is_file():
                _flush(item)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
    except OSError as error:
        _undo_folder(temporary, path)
        raise explain(error, path) from error
    except BaseException:
        _undo_folder(temporary, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def replacing(path: Path, finished: Callable[[Path], bool]) -> Iterator[None]:
    """Let the body make the folder `path` anew; when it fails the old folder comes back.

    A kill inside the body leaves `.kept-<name>`; `settle` decides with `finished` which one stays.
    """
    settle(path, finished)
    kept = _kept(path)
    try:
        if path.exists():
            os.replace(path, kept)
    except OSError as error:
        raise explain(error, path) from error
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        if kept.exists():
            os.replace(kept, path)
        raise
    shutil.rmtree(kept, ignore_errors=True)


def settle(path: Path, finished: Callable[[Path], bool]) -> None:
    """After a kill inside `replacing`: keep the new folder when it is finished, else the old."""
    kept = _kept(path)
    if not kept.exists():
        return
    if path.exists() and finished(path):
        shutil.rmtree(kept, ignore_errors=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
        os.replace(kept, path)


def _kept(path: Path) -> Path:
    return path.with_name(f".kept-{path.name}")


def recover(path: Path) -> None:
    """Finish or undo a folder swap that a kill interrupted."""
    old = path.with_name(f".old-{path.name}")
    if not old.exists():
        return
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(old, path)


def _undo_folder(temporary: Path, path: Path) -> None:
    shutil.rmtree(temporary, ignore_errors=True)
    if not path.exists():
        recover(path)


def _flush(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # the disk may be read-only by now; the first error is the one to tell
