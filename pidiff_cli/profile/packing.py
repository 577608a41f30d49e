"""A folder as one stream of bytes, a tar, and back; neither direction holds more than a piece."""

from __future__ import annotations

import hashlib
import os
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.manifest import path_fault

_CHUNK = 1 << 18
MOST = 100_000  # files


class Packed:
    """The tar of files of a folder, to be read once.

    Attributes:
        failed: what reading a file ended with; a library that reads tells another error for it.
    """

    def __init__(self, folder: Path, relatives: Sequence[str]) -> None:
        self._pieces = _tar(folder, relatives)
        self._rest = b""
        self._hash = hashlib.sha256()
        self.failed: BaseException | None = None

    @property
    def digest(self) -> str:
        """The sha256 of what has been read."""
        return self._hash.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size``; none at the end."""
        try:
            while not self._rest and (piece := next(self._pieces, b"")):
                self._rest = piece
        except BaseException as error:
            self.failed = error
            raise
        size = len(self._rest) if size < 0 else size
        given, self._rest = self._rest[:size], self._rest[size:]
        self._hash.update(given)
        return given


class Hashed:
    """Takes bytes and keeps their sha256 only."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Of what has been written."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def packable(folder: Path) -> list[str]:
    """The files of a profile's folder, relative, without what begins with a dot.

    Raises:
        InputError: a link, something that is no file, or a name that not every system takes.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if relative.startswith(".") or (path.is_dir() and not path.is_symlink()):
            continue
        fault = "is a link" if path.is_symlink() else path_fault(relative)
        if fault or not path.is_file():
            raise InputError(
                f"{path} {fault or 'is no file'}: the profile cannot be locked with it.",
                "Move it out of the profile.",
            )
        found.append(relative)
    return found


def _tar(folder: Path, relatives: Sequence[str]) -> Iterator[bytes]:
    for relative in relatives:
        with (folder / relative).open("rb") as file:
            info = tarfile.TarInfo(relative)
            info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
            yield info.tobuf(tarfile.PAX_FORMAT)
            left = info.size
            while left and (piece := file.read(min(_CHUNK, left))):
                left -= len(piece)
                yield piece
            if left:
                raise InputError(f"{relative} changed meanwhile.", "Run the same again.")
        if over := info.size % tarfile.BLOCKSIZE:
            yield b"\0" * (tarfile.BLOCKSIZE - over)
    yield b"\0" * 2 * tarfile.BLOCKSIZE


def unpacked(pour: Callable[[BinaryIO], None], folder: Path) -> None:
    """Write the files of a tar into an empty folder, each 0600.

    Args:
        pour: writes the tar to the stream it is given, in a thread of its own.

    Raises:
        InputError: it is no such tar, or names something outside the folder. Whatever ``pour``
            raises. OSError: the disk refuses.
    """
    source, sink = os.pipe()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with open(sink, "wb", closefd=False) as stream:
                pour(stream)
        except BaseException as error:  # told by the other thread
            failed.append(error)
        finally:
            os.close(sink)  # whatever happens: the reader waits for it

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        with open(source, "rb") as stream:
            _extract(stream, folder)
            while stream.read(_CHUNK):  # to the end: only then all of it is known to be whole
                pass
    except InputError as error:
        thread.join()
        raise _cause(failed, error) from error
    thread.join()
    if failed:
        raise failed[0]


def _cause(failed: Sequence[BaseException], error: InputError) -> BaseException:
    """Why what came was no tar: what made it has failed, or it is none."""
    return failed[0] if failed and not isinstance(failed[0], BrokenPipeError) else error


def _extract(stream: BinaryIO, folder: Path) -> None:
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for number, member in enumerate(tar):
                _check(member, number)
                place = folder / member.name
                files.make_folder(place.parent)
                source = tar.extractfile(member)
                files.fill_file(place, lambda path, source=source: _copy(source, path))  # type: ignore[misc]
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InputError("What is encrypted is no profile of pidiff.") from error


def _copy(source: Any, path: Path) -> None:
    with path.open("wb") as target:
        while piece := source.read(_CHUNK):
            target.write(piece)


def _check(member: tarfile.TarInfo, number: int) -> None:
    fault = path_fault(member.name)
    if not fault and (member.type != tarfile.REGTYPE or member.issparse()):
        fault = "is no plain file"
    if fault or number >= MOST:
        told = f"{member.name!r} {fault}" if fault else "too many files"
        raise InputError(f"What is encrypted is no profile of pidiff: {told}.")
