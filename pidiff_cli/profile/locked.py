"""Which profiles are locked; nothing is decrypted to know."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.journal import seen
from pidiff_cli.profile.manifest import MANIFEST

LOCKED, KEY = "locked.age", "key.age"
ID = "locked.id"  # a hash of the random id: a picture's own id is known by it, and tells it


class LockedError(InputError):
    """A profile is locked: its name is all that is known of it.

    Attributes:
        folder: where it is. copies: names of profiles with its id that are not locked.
    """

    def __init__(self, folder: Path) -> None:
        name = folder.name
        super().__init__(f"{name} is locked.", f"Open it: pidiff profile unlock {name}")
        self.folder, self.copies = folder, tuple[str, ...]()


def is_profile(folder: Path) -> bool:
    """Whether a folder holds a profile that can be read, as a reader finds it now."""
    return seen(folder, MANIFEST).is_file()


def is_locked(folder: Path) -> bool:
    """Whether a folder holds a locked profile, as a reader finds it now."""
    return os.path.lexists(seen(folder, LOCKED)) and not is_profile(folder)


def is_one(folder: Path) -> bool:
    """Whether a folder holds a profile, locked or not."""
    return is_profile(folder) or is_locked(folder)


def check_unlocked(folder: Path) -> None:
    """Raise LockedError for a locked profile."""
    if is_locked(folder):
        raise LockedError(folder)


def hash_of_id(key: str) -> str:
    """What stands for a profile's random id while it is locked: 64 hex digits."""
    return hashlib.sha256(f"pidiff profile {key}".encode()).hexdigest()


def locked_by_id(key: str, home: Path) -> Iterator[Path]:
    """The folders of a home's locked profiles of an id; those that an earlier release locked do
    not tell theirs."""
    wanted = hash_of_id(key)
    return (home / "profiles" / name for name, own in _ids(home) if own == wanted)


def locked_ids(home: Path) -> Iterator[str]:
    """The hashes of the ids of a home's locked profiles."""
    return (own for _, own in _ids(home))


def _ids(home: Path) -> Iterator[tuple[str, str]]:
    for name in list_locked(home):
        try:
            with seen(home / "profiles" / name, ID).open("rb") as file:
                yield name, file.read(64).decode("ascii", "replace")
        except OSError:
            continue


def list_locked(home: Path) -> list[str]:
    """The names of a home's locked profiles, sorted."""
    root = home / "profiles"
    if not root.is_dir():
        return []
    inside = sorted(item for item in root.iterdir() if not item.name.startswith("."))
    return [item.name for item in inside if is_locked(item)]
