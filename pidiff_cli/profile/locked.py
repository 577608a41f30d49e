"""Which profiles are locked; nothing is decrypted to know."""

from __future__ import annotations

import os
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.journal import seen
from pidiff_cli.profile.manifest import MANIFEST

LOCKED, KEY = "locked.age", "key.age"


class LockedError(InputError):
    """A profile is locked: its name is all that is known of it."""

    def __init__(self, folder: Path) -> None:
        name = folder.name
        super().__init__(f"{name} is locked.", f"Open it: pidiff profile unlock {name}")
        self.folder = folder


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


def list_locked(home: Path) -> list[str]:
    """The names of a home's locked profiles, sorted."""
    root = home / "profiles"
    if not root.is_dir():
        return []
    inside = sorted(item for item in root.iterdir() if not item.name.startswith("."))
    return [item.name for item in inside if is_locked(item)]
