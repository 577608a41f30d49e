"""Who is to be learnt: a folder of folders, or a table; checked whole before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidiff_cli.config import CONSENTS, PrepareConfig, TuneConfig, check_values
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.files import expanded, said
from pidiff_cli.profile.manifest import check_name, folded
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.prepare.inputs import list_photos
from pidiff_cli.tables import read_rows, rows_at_fault

COLUMNS = ("photos", "name", "noun", "recipe", "consent")
BESIDE = ";"  # between several photos or folders in one cell


@dataclass(frozen=True)
class Somebody:
    """One person of the list.

    Attributes:
        settings: what the list says of this one alone: noun, recipe, consent.
    """

    name: str
    photos: tuple[Path, ...]
    settings: dict[str, Any]


def read_people(source: Path) -> list[Somebody]:
    """Everybody whom a folder or a table names, in order.

    Args:
        source: a folder with a folder of photos for each person, whose name is the profile's; or a
            CSV file with the columns photos (needed; several are parted by ``;``, relative to the
            file), name (else the photos' folder's), noun, recipe, consent.

    Raises:
        InputError: it cannot be read, or names nobody, or is wrong in some rows: each is told.
    """
    source = expanded(source)
    if source.is_dir():
        rows = [(said(item.name), {"photos": str(item)}) for item in _folders(source)]
        root = Path()
    elif source.is_file():
        rows, root = [*read_rows(source, COLUMNS, "photos")], source.parent
    else:
        raise InputError(f"There is no {said(source)}.", "Give a folder of folders, or a CSV file.")
    found = _checked(rows, root, source)
    if not found:
        raise _nobody(source)
    return found


def _checked(rows: list[tuple[str, dict[str, str]]], root: Path, source: Path) -> list[Somebody]:
    found: list[Somebody] = []
    faults: list[str] = []
    seen: dict[str, str] = {}
    for where, row in rows:
        try:
            person = _person(row, root)
            before = seen.setdefault(folded(person.name), where)
            if before != where:
                raise InputError(f"{person.name} is in {before} already.")
            found.append(person)
        except PidiffError as error:
            faults.append(f"{where}: {error.message}")
    if faults:
        raise rows_at_fault(source, faults, len(rows))
    return found


def _person(row: dict[str, str], root: Path) -> Somebody:
    if "photos" not in row:
        raise InputError("no photos are given.")
    photos = tuple(root / expanded(item.strip()) for item in row["photos"].split(BESIDE) if item)
    list_photos(photos)
    first = photos[0]
    name = row.get("name") or (first if first.is_dir() else first.parent).absolute().name
    check_name(name)
    settings: dict[str, Any] = {
        key: row[key] for key in ("noun", "recipe", "consent") if key in row
    }
    check_values(PrepareConfig, {"noun": row.get("noun")})
    if "recipe" in row:
        load_recipe(row["recipe"])
    if row.get("consent", "self") not in CONSENTS:
        raise UsageError(f"consent is {row['consent']!r}; it can be {', '.join(CONSENTS)}.")
    return Somebody(name, photos, settings)


def check_settings(settings: dict[str, Any]) -> None:
    """What is given for everybody, before anything is looked at. Raises UsageError, InputError."""
    known = {
        key: value for key, value in settings.items() if key in TuneConfig.__dataclass_fields__
    }
    check_values(TuneConfig, known)
    about = {key: settings[key] for key in ("noun", "consent") if settings.get(key) is not None}
    check_values(PrepareConfig, about)
    if settings.get("recipe") not in (None, "auto"):
        load_recipe(settings["recipe"])


def _folders(source: Path) -> list[Path]:
    return sorted(p for p in source.iterdir() if p.is_dir() and not p.name.startswith("."))


def _nobody(source: Path) -> InputError:
    if source.is_dir() and any(source.iterdir()):
        return InputError(
            f"{said(source)} holds no folders: it takes one a person.",
            f"One person's photos: pidiff tune {said(source)} --name NAME",
        )
    return InputError(f"Nobody is in {said(source)}.", "Give a folder of folders, or a CSV file.")
