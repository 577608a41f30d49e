"""The record inside a picture that the program drew; read without torch."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import parse_json

RECORD_KEY = "pidiff"
LARGEST = 64_000_000  # bytes of a file; 2048 x 2048 px have 12 MB
LONGEST = 200_000  # bytes; with a prompt of the longest kind it has 10 000
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def profile_ids(record: dict[str, Any]) -> set[str]:
    """The ids of all profiles whose features went into a picture: whom it shows, whose style it
    took, both of a mix."""
    parts = (record.get(key) for key in ("profile", "settings", "stylemix"))
    profile, settings, mix = (part if isinstance(part, dict) else {} for part in parts)
    style = str(settings.get("style_from", "")).partition(":")[0]
    found = (profile.get("id"), style, record.get("b"), mix.get("a"), mix.get("b"))
    return {one for one in found if isinstance(one, str) and is_id(one)}


def is_id(text: str) -> bool:
    """Whether a text is a profile's id as this program makes them."""
    return bool(_ID.fullmatch(text))


def ids_in_picture(path: Path) -> set[str]:
    """The same of a picture's file; empty where it holds no record that can be read."""
    try:
        return profile_ids(read_record(path))
    except InputError:
        return set()


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
    if not path.is_file():
        raise InputError(f"{path.name} is a device or a pipe, not a picture.")
    if path.stat().st_size > LARGEST:  # Pillow takes texts whole before it looks at their size
        raise InputError(f"{path.name} is too large for a picture that pidiff wrote.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that is not decoded here
            with Image.open(path) as image:
                text = image.info.get(RECORD_KEY)
    except Exception:  # Pillow's readers raise whatever a damaged file leads them to
        raise InputError(f"{path.name} is not a picture that can be read.") from None
    no_record = InputError(
        f"{path.name} holds no record of how it was drawn.",
        "Pictures that pidiff wrote as PNG have one, as long as no other program saves them.",
    )
    if not isinstance(text, str):
        raise no_record
    try:
        return parse_json(text, dict[str, Any], path.name, LONGEST)
    except Refused as error:
        raise no_record from error
