"""The profile that a person names, whatever state it is in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.locked import LockedError, check_unlocked, is_one, list_locked
from pidiff_cli.profile.places import link_error, profile_folder, profile_folders
from pidiff_cli.profile.reader import ProfileReader
from pidiff_cli.profile.unknown import unknown

_LONGEST_NAME = 200  # bytes of a name in a folder
_LONGEST = 4000  # bytes of a path; longer ones no system takes


def find_folder(name_or_path: str | Path, home: Path) -> Path:
    """The folder of a profile, by its name under `home` (capitals do not count), or by its path.

    Raises:
        InputError: no such profile, a damaged manifest, or one of a newer pidiff.
        LockedError: it is locked.
    """
    text = str(name_or_path)
    if len(os.fsencode(text)) > _LONGEST:
        raise unknown(text, ())
    named = text and Path(text).name == text
    own = profile_folder(home, text) if named else home / "profiles" / text
    try:
        if named and own.is_symlink():
            raise link_error(own)
        places = [p for p in (own, files.expanded(text)) if text and is_one(p)]
    except OSError:  # a name that is too long for this disk
        places = []
    for folder in places:
        check_unlocked(folder)
        try:
            ProfileReader(folder).manifest  # noqa: B018  a damaged or newer manifest is told here
        except InputError as error:
            error.hint = error.hint or f"Remove it: pidiff profile delete {folder.name}"
            raise
        return folder
    known = [folder.name for folder, fault in profile_folders(home) if not fault]
    raise unknown(text, [*known, *list_locked(home)])


def locked_folder(name_or_path: str | Path, home: Path) -> Path | None:
    """The folder of a locked profile, by its name or path as `Profile.open` takes it; else None."""
    try:
        find_folder(name_or_path, home)
    except LockedError as error:
        return error.folder
    except InputError:
        pass
    return None


def any_folder(name_or_path: str | Path, home: Path) -> Path:
    """The folder of a profile that is to go: of a locked or damaged one, too.

    Raises:
        InputError: there is none.
    """
    try:
        return find_folder(name_or_path, home)
    except LockedError as error:
        return error.folder
    except InputError:
        text = str(name_or_path)
        places = [profile_folder(home, text)] if Path(text).name == text else []
        with suppress(OSError):  # a name that is too long
            for folder in (*places, files.expanded(text)):
                if text and is_one(folder) and not folder.is_symlink():
                    return folder
        raise


def settle(name_or_path: str | Path, home: Path) -> None:
    """Bring back a profile that an earlier release left under another name when it was killed."""
    text = str(name_or_path)
    if text and Path(text).name == text and len(os.fsencode(text)) < _LONGEST_NAME:
        own = profile_folder(home, text)
        if any(os.path.lexists(own.with_name(f".{kind}-{own.name}")) for kind in ("old", "kept")):
            with hold(own):
                pass
