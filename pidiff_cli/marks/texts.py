"""Texts of records and metadata: a record's own form, and a stranger's words on one line."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import parse_json

LONGEST = 300  # characters of what a stranger's metadata say
MOST = 200_000  # bytes of a record


def record_text(record: dict[str, Any]) -> str:
    """A record as it stands in a picture, and as digests and watermark are made of it."""
    return json.dumps(record, sort_keys=True)


def parsed_record(text: str | None) -> dict[str, Any] | None:
    """The record of a picture's text; None where it is none."""
    try:
        return parse_json(text, dict[str, Any], "The record", MOST) if text else None
    except Refused:
        return None


def one_line(text: str) -> str:
    """A text on one line, without signs that control a terminal."""
    line = " ".join(text[: 4 * LONGEST].split())
    kept = "".join(c for c in line if unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…"
