"""What an earlier page of the same place knew: small pictures and likenesses, by their content."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pidiff_cli.reading.bytes_of import MB, Refused, read_bytes
from pidiff_cli.reading.text import parse_json

OURS = b'<meta name="generator" content="pidiff gallery">'
HEAD, LARGEST = 4096, 64 * MB  # 6000 small pictures; those of a larger page are made anew
_DATA = re.compile(rb'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
_THUMB = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/]+=*")


@dataclass(frozen=True)
class Known:
    """Of one picture: the small copy as a data address, and its likeness where it was measured."""

    thumb: str
    likeness: float | None


def is_ours(page: Path) -> bool:
    """Whether a file is a page that `gallery` wrote. Raises OSError."""
    with page.open("rb") as file:
        return OURS in file.read(HEAD)


def read_earlier(page: Path) -> dict[str, Known]:
    """Pictures of the page by the digest of their files; none where it cannot be read."""
    try:
        if not page.is_file() or not is_ours(page):
            return {}
        found = _DATA.search(read_bytes(page, LARGEST))
        return (
            dict(_known(parse_json(found[1], dict[str, Any], page.name, LARGEST))) if found else {}
        )
    except (Refused, OSError):
        return {}


def _known(data: Any) -> Iterator[tuple[str, Known]]:
    items = data.get("pictures") if isinstance(data, dict) else None
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        key, thumb, likeness = item.get("key"), item.get("thumb"), item.get("likeness")
        alike = likeness if isinstance(likeness, float) and math.isfinite(likeness) else None
        if isinstance(key, str) and isinstance(thumb, str) and _THUMB.fullmatch(thumb):
            yield key, Known(thumb, alike)
