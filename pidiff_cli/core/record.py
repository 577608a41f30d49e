"""The record inside a picture that the program drew; read without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError

RECORD_KEY = "pidiff"


def read_record(path: Path | str) -> dict[str, Any]:
    """The record inside a PNG that `images.save_png` wrote.

    Raises:
        InputError: not readable, or it holds no record.
    """
    from PIL import Image

    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no {path}.", "Check the path of the picture.")
    if path.is_dir():
        raise InputError(f"{path} is a folder.", "Name one picture in it.")
    try:
        with Image.open(path) as image:
            text = image.info.get(RECORD_KEY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"{path.name} is not a picture that can be read.") from None
    try:
        record = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise InputError(
            f"{path.name} holds no record of how it was drawn.",
            "Pictures that pidiff wrote as PNG have one, as long as no other program saves them.",
        )
    return record
