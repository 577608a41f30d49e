"""Writing that cannot be caught half done: a temporary neighbour, then one rename."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
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


_BINARY = getattr(os, "O_BINARY", 0)  # Windows
PRIVATE, PUBLIC = 0o600, 0o666  # modes of new files; of public ones the umask takes its part


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
        if isinstance(content, bytes) and _is_new(path, content, mode):
            return
        fill_file(temporary, content, mode)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        _remove(temporary)
        raise explain(error, path) from error
    except BaseException:
        _remove(temporary)
        raise


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


_guard = threading.RLock()


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
        _remove(temporary)


def _is_new(path: Path, content: bytes, mode: int) -> bool:
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
        _remove(path)
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


def sync_file(path: Path) -> None:
    """See a file's content onto the disk."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def sync_folder(path: Path) -> None:
    """See the names in a folder onto the disk, where the system knows how."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a disk that cannot
            raise
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """See all files and folders below `folder`, and itself, onto the disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            if not (path := Path(place, name)).is_symlink():
                sync_file(path)
        sync_folder(Path(place))


def remove_tree(path: Path) -> None:
    """Remove a file, a link (never what it leads to) or a folder with all that is in it.

    What cannot be removed stays, and what is beside it goes all the same.

    Raises:
        OSError: the first thing that did not go.
    """
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
        inside = sorted(path.iterdir())
    except FileNotFoundError:
        return
    failed: OSError | None = None
    for item in inside:
        try:
            remove_tree(item)
        except OSError as error:
            failed = failed or error
    if failed:
        raise failed
    path.rmdir()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # the disk may be read-only by now; the first error is the one to tell
