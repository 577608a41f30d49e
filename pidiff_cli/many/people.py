"""Who is to be learnt: a folder of folders, or a table; checked whole before anything is loaded."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidiff_cli.config import PrepareConfig, TuneConfig, check_values
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.files import expanded, said
from pidiff_cli.profile.manifest import check_name, folded
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.prepare.inputs import list_photos

COLUMNS = ("photos", "name", "noun", "recipe", "consent")
CONSENTS = ("self", "agreed", "synthetic", "unstated")
BESIDE = ";"  # between several photos or folders in one cell
MOST_TOLD = 10  # faults told at once


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


def read_rows(
    file: Path, columns: tuple[str, ...], *needed: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of a CSV file with what it is called in an error: ``row 3``, as spreadsheets count.

    Empty cells are left out, empty rows passed over.

    Raises:
        InputError: it cannot be read, is not UTF-8, or has an unknown column or lacks one.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{said(file)} is not UTF-8.", "Save it as CSV in UTF-8, or: iconv -f latin1 -t utf-8"
        ) from error
    except OSError as error:
        raise InputError(f"{said(file)} cannot be read ({error.strerror}).") from error
    reader = csv.DictReader(text.splitlines(keepends=True), skipinitialspace=True)
    heads = [(head or "").strip() for head in reader.fieldnames or ()]
    unknown = [head for head in heads if head not in columns]
    missing = [head for head in needed if head not in heads]
    if unknown or missing or len({*heads}) != len(heads):
        why = f"has no column {missing[0]!r}" if missing else f"has a column {unknown[:1] or heads}"
        raise InputError(
            f"{said(file)} {why}; its first row names the columns.",
            f"Columns can be: {', '.join(columns)}",
        )
    reader.fieldnames = heads
    for row in reader:
        line = reader.line_num
        if None in row:
            raise InputError(
                f"{said(file)}: row {line} has more cells than the first row.",
                "Put what holds a comma into quotes.",
            )
        given = {key: value.strip() for key, value in row.items() if value and value.strip()}
        if given:
            yield f"row {line}", given


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
        more = [f"and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else []
        raise InputError(
            f"{said(source)}: nothing was begun, {len(faults)} of {len(rows)} cannot be read.\n"
            + "\n".join([*faults[:MOST_TOLD], *more]),
            "Mend them and run the same command again.",
        )
    return found


def _person(row: dict[str, str], root: Path) -> Somebody:
    if "photos" not in row:
        raise InputError("no photos are given.")
    photos = tuple(root / expanded(item.strip()) for item in row["photos"].split(BESIDE) if item)
    list_photos(photos)
    first = photos[0]
    name = row.get("name") or (first if first.is_dir() else first.parent).absolute().name
    check_name(name)
    settings: dict[str, Any] = {key: row[key] for key in ("noun", "recipe", "consent") if key in row}
    check_values(PrepareConfig, {"noun": row.get("noun")})
    if "recipe" in row:
        load_recipe(row["recipe"])
    if row.get("consent", "self") not in CONSENTS:
        raise UsageError(f"consent is {row['consent']!r}; it can be {', '.join(CONSENTS)}.")
    return Somebody(name, photos, settings)


def check_settings(settings: dict[str, Any]) -> None:
    """What is given for everybody, before anything is looked at. Raises UsageError, InputError."""
    known = {key: value for key, value in settings.items() if key in TuneConfig.__dataclass_fields__}
    check_values(TuneConfig, known)
    check_values(PrepareConfig, {"noun": settings.get("noun")})
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
