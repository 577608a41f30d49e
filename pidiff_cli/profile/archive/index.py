"""The list that a profile file has of itself."""

from __future__ import annotations

import zipfile
from typing import Any

from msgspec import Struct

from pidiff_cli.errors import InputError
from pidiff_cli.profile.archive.format import FORMAT, INDEX, VERSION
from pidiff_cli.profile.schema import Sha256
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import fitted, parse_json
from pidiff_cli.values import shown


class _Piece(Struct, forbid_unknown_fields=True):
    sha256: Sha256
    bytes: int


class _Index(Struct, forbid_unknown_fields=True):
    """`export.json` of version 1."""

    format: str
    version: int
    files: dict[str, _Piece]
    photos: bool = True


class _Declared(Struct):
    """What every version has."""

    format: str
    version: int


def read_index(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: str) -> dict[str, str]:
    """Name → sha256 of every other entry."""
    try:
        data = parse_json(archive.read(entry), dict[str, Any], INDEX)
        told = fitted(data, _Declared, INDEX)
        if told.format != FORMAT:
            raise Refused(INDEX, "another format")
        if told.version <= VERSION:
            return {name: one.sha256 for name, one in fitted(data, _Index, INDEX).files.items()}
    except Refused as error:
        raise InputError(f"{file} is no profile file: {INDEX} cannot be read.") from error
    raise InputError(
        f"{file} was written by a newer pidiff (version {shown(told.version)}; this one knows "
        f"{VERSION}).",
        "Update it: pip install -U pidiff-cli",
    )
