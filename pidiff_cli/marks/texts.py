"""Texts of records and metadata: a record's own form, and a stranger's words on one line."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

LONGEST = 300  # characters of what a stranger's metadata say
MOST = 1_000_000  # characters of a record


def record_text(record: dict[str, Any]) -> str:
    """A record as it stands in a picture, and as digests and watermark are made of it."""
    return json.dumps(record, sort_keys=True)


def parsed_record(text: str | None) -> dict[str, Any] | None:
    """The record of a picture's text; None where it is none."""
    if not text or len(text) > MOST:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def one_line(text: str) -> str:
    """A text on one line, without signs that control a terminal."""
    line = " ".join(text[: 4 * LONGEST].split())
    kept = "".join(c for c in line if unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "…"
