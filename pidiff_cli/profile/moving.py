"""Profiles under other names: renamed, copied, deleted."""

from __future__ import annotations

import os
import secrets
import shutil
import uuid
from pathlib import Path

from pidiff_cli import files
from pidiff_cli.errors import InputError
from pidiff_cli.profile.changing import Change, making, write_down_forgetting
from pidiff_cli.profile.finding import drop_noted, id_of
from pidiff_cli.profile.folder import Profile
from pidiff_cli.profile.holding import hold
from pidiff_cli.profile.journal import GONE
from pidiff_cli.profile.locked import check_unlocked, is_locked, is_one
from pidiff_cli.profile.locks import key_of
from pidiff_cli.profile.manifest import check_name
from pidiff_cli.profile.names import arriving, leaves
from pidiff_cli.profile.noted import drop_note
from pidiff_cli.profile.parts import LOOKED
from pidiff_cli.profile.places import profile_folder

#: What a copy leaves behind: it can be made again, or belongs to one process.
_NOT_COPIED = ("checkpoint", LOOKED, "cache")


def rename(profile: Profile, home: Path, name: str, new_id: bool = False) -> Profile:
    """Give a profile another name, in one step.

    Args:
        new_id: and another id, so that no picture drawn before leads to it any more.

    Raises:
        InputError: the name is not allowed or taken, or another process holds the profile.
    """
    target = _free_place(home, name, profile)
    if is_locked(profile.folder):
        return _renamed_locked(profile, home, name, new_id)
    before = profile.manifest.id
    changes = {"name": name} | ({"id": str(uuid.uuid4())} if new_id else {})
    with profile.lock(), hold(target):
        _free_place(home, name, profile)  # another may have come meanwhile
        if target == profile.folder:
            profile.update(**changes)
            drop_noted(before if new_id else "", home)
            return profile
        change = Change(profile.folder)
        change.update(**changes)

        def move() -> Path:
            with arriving(target, name):
                os.rename(profile.folder, target)
            leaves(profile.folder)
            files.sync_folder(target.parent)
            return target

        try:
            change.commit(name, move)
        finally:
            change.drop()
    drop_noted(before if new_id else "", home)
    drop_note(profile.folder)
    return Profile(target)


def _renamed_locked(profile: Profile, home: Path, name: str, new_id: bool) -> Profile:
    """Only its folder: what is locked takes the name when it is unlocked."""
    target = home / "profiles" / name
    if new_id:
        check_unlocked(profile.folder)
    with hold(profile.folder), hold(target):
        _free_place(home, name, profile)
        try:
            with arriving(target, name):
                os.rename(profile.folder, target)
            leaves(profile.folder)
            files.sync_folder(target.parent)
        except OSError as error:
            raise files.explain(error, profile.folder) from error
    drop_note(profile.folder)
    return Profile(target)


def copy(profile: Profile, home: Path, name: str) -> Profile:
    """A second profile of the same person, with an id of its own, whole or not at all.

    Raises:
        InputError: the name is not allowed or taken, or the disk refuses.
    """
    target = _free_place(home, name, None)
    with profile.lock(), making(target) as aside:
        write_down_forgetting(profile.folder)
        with files.private_writing():
            shutil.copytree(
                profile.folder, aside, dirs_exist_ok=True, copy_function=shutil.copyfile,
                ignore=shutil.ignore_patterns(*_NOT_COPIED, ".*"), symlinks=True,
            )  # fmt: skip
        os.chmod(aside, 0o700)
        copied = Profile(aside)
        every = copied.manifest.files.items()
        files_ = {k: v for k, v in every if k.split("/")[0] not in _NOT_COPIED}
        copied.update(name=name, id=str(uuid.uuid4()), files=files_)
    return Profile(target)


def delete(profile: Profile, home: Path) -> None:
    """Remove a profile, locked, damaged or whole, and all that it holds. It is gone for every
    reader in one step; nothing in the home leads to it any more.

    Raises InputError where another process holds it, or the disk refuses.
    """
    folder = profile.folder
    if folder.is_symlink():
        raise InputError(
            f"{folder} is a link.", f"Give the folder itself: {os.path.realpath(folder)}"
        )
    gone = folder.with_name(f"{GONE}{key_of(folder.name)}-{secrets.token_hex(4)}")
    with hold(folder):
        if not is_one(folder):
            raise InputError(f"{folder.name} is not there any more.", "See: pidiff profile list")
        key = "" if is_locked(folder) else id_of(profile)  # a damaged one, too
        try:
            os.rename(folder, gone)
            files.sync_folder(folder.parent)
            leaves(folder)
            files.remove_tree(gone)
            drop_noted(key, home, folder)
            drop_note(folder)
        except OSError as error:
            raise files.explain(error, folder) from error


def _free_place(home: Path, name: str, but: Profile | None) -> Path:
    """The folder for a name that no other profile has, capitals aside."""
    check_name(name)
    there = profile_folder(home, name)
    if is_one(there) and (but is None or there != but.folder):
        raise InputError(f"A profile named {there.name} is there already.", "Take another name.")
    return home / "profiles" / name
