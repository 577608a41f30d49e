"""Whose name is taken in a home, told without a look at every folder.

Names are compared without capitals, and a disk is asked for one spelling at a time: the one that
was typed, then the one that names are compared by. Folders that are spelt otherwise (``Alice``)
have a mark, an empty file under the key of the name. Marks never say where a folder is, only that
there may be one; that there is none they say as long as ``profiles/`` is as it was when they were
last whole. Where it is not (an earlier release made a profile, a folder was moved by hand), and
where a mark is there, the folders themselves are looked at.

Who puts a profile into the home writes marks; readers change nothing. What another program puts
there in the same tick of the disk's clock (some ms) as pidiff can be missed: then two spellings of
a name stand side by side, each found by its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.profile.locks import LOCKS, NAMES, PROFILES, file_lock, key_of, tried
from pidiff_cli.profile.manifest import folded

_LOCK, _WHOLE = "lock", "whole"  # among the marks: whose turn it is to write; the home they fit
_TURN = 5.0  # seconds to wait for it: others only make or rename a folder meanwhile


def folder_of(profiles: Path, name: str) -> Path:
    """The folder of a name: the one that is there, whatever its spelling, or a new one."""
    exact = profiles / name
    try:
        if exact.exists() or Path(name).name != name or not profiles.is_dir():
            return exact
        usual = profiles / folded(name)
        if usual.exists():
            return usual
        if _is_whole(profiles) and not _mark(profiles, name).exists():  # in this order
            return exact
        return next(iter(_spelt(profiles, name)), exact)
    except (OSError, ValueError):  # no name for a folder
        return exact


@contextmanager
def arriving(folder: Path, name: str = "") -> Iterator[None]:
    """The body puts a folder into ``profiles/`` (a quick step: others wait); marks stay whole.

    Args:
        folder: what it puts there. name: where it is to be found by its name, that name.
    """
    profiles = folder.parent
    with _turn(profiles) as ours:
        kept = ours and _made_whole(profiles)
        if kept and folded(name) != name:
            kept = _marked(profiles, name)
        yield
        if kept:
            _note_whole(profiles)


def leaves(folder: Path) -> None:
    """A folder is no longer in ``profiles/``: nothing is left of its name there."""
    with _turn(folder.parent) as ours, suppress(OSError):
        if ours and (mark := _mark(folder.parent, folder.name)).exists():
            (_marks(folder.parent) / _WHOLE).unlink(missing_ok=True)  # another may be spelt alike
            mark.unlink()


@contextmanager
def _turn(profiles: Path) -> Iterator[bool]:
    """Whether marks can be written now, by this process alone."""
    if profiles.name != PROFILES or not profiles.is_dir():
        yield False
        return
    # Where it could not be had they are not whole, and the folders are looked at.
    with tried(file_lock(_marks(profiles) / _LOCK), _TURN) as mine:
        yield mine


def _marks(profiles: Path) -> Path:
    return Path(os.path.realpath(profiles)) / LOCKS / NAMES


def _mark(profiles: Path, name: str) -> Path:
    return _marks(profiles) / key_of(name)


def _marked(profiles: Path, name: str) -> bool:
    mark = _mark(profiles, name)
    try:
        if not mark.exists():
            _touch(mark)
            files.sync_folder(mark.parent)  # it is there before the folder is
        return True
    except OSError:
        return False


def _touch(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, files.PRIVATE))


def _state(profiles: Path) -> bytes:
    """Changes with every folder that comes or goes."""
    now = os.stat(profiles)
    return f"{now.st_ino} {now.st_mtime_ns} {now.st_nlink}\n".encode()


def _is_whole(profiles: Path) -> bool:
    try:
        return (_marks(profiles) / _WHOLE).read_bytes() == _state(profiles)
    except OSError:
        return False


def _note_whole(profiles: Path) -> None:
    with suppress(OSError):
        handle = os.open(
            _marks(profiles) / _WHOLE, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, files.PRIVATE
        )
        with os.fdopen(handle, "wb") as file:
            file.write(_state(profiles))


def _made_whole(profiles: Path) -> bool:
    """Mark every folder that needs it, unless they are; whether they all are now."""
    if _is_whole(profiles):
        return True
    try:
        before, marks = _state(profiles), _marks(profiles)
        odd = {key_of(n) for n in os.listdir(profiles) if n[0] != "." and folded(n) != n}
        there = {*os.listdir(marks)} - {_LOCK, _WHOLE}
        for key in there - odd:
            (marks / key).unlink()
        for key in odd - there:
            _touch(marks / key)
        files.sync_folder(marks)
        return _state(profiles) == before
    except OSError:
        return False


def _spelt(profiles: Path, name: str) -> list[Path]:
    """The folders of a name, in every spelling; all are looked at."""
    wanted = folded(name)
    found = (n for n in os.listdir(profiles) if n[0] != "." and folded(n) == wanted)
    return [profiles / item for item in sorted(found)]
