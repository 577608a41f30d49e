"""What killed processes have left, mended and swept by the next writer, who holds the lock."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pidiff_cli import files
from pidiff_cli.profile.forgotten import FORGOTTEN, remove_what_goes
from pidiff_cli.profile.holders import drop, is_due, marked, note_swept
from pidiff_cli.profile.journal import CHANGE, GONE, STAGED, apply, read_journal
from pidiff_cli.profile.locked import LOCKED
from pidiff_cli.profile.locks import ASIDE, LOCKS, PROFILES, file_lock, key_of, tried
from pidiff_cli.profile.manifest import MANIFEST
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json

LEAVING = ".leaving"  # in `profiles/`: which files outside the home are being written
TEMPORARY = ".tmp-"
_KEYED = re.compile(rf"({re.escape(ASIDE)}|{re.escape(GONE)})(?P<key>[0-9a-f]{{16}})-")
_KEY = re.compile(r"[0-9a-f]{16}")
#: Of releases before the journal: temporary copies, the old folder of a swap, the old profile.
_BEFORE = re.compile(r"\.(?P<kind>tmp-[0-9a-f]{8}|old|kept)-(?P<name>.+)", re.DOTALL)


def mend(folder: Path) -> None:
    """Bring a profile's folder to the state that counts; remove what the dead have left.

    The caller holds its lock. A disk that refuses is passed over: what counts is read all the same.
    """
    _mend_inside(folder)
    if folder.parent.name == PROFILES:
        with suppress(OSError):
            for kind in ("old", "kept"):  # of releases before the journal
                if os.path.lexists(item := folder.with_name(f".{kind}-{folder.name}")):
                    _settle_before(item, folder, kind)
        with suppress(OSError):
            sweep_home(folder.parent, key_of(folder.name))


def _mend_inside(folder: Path) -> None:
    with suppress(OSError):
        if os.path.lexists(folder / CHANGE):
            if read_journal(folder) is None:
                files.remove_tree(folder / CHANGE)
            else:
                apply(folder)
    with suppress(OSError):
        _sweep_inside(folder)
    if os.path.lexists(folder / FORGOTTEN):
        with suppress(OSError):
            remove_what_goes(folder)


def _sweep_inside(folder: Path) -> None:
    if not any((folder / own).is_file() for own in (MANIFEST, LOCKED)):
        return  # no profile: nothing in it is ours
    for place in (folder, folder / "photos", folder / "reports"):
        if not place.is_dir() or place.is_symlink():
            continue
        for item in sorted(place.iterdir()):
            if item.name.startswith((STAGED, GONE, TEMPORARY)):
                with suppress(OSError):
                    files.remove_tree(item)
            elif item.name.startswith(".old-"):  # of a release before the journal
                files.recover(item.with_name(item.name.removeprefix(".old-")))


def sweep_home(profiles: Path, own: str = "") -> None:
    """Remove what processes that are dead have left beside the profiles, and outside the home.

    ``own``: the key of the profile whose lock was just taken.
    """
    if not profiles.is_dir():
        return
    dead = [key for key in marked(profiles) if key == own or _is_free(profiles, key)]
    if dead or is_due(profiles):
        _sweep_profiles(profiles, own)
        note_swept(profiles)
    for key in dead:
        with _nobody_holds(profiles, key, own) as free:
            if free:
                drop(profiles, key)
    if (profiles / LEAVING).is_dir():
        found_keys = (_KEY.search(path.name) for path in (profiles / LEAVING).iterdir())
        for key in sorted({found[0] for found in found_keys if found}):
            _sweep_left(profiles, key)
        with suppress(OSError):
            (profiles / LEAVING).rmdir()


def _is_free(profiles: Path, key: str) -> bool:
    with _nobody_holds(profiles, key) as free:
        return free


def _sweep_profiles(profiles: Path, own: str) -> None:
    for item in sorted(profiles.iterdir()):
        if not item.name.startswith("."):
            _sweep_other(profiles, item, own)
        elif found := _KEYED.match(item.name):
            with _nobody_holds(profiles, found["key"], own) as free, suppress(OSError):
                if free:
                    files.remove_tree(item)
        elif (found := _BEFORE.fullmatch(item.name)) and not item.is_symlink():
            with _nobody_holds(profiles, key_of(found["name"]), own) as free, suppress(OSError):
                if free:
                    _settle_before(item, profiles / found["name"], found["kind"])


def _sweep_other(profiles: Path, folder: Path, own: str) -> None:
    """A profile that this command does not change: what a kill has left in it."""
    if folder.is_symlink() or not folder.is_dir() or key_of(folder.name) == own:
        return
    if any(item.name.startswith((CHANGE, GONE, TEMPORARY)) for item in folder.iterdir()):
        with _nobody_holds(profiles, key_of(folder.name)) as free:
            if free:
                _mend_inside(folder)


def _settle_before(item: Path, folder: Path, kind: str) -> None:
    """An earlier release's leftover: the old profile comes back where no whole one is there."""
    if kind in ("old", "kept") and not _holds_somebody(folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(item, folder)
    else:
        files.remove_tree(item)


def _holds_somebody(folder: Path) -> bool:
    """Whether a profile of an earlier release was whole, or was made in another way since."""
    try:
        data = read_json(folder / MANIFEST, dict[str, Any])
        return bool(data.get("stages") or data.get("files", {}).get("identity.safetensors"))
    except (Refused, AttributeError):
        return False


def _sweep_left(profiles: Path, key: str) -> None:
    """The temporary file or folder of an export that died, and what it had read back."""
    note = profiles / LEAVING / f"{key}.json"
    with _nobody_holds(profiles, key) as free, suppress(OSError):
        if free:
            if (path := _noted(note)) is not None:
                files.remove_tree(path)
            for item in (profiles / LEAVING).iterdir():
                if key in item.name:  # the note's own temporary file, too
                    files.remove_tree(item)
            (profiles / LOCKS / f"{key}.lock").unlink(missing_ok=True)


def _noted(note: Path) -> Path | None:
    """The place that a note tells; None where it tells none, or what is no temporary one."""
    try:
        path = Path(read_json(note, dict[str, str])["path"])
    except (Refused, KeyError):
        return None
    return path if path.name.startswith(TEMPORARY) else None


@contextmanager
def _nobody_holds(profiles: Path, key: str, own: str = "") -> Iterator[bool]:
    """Whether a lock was free: then it is held in the body. What this process holds for longer
    counts as taken; what it has just taken (``own``) as free."""
    lock = file_lock(Path(os.path.realpath(profiles)) / LOCKS / f"{key}.lock")
    if lock.is_locked:
        yield key == own
        return
    with tried(lock) as free:
        yield free
