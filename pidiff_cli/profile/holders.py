"""Who holds profiles of a home now; who died while holding one left a mark, and something to sweep.

Without the mark of a dead one nobody has to look into every profile for what was left. An empty
file under the key of the name is there from before the first change until after the last one, if
that went well. Once a day a writer looks all the same: what an earlier release has left, or a disk
that took no mark.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.profile.journal import CHANGE, GONE
from pidiff_cli.profile.locks import ASIDE, HELD, LOCKS, PROFILES, key_of

_SWEPT = "swept"  # among the marks; its time is that of the last look
_DAY = 24 * 3600.0


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Mark a profile of a home as held, in the body; its lock is held."""
    if folder.parent.name != PROFILES:
        yield
        return
    mark = _marks(folder.parent) / key_of(folder.name)
    _put(mark)
    ended = False
    try:
        yield
        ended = True
    finally:
        with suppress(OSError):
            if not (_is_left_in(folder) or (not ended and _is_left_beside(folder))):
                mark.unlink(missing_ok=True)


def marked(profiles: Path) -> list[str]:
    """The keys of those who hold a profile now, or died holding it."""
    try:
        return sorted(name for name in os.listdir(_marks(profiles)) if name != _SWEPT)
    except OSError:
        return []


def is_due(profiles: Path) -> bool:
    """Whether nobody has looked into every profile for a day."""
    try:
        age = time.time() - (_marks(profiles) / _SWEPT).stat().st_mtime
    except OSError:
        return True
    return abs(age) > _DAY  # a server's clock may be ahead


def note_swept(profiles: Path) -> None:
    """Every profile was looked into."""
    _put(_marks(profiles) / _SWEPT)
    with suppress(OSError):
        os.utime(_marks(profiles) / _SWEPT)


def drop(profiles: Path, key: str) -> None:
    """Nothing is left of a dead one; the lock of that key is held."""
    with suppress(OSError):
        (_marks(profiles) / key).unlink(missing_ok=True)


def look_everywhere(profiles: Path) -> None:
    """No mark could be made: the next writer looks into every profile."""
    with suppress(OSError):
        (_marks(profiles) / _SWEPT).unlink(missing_ok=True)


def _marks(profiles: Path) -> Path:
    return Path(os.path.realpath(profiles)) / LOCKS / HELD


def _put(mark: Path) -> None:
    try:
        files.make_folder(mark.parent)
        os.close(os.open(mark, os.O_CREAT | os.O_WRONLY, files.PRIVATE))
    except OSError:
        with suppress(OSError):
            (mark.parent / _SWEPT).unlink(missing_ok=True)


def _is_left_in(folder: Path) -> bool:
    """A change that counts and is not at its place yet, or what it could not remove."""
    return folder.is_dir() and any(n.startswith((CHANGE, GONE)) for n in os.listdir(folder))


def _is_left_beside(folder: Path) -> bool:
    own = tuple(f"{kind}{key_of(folder.name)}-" for kind in (ASIDE, GONE))
    return any(name.startswith(own) for name in os.listdir(folder.parent))
