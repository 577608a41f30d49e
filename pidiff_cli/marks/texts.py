"""A record's text, as it stands in a picture and as digests and watermark are made of it."""

from __future__ import annotations

import json
from typing import Any


def record_text(record: dict[str, Any]) -> str:
    """A record as it stands in a picture."""
    return json.dumps(record, sort_keys=True)
