"""Profiles under other names: renamed, copied, deleted."""

from __future__ import annotations

import os
import secrets
import shutil
import uuid
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.folder import LOCK, Profile, list_profiles
from pidiff_cli.profile.manifest import check_name

#: What a copy leaves behind: it can be made again, or belongs to one process.
_NOT_COPIED = (LOCK, "checkpoint", "cache")


def rename(profile: Profile, home: Path, name: str, new_id: bool = False) -> Profile:
    """Give a profile another name, in one step.

    Args:
        new_id: and another id, so that no picture drawn before leads to it any more.

    Raises:
        InputError: the name is not allowed or taken, or another process holds the profile.
    """
    target = _free_place(home, name, profile)
    with profile.lock():
        changes = {"name": name} | ({"id": str(uuid.uuid4())} if new_id else {})
        profile.update(**changes)
        try:
            if target != profile.folder:
                os.rename(profile.folder, target)
        except OSError as error:
            profile.update(name=profile.folder.name)
            raise files.explain(error, target) from error
    return Profile(target)


def copy(profile: Profile, home: Path, name: str) -> Profile:
    """A second profile of the same person, with an id of its own, whole or not at all.

    Raises:
        InputError: the name is not allowed or taken, or the disk refuses.
    """
    target = _free_place(home, name, None)

    def fill(folder: Path) -> None:
        shutil.copytree(
            profile.folder, folder, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(*_NOT_COPIED, ".tmp-*", ".old-*"),
        )  # fmt: skip
        Profile(folder).update(name=name, id=str(uuid.uuid4()))

    with profile.lock():
        files.write_folder(target, fill)
    return Profile(target)


def delete(profile: Profile) -> None:
    """Remove a profile and all that it holds. It is gone for every reader in one step.

    Raises InputError where another process holds it, or the disk refuses.
    """
    gone = profile.folder.with_name(f".tmp-{secrets.token_hex(4)}-{profile.folder.name}")
    with profile.lock():
        try:
            os.rename(profile.folder, gone)
        except OSError as error:
            raise files.explain(error, profile.folder) from error
    shutil.rmtree(gone)


def _free_place(home: Path, name: str, but: Profile | None) -> Path:
    """The folder for a name that no other profile has, capitals aside."""
    check_name(name)
    for other in list_profiles(home):
        own = but is not None and other.folder == but.folder
        if other.folder.name.lower() == name.lower() and not own:
            raise InputError(
                f"A profile named {other.folder.name} is there already.", "Take another name."
            )
    return home / "profiles" / name
