"""What lies outside a profile and shows its person: pictures by their records, pages, exports.

Each of them holds the profile's random id. What other programs have saved anew, and what is
encrypted, cannot be known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidiff_cli.core.record import ids_in_picture, is_id
from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.files import PICTURES, explain, said
from pidiff_cli.profile import archive
from pidiff_cli.profile.manifest import MANIFEST, read_manifest
from pidiff_cli.reading.text import read_json

#: Where commands write when nothing else is said.
PLACES = (Path("pics"), Path("evaluation"))
GENERATOR = b'<meta name="generator" content="pidiff '
_PROFILES = re.compile(rb'<meta name="pidiff-profiles" content="([^"<>]*)">')
_HEAD, _LARGEST = 1 << 16, 64 << 20  # bytes


@dataclass(frozen=True)
class Belonging:
    """One file; ``kind`` is picture, page, table or export."""

    path: Path
    kind: str


def find_belongings(key: str, folders: Sequence[Path] = ()) -> list[Belonging]:
    """The files of the profile with this id, sorted, each once.

    Hidden files and folders, links and profiles are passed over. An id that this program never
    makes, which an imported file may have, finds nothing.

    Args:
        folders: looked through with all below them; none are PLACES, and of the folder that one is
            in the files themselves.

    Raises:
        InputError: one of the folders is not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"There is no folder {said(folder)}.", "Check the path.")
    if not is_id(key):
        return []
    files = _below(folders or [place for place in PLACES if place.is_dir()])
    if not folders:
        files += [path for path in Path().iterdir() if _is_plain(path)]
    found = {os.path.realpath(path): path for path in sorted(files)}
    return [
        Belonging(path, kind)
        for path in found.values()
        if (kind := _kind(path)) and _of(path, kind, key)
    ]


def remove_belongings(found: Sequence[Belonging]) -> None:
    """Remove them. Raises InputError: one did not go; those after it are still there."""
    for one in found:
        try:
            one.path.unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, one.path) from error


def counted(found: Sequence[Belonging]) -> str:
    """ "3 pictures and 1 page"."""
    kinds = dict.fromkeys(one.kind for one in found)
    counts = {kind: sum(one.kind == kind for one in found) for kind in kinds}
    told = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items()]
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1] if told else "")))


def _below(folders: Sequence[Path]) -> list[Path]:
    found = []
    for folder in folders:
        for where, inside, names in os.walk(folder):
            if MANIFEST in names and _is_profile(Path(where)):  # its reports are its own
                inside[:] = []
                continue
            inside[:] = [name for name in inside if not name.startswith(".")]
            found += [path for name in names if _is_plain(path := Path(where, name))]
    return found


def _is_profile(folder: Path) -> bool:
    try:
        return bool(read_manifest(folder / MANIFEST).id)
    except InputError:  # a table of a profile that is called so
        return False


def _is_plain(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file() and not path.is_symlink()


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    kinds = {".html": "page", ".json": "table", archive.SUFFIX: "export"}
    return "picture" if suffix in PICTURES else kinds.get(suffix, "")


def _of(path: Path, kind: str, key: str) -> bool:
    """Whether a file holds the id, in the place where this program writes it."""
    try:
        if kind == "picture":
            return key in ids_in_picture(path)
        if kind == "export":
            return archive.peek(path).id == key
        if path.stat().st_size > _LARGEST:
            return False
        if kind == "page":
            with path.open("rb") as file:
                head = file.read(_HEAD)
            told = _PROFILES.search(head) if GENERATOR in head else None
            return told is not None and key.encode() in told[1].split()
        data = read_json(path, dict[str, Any], _LARGEST, items=_LARGEST)
        told_ids = data.get("profiles")
        return isinstance(told_ids, list) and key in told_ids
    except (PidiffError, OSError, ValueError):
        return False
