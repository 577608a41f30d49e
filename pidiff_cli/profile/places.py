"""Which folder of a home is whose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.locked import is_profile
from pidiff_cli.profile.manifest import MANIFEST
from pidiff_cli.profile.names import folder_of


def profile_folder(home: Path, name: str) -> Path:
    """The folder of a profile's name: the one that is there, whatever its capitals, or a new one.

    On some systems two names that differ in case or in how an accent is written are one folder.
    """
    return folder_of(home / "profiles", name)


def profile_folders(home: Path) -> list[tuple[Path, str]]:
    """The folders of `home/profiles` that hold a profile, or may hold one, sorted by name.

    Each with "", or why it cannot be looked into, as a sentence; not those that are locked.
    """
    return [*looked_at(home)]


def looked_at(home: Path) -> Iterator[tuple[Path, str]]:
    """The rows of `profile_folders`, each folder looked at when it is its turn."""
    root = home / "profiles"
    try:
        names = sorted(name for name in os.listdir(root) if not name.startswith("."))
    except OSError:
        return
    for folder in (root / name for name in names):
        try:
            if folder.is_symlink():
                yield folder, link_error(folder).message
            elif is_profile(folder) or (folder / MANIFEST).is_symlink():
                yield folder, ""
        except OSError as error:
            yield folder, f"It cannot be looked into ({error.strerror})."


def link_error(folder: Path) -> InputError:
    """What is told of a folder that is a link."""
    return InputError(
        f"{folder.name} is a link to another folder, and no profile is read through one.",
        "Move that folder into its place, or name it by its own path.",
    )
