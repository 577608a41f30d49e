"""The manifest `profile.json`: its schema, its migrations, and the rules for names."""

from __future__ import annotations

import json
import math
import re
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.profile.schema import SCHEMAS, check_manifest
from pidiff_cli.reading.bytes_of import Refused, read_bytes
from pidiff_cli.reading.text import SMALL, fitted, parse_json
from pidiff_cli.values import shown

MANIFEST = "profile.json"
SCHEMA = 1
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From schema n to n + 1. Released schemas stay here for ever."""

_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_NOUN = re.compile(r"[^\W\d_][\w -]{0,39}")


@dataclass(frozen=True)
class Photo:
    """One kept photo. Paths are relative to the profile, with forward slashes.

    Attributes:
        key: short and unique in the profile, "01", "02", …
        source: the file's name as the person knows it (no folder).
        quality: 0 (poor) to 1 (good).
        held_out: kept out of training, for the likeness report.
        face: aligned face, PNG.
        mask: the aligned face's head mask, grey PNG (255 is the head).
        picture: working copy of the whole photo without its EXIF; "" when dropped.
        picture_mask: the working copy's head mask; "" when dropped.
        info: small JSON values that the stages want to remember (boxes, scores).
    """

    key: str
    source: str
    quality: float = 1.0
    held_out: bool = False
    face: str = ""
    mask: str = ""
    picture: str = ""
    picture_mask: str = ""
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What `profile.json` holds.

    Attributes:
        schema: version of this layout.
        id: stays the same when the profile is renamed or copied.
        created: UTC, ISO 8601.
        base: {"name", "fingerprint"} of the base it was tuned on; empty before.
            Newer ones have "licences", too: part → licence of what it was made with.
        recipe: {"name", …settings} of the last tuning; empty before.
        consent: whether the person agreed: self, agreed, synthetic or unstated (`consent.py`);
            earlier versions had a free text, "" when nothing was said.
        consented: the date of that, ISO 8601; "" where it is not known.
        photos: the kept photos.
        stages: state a stage, JSON values.
        files: relative path → sha256 of every file written.
        pending: paths whose write had begun; only a killed run leaves any.
    """

    name: str
    noun: str
    id: str
    created: str
    schema: int = SCHEMA
    base: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    consent: str = ""
    consented: str = ""
    photos: tuple[Photo, ...] = ()
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """UTF-8 JSON, readable, one final newline; what is no text in a file's name is escaped.

        Raises Refused for what could not be read again.
        """
        data = _numbers(asdict(self))
        check_manifest(data, SCHEMA)
        text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        return text.encode("utf-8", "backslashreplace")


def _numbers(value: Any) -> Any:
    """JSON values: what is no number (a likeness that could not be measured) is null."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbers(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_name(name: str) -> None:
    """Raise InputError unless `name` can be a folder on every system and part of a prompt."""
    if folded(name) in DEVICES:
        raise InputError(
            f"{name!r} cannot name a profile: Windows keeps it for a device.", "Take another name."
        )
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a profile.",
            "Letters, digits, - and _ are allowed, at most 64 of them, a letter or digit first.",
        )


def folded(name: str) -> str:
    """A name as names are compared: without case, and in one of the ways to write its accents."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def new_manifest(name: str, noun: str) -> Manifest:
    """The manifest of an empty profile."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(name=name, noun=noun, id=str(uuid.uuid4()), created=created)


def read_manifest(path: Path) -> Manifest:
    """Read, migrate and check a manifest.

    Raises:
        InputError: it is damaged, or a newer pidiff wrote it.
    """
    try:
        content = read_bytes(path, SMALL)
    except Refused as error:
        raise InputError(f"{path} cannot be read as a profile ({error.reason}).") from error
    return manifest_of(content, path)


def manifest_of(content: bytes, path: Path) -> Manifest:
    """A manifest of its bytes; ``path`` names it in errors. Raises as `read_manifest`."""
    try:
        data = parse_json(content, dict[str, Any], path.name)
        schema = fitted(data.get("schema", 0), int, path.name)
    except Refused as error:
        raise InputError(f"{path} cannot be read as a profile ({error.reason}).") from error
    if schema > SCHEMA:
        raise InputError(
            f"{path.parent.name} was written by a newer pidiff (schema {shown(schema)}; "
            f"this one knows {SCHEMA}).",
            "Update it: pip install -U pidiff-cli",
        )
    if schema in SCHEMAS:
        _check(data, schema, path)
    return _parse(_migrate(data, schema, path), path)


def _check(data: dict[str, Any], schema: int, path: Path) -> None:
    try:
        check_manifest(data, schema)
    except Refused as error:
        raise InputError(f"{path} is damaged ({error.reason}).") from error


def _migrate(data: dict[str, Any], schema: int, path: Path) -> dict[str, Any]:
    while schema < SCHEMA:
        if schema not in MIGRATIONS:
            raise InputError(f"{path} has the unknown schema {schema}.")
        data = MIGRATIONS[schema](data)
        schema += 1
        data["schema"] = schema
    return data


def _parse(data: dict[str, Any], path: Path) -> Manifest:
    """Values that the schema has checked as a manifest, and the paths in them."""
    known = {item.name for item in fields(Manifest)}
    values = {key: value for key, value in data.items() if key in known}
    photos = (Photo(**photo) for photo in data.get("photos", ()))
    values |= {"photos": tuple(photos), "pending": tuple(data.get("pending", ()))}
    manifest = Manifest(**values)
    check_name(manifest.name)
    if not _NOUN.fullmatch(manifest.noun):
        raise InputError(f"{path} is damaged (noun {manifest.noun!r}).")
    inside = [*manifest.files, *manifest.pending]
    inside += filter(None, [manifest.stages.get("invert", {}).get("preview")])
    for photo in manifest.photos:
        inside += filter(None, (photo.face, photo.mask, photo.picture, photo.picture_mask))
    for relative in inside:
        if path_fault(relative.removesuffix("/")):
            raise InputError(f"{path} names a file outside the profile: {relative!r}.")
    return manifest


#: Names that Windows keeps for devices; its superscript digits count, too.
DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in "0123456789¹²³"))
)
_LONGEST = 200


def path_fault(relative: object) -> str:
    """Why `relative` may not name a file inside a folder, as the end of a sentence; "" if it may.

    Forward slashes only; nothing absolute, above the folder, on a drive, in a stream, or that
    some system takes for a device.
    """
    if not isinstance(relative, str) or not relative:
        return "has no name"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in relative):
        return "has a control character in its name"
    if relative.startswith(("/", "\\", "~")) or relative[1:2] == ":":
        return "is an absolute path"
    parts = relative.split("/")
    if ".." in relative.replace("\\", "/").split("/"):
        return "lies outside the folder"
    if "\\" in relative or ":" in relative:
        return "has a backslash or colon in its name"
    if any(part in ("", ".") or part != part.rstrip(". ") for part in parts):
        return "has an empty part, or one that ends in a dot or a space"
    if any(part.split(".")[0].strip().lower() in DEVICES for part in parts):
        return "has the name of a device"
    return "has a name that is too long" if len(relative) > _LONGEST else ""
