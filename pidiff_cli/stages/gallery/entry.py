"""One picture of a gallery: its small copy, its record, its likeness, how the page links it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from pidiff_cli.core.record import LARGEST as FILE
from pidiff_cli.errors import InputError
from pidiff_cli.files import said
from pidiff_cli.marks.others import DRAWN_XMP
from pidiff_cli.stages.gallery.earlier import Known
from pidiff_cli.stages.gallery.told import ToldRecord, told_record

QUALITY = 74  # of the small WebP copies
LARGEST = 32_000_000  # pixels of a picture; 100 MB of memory


@dataclass(frozen=True)
class Entry:
    """A picture that could be read.

    Attributes:
        key: digest of its file. thumb: its small copy, a data address. modified: seconds (Unix).
        likeness: None where it was not measured.
    """

    path: Path
    key: str
    thumb: str
    modified: float
    record: ToldRecord
    likeness: float | None = None


def read_entry(path: Path, known: Mapping[str, Known], side: int) -> Entry:
    """A picture with what is told of it.

    Args:
        known: what an earlier page holds, by digest. side: px of the small copy's longer side.

    Raises:
        InputError: it cannot be read as a picture. OSError: nor as a file.
    """
    if not path.is_file():
        raise InputError("a device or a pipe, not a picture" if path.exists() else "it went away")
    if path.stat().st_size > FILE:
        raise InputError("too large for a picture")
    key = f"{_digest(path)}-{side}"
    earlier = known.get(key)
    record = told_record(path)
    thumb = earlier.thumb if earlier else _small_copy(path, side, record.kind != "other")
    likeness = earlier.likeness if earlier else None
    return Entry(path, key, thumb, path.stat().st_mtime, record, likeness)


def _small_copy(path: Path, side: int, drawn: bool) -> str:
    """A picture's file as a WebP of at most ``side`` px, a data address; of one that was drawn it
    says so in IPTC's field (a manifest of its own would be as large as the copy)."""
    from PIL import Image

    from pidiff_cli.core.images import read_photo

    small = Image.fromarray(read_photo(path, LARGEST))
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=QUALITY, **({"xmp": DRAWN_XMP} if drawn else {}))
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def shown(entry: Entry, who: str, page: Path) -> dict[str, Any]:
    """The JSON that the page's script reads; ``who``: the person's name as far as it is known."""
    record = entry.record
    return {
        "key": entry.key, "thumb": entry.thumb, "file": told_name(entry.path.name),
        "href": link(entry.path, page.parent), "date": round(entry.modified),
        "kind": record.kind, "who": who, "prompt": record.prompt, "full": record.full,
        "seed": record.seed, "likeness": entry.likeness, "settings": record.settings,
        "more": record.more, "typed": can_be_typed(entry.path.name),
    }  # fmt: skip


def link(path: Path, folder: Path) -> str:
    """The address of a file as seen from a folder: relative, so that both can move together, and
    nothing in a name can be read as a scheme, a query or a host."""
    try:
        relative = os.path.relpath(path.absolute(), folder.absolute())
    except ValueError:  # another drive
        return path.absolute().as_uri()
    parts = Path(relative).parts
    return "/".join([".", *(quote_from_bytes(os.fsencode(part), safe="") for part in parts)])


def told_name(name: str) -> str:
    """A file's name as it can be shown: odd bytes and signs as U+FFFD."""
    return "".join("\ufffd" if unicodedata.category(c)[0] == "C" else c for c in said(name))


def can_be_typed(name: str) -> bool:
    """Whether a file's name can stand in a command: it is UTF-8 and controls no terminal."""
    return told_name(name) == name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=12)).hexdigest()
