"""What `tune-many` notes of a name in the home: a digest of photos and settings, what failed."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.files import explain
from pidiff_cli.profile.locks import PROFILES
from pidiff_cli.profile.manifest import folded

_FOLDER = "many"


def note_of(home: Path, name: str) -> Path:
    """The file of a name's note."""
    return home / _FOLDER / f"{name}.json"


def drop_note(folder: Path) -> None:
    """Forget what is noted of a home's profile, by its folder; capitals do not count.

    Raises InputError: it stays.
    """
    if folder.parent.name != PROFILES:
        return
    name, place = folded(folder.name), note_of(folder.parent.parent, folder.name).parent
    try:
        notes = [*place.iterdir()] if place.is_dir() else []
        for note in notes:
            if note.suffix == ".json" and folded(note.stem) == name:
                note.unlink(missing_ok=True)
    except OSError as error:
        raise explain(error, place) from error
