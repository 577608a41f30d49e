"""A profile found by its random id, wherever it lies and whatever it is called."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import write_file
from pidiff_cli.profile.folder import Profile, list_profiles
from pidiff_cli.profile.locked import LockedError, is_locked, locked_by_id
from pidiff_cli.profile.manifest import MANIFEST
from pidiff_cli.profile.steps import has_print
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json

_ELSEWHERE = Path("cache") / "profiles.json"  # id -> folder, of profiles outside the home


def find_by_id(key: str, home: Path, fingerprint: str = "") -> Profile | None:
    """The profile of an id, among the home's and those outside that were drawn from here.

    Args:
        fingerprint: of copies of one profile, which of them is meant.

    Raises:
        LockedError: one of them is locked. Another, a copy, is not taken for it: who locks a person
            does not want pictures of that person. Who asks for the copy by its name gets it.
    """
    if not key:
        return None
    places = [*list_profiles(home), *_noted(key, home)]
    found = [profile for profile in places if id_of(profile) == key]
    if (folder := _locked(key, home)) is not None:
        raise _is_locked(folder, found, home)
    exact = [p for p in found if fingerprint and has_print(p, fingerprint)]
    return next(iter(exact or found), None)


def _locked(key: str, home: Path) -> Path | None:
    """The folder of a locked profile of an id."""
    elsewhere = Path(_read(home).get(key, ""))
    there = next(locked_by_id(key, home), None)
    return there or (elsewhere if elsewhere.name and is_locked(elsewhere) else None)


def _is_locked(folder: Path, copies: list[Profile], home: Path) -> LockedError:
    error = LockedError(folder)
    if folder.parent != home / "profiles":
        error.hint = f"Open it: pidiff profile unlock {shlex.quote(str(folder))}"
    error.copies = tuple(copy.folder.name for copy in copies)
    return error


def note_folder(profile: Profile, home: Path) -> None:
    """Remember where a profile outside the home lies, for `find_by_id`; nothing is said if not."""
    folder = profile.folder.resolve()
    if folder.parent == (home / "profiles").resolve():
        return
    known = _read(home)
    if known.get(profile.manifest.id) == str(folder):
        return
    try:
        _write({**known, profile.manifest.id: str(folder)}, home)
    except InputError:
        pass  # a home that cannot be written to: the picture counts


def drop_noted(key: str, home: Path, folder: Path | None = None) -> None:
    """Forget where the profile of an id, or in a folder, lies.

    Raises:
        InputError: the disk refuses.
    """
    known = _read(home)
    gone = str(folder.resolve()) if folder else ""
    kept = {k: v for k, v in known.items() if k != key and v != gone}
    if kept != known:
        _write(kept, home)


def _noted(key: str, home: Path) -> list[Profile]:
    folder = Path(_read(home).get(key, ""))
    try:
        return [Profile(folder)] if (folder / MANIFEST).is_file() else []
    except (OSError, ValueError):
        return []


def id_of(profile: Profile) -> str:
    """A profile's id; "" of one that cannot be read."""
    try:
        return profile.manifest.id
    except InputError:
        return ""


def _write(known: dict[str, str], home: Path) -> None:
    text = json.dumps(known, indent=1)
    write_file(home / _ELSEWHERE, text.encode("utf-8", "backslashreplace"))


def _read(home: Path) -> dict[str, str]:
    try:
        return read_json(home / _ELSEWHERE, dict[str, str])
    except Refused:
        return {}
