"""Which folder of a home is whose."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.profile.locked import is_profile
from pidiff_cli.profile.manifest import MANIFEST, folded


def profile_folder(home: Path, name: str) -> Path:
    """The folder of a profile's name: the one that is there, whatever its capitals, or a new one.

    On some systems two names that differ in case or in how an accent is written are one folder.
    """
    exact = home / "profiles" / name
    try:
        if exact.exists() or not exact.parent.is_dir():
            return exact
        wanted = folded(name)
        same = [p for p in sorted(exact.parent.iterdir()) if folded(p.name) == wanted]
    except (OSError, ValueError):
        return exact
    return same[0] if same else exact


def profile_folders(home: Path) -> list[tuple[Path, str]]:
    """The folders of `home/profiles` that hold a profile, or may hold one, sorted by name.

    Each with "", or why it cannot be looked into, as a sentence; not those that are locked.
    """
    root, found = home / "profiles", []
    try:
        folders = sorted(item for item in root.iterdir() if not item.name.startswith("."))
    except OSError:
        return []
    for folder in folders:
        try:
            if folder.is_symlink():
                found.append((folder, link_error(folder).message))
            elif is_profile(folder) or (folder / MANIFEST).is_symlink():
                found.append((folder, ""))
        except OSError as error:
            found.append((folder, f"It cannot be looked into ({error.strerror})."))
    return found


def link_error(folder: Path) -> InputError:
    """What is told of a folder that is a link."""
    return InputError(
        f"{folder.name} is a link to another folder, and no profile is read through one.",
        "Move that folder into its place, or name it by its own path.",
    )
