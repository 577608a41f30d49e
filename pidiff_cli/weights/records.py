"""What was fetched: a `pulled.json` in every folder of weights, and the checks against it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from msgspec import Struct

from pidiff_cli.files import write_file
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json
from pidiff_cli.weights.table import Weight

NAME = "pulled.json"
_BLOCK = 1 << 20  # bytes read at a time


@dataclass(frozen=True)
class FileRecord:
    """A file's bytes and sha256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One weight, as it was fetched.

    Attributes:
        licence: the one that was accepted, or needed no accepting. date: UTC, to the second.
        source: address, or "a file"; revision: commit of the repository, where there is one.
        fetched: what came over the wire, by name: another fetch must bring the same.
        files: what lies in the folder now, by name.
    """

    licence: str
    date: str
    source: str
    revision: str = ""
    fetched: dict[str, FileRecord] = field(default_factory=dict)
    files: dict[str, FileRecord] = field(default_factory=dict)


class _Pulled(Struct, forbid_unknown_fields=True):
    weights: dict[str, Entry]


def file_sha256(path: Path, advance: Callable[[int], None] | None = None) -> str:
    """The sha256 of a file, read in blocks; `advance` is told the bytes of each."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if advance:
                advance(len(block))
    return digest.hexdigest()


def folder_of(weight: Weight, home: Path) -> Path:
    """Where a weight lies."""
    return home / "models" / weight.folder


def read_entries(folder: Path) -> dict[str, Entry]:
    """What `pulled.json` says, by weight; empty where there is none or it cannot be read."""
    try:
        return read_json(folder / NAME, _Pulled).weights
    except Refused:
        return {}


def write_entry(folder: Path, name: str, entry: Entry) -> None:
    """Add or replace one weight's record; files that it took over leave the others' records.

    Raises:
        InputError: it cannot be written.
    """
    entries = {
        key: replace(value, files={k: v for k, v in value.files.items() if k not in entry.files})
        for key, value in read_entries(folder).items()
    } | {name: entry}
    data = {"weights": {key: asdict(value) for key, value in sorted(entries.items())}}
    write_file(folder / NAME, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def now() -> str:
    """The time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def measured(path: Path, advance: Callable[[int], None] | None = None) -> FileRecord:
    """Size and sha256 of a file as it is."""
    return FileRecord(path.stat().st_size, file_sha256(path, advance))


def is_here(weight: Weight, home: Path) -> bool:
    """Whether a weight can be used: all of it is there, of the sizes that were recorded."""
    return bool(weight.folder) and not problems(weight, home)


def is_recorded(weight: Weight, home: Path) -> bool:
    """Whether a pull has recorded this weight."""
    return weight.name in read_entries(folder_of(weight, home))


def problems(weight: Weight, home: Path) -> list[str]:
    """What is missing or of another size than it was, one sentence each; reads no contents."""
    folder, entries = folder_of(weight, home), read_entries(folder_of(weight, home))
    found = [f"{name} is missing." for name in weight.makes if not (folder / name).is_file()]
    entry = entries.get(weight.name)
    others = {name for other in entries.values() for name in other.files}
    if entry is None and set(weight.makes) <= others:
        found.append(f"what lies there is not {weight.name}.")
    for name, record in (entry.files if entry else {}).items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing.")
        elif path.stat().st_size != record.size:
            found.append(f"{name} has {path.stat().st_size} bytes, it had {record.size}.")
    return list(dict.fromkeys(found))


def damage(weight: Weight, home: Path, advance: Callable[[int], None]) -> list[str]:
    """Like `problems`, and every file's sha256 is compared; `advance` is told the bytes read."""
    found = problems(weight, home)
    folder = folder_of(weight, home)
    entry = read_entries(folder).get(weight.name)
    for name, record in (entry.files if entry else {}).items():
        path = folder / name
        if path.is_file() and path.stat().st_size == record.size:
            if file_sha256(path, advance) != record.sha256:
                found.append(f"{name} is not what was fetched (its sha256 has changed).")
    return found
