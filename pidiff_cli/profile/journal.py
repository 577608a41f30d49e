"""What a change of a profile is about to replace, and its application: nobody sees half of it.

A change is staged in ``.change-<random>/``: the new files under ``new/``, and ``journal.json``. The
rename to ``.change/`` is the instant at which it counts; then each piece is moved to its place. A
reader meanwhile, or after a kill, reads through the journal and mends nothing. The next writer,
who holds the lock, goes on where the last one was killed.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from msgspec import Struct

from pidiff_cli import files
from pidiff_cli.profile.manifest import MANIFEST, path_fault
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json

CHANGE, STAGED, GONE = ".change", ".change-", ".gone-"
NEW, OLD, JOURNAL = "new", "old", "journal.json"


@dataclass(frozen=True)
class Journal:
    """What a change does, by relative paths of files and folders.

    Attributes:
        writes: lie under ``new/``, the manifest apart. removes: go before anything is written.
        name: it counts only in a folder of this name: the change renames the profile; "" anywhere.
    """

    writes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    name: str = ""

    def to_bytes(self) -> bytes:
        """UTF-8 JSON."""
        return json.dumps(asdict(self)).encode()

    def drops(self, relative: str) -> bool:
        """Whether a path is gone after it."""
        return _among(relative, self.removes) and not _among(relative, self.writes)


class _Told(Struct):
    """A journal as its file tells it."""

    writes: tuple[str, ...]
    removes: tuple[str, ...]
    name: str


def read_journal(folder: Path) -> Journal | None:
    """The journal of a change that counts and may not be applied yet; None mostly."""
    try:
        told: _Told = read_json(folder / CHANGE / JOURNAL, _Told)
    except Refused:
        return None
    journal = Journal(told.writes, told.removes, told.name)
    if any(path_fault(item) for item in (*told.writes, *told.removes)):
        return None  # nothing that this program wrote
    return journal if journal.name in ("", folder.name) else None


def seen(folder: Path, relative: str) -> Path:
    """Where a reader finds a file or folder of a profile now; it may not be there."""
    journal, place = read_journal(folder), folder / relative
    if journal is None:
        return place
    if journal.drops(relative):
        return folder / CHANGE / GONE / relative
    staged = folder / CHANGE / NEW / relative
    own = relative == MANIFEST or _among(relative, journal.writes)
    return staged if os.path.lexists(staged) and (own or not os.path.lexists(place)) else place


def begin(folder: Path, stage: Path, journal: Journal) -> None:
    """Let a staged change count. All that it writes is on the disk already.

    Raises:
        OSError: it does not count; the stage is the caller's to remove.
    """
    files.fill_file(stage / JOURNAL, journal.to_bytes())
    for place, _, _ in os.walk(stage):
        files.sync_folder(Path(place))
    os.rename(stage, folder / CHANGE)


def apply(folder: Path) -> None:
    """Move each piece of the change that counts to its place; goes on after a kill.

    Raises:
        OSError: the change counts all the same, and the next writer goes on.
    """
    files.sync_folder(folder)
    journal = read_journal(folder)
    change = folder / CHANGE
    if journal is not None:
        touched = {folder}
        _take_away(folder, journal, touched)
        for relative in (*journal.writes, MANIFEST):
            _put(change / NEW / relative, folder / relative, touched)
        for place in touched:
            files.sync_folder(place)
    if change.exists():
        gone = folder / f"{GONE}{secrets.token_hex(4)}"
        os.rename(change, gone)
        files.remove_tree(gone)


def _take_away(folder: Path, journal: Journal, touched: set[Path]) -> None:
    old = folder / CHANGE / OLD
    if journal.removes:
        old.mkdir(mode=0o700, exist_ok=True)
    for number, relative in enumerate(journal.removes):
        place, kept = folder / relative, old / str(number)
        if os.path.lexists(kept) or not os.path.lexists(place):
            continue  # it went before a kill; what is there now is new
        os.rename(place, kept)
        touched.add(place.parent)


def _put(source: Path, place: Path, touched: set[Path]) -> None:
    if not os.path.lexists(source):
        return  # it went before a kill
    files.make_folder(place.parent)
    os.replace(source, place)
    touched.add(place.parent)


def _among(relative: str, items: tuple[str, ...]) -> bool:
    return any(relative == item or relative.startswith(f"{item}/") for item in items)
