"""Which files are the photos: the one place that decides it.

What is taken here is what is read, and what a profile remembers of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES

MOST_PHOTOS = 500


def list_photos(given: tuple[Path, ...]) -> list[Path]:
    """Files as given, folders by their picture files (not deeper), in order, each once.

    Raises:
        InputError: nothing given, no such path, a folder without pictures, or far too many.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if _is_picture_name(p))
            if not inside:
                raise InputError(
                    f"No picture in the folder {path}.",
                    "Pictures are files like .jpg, .png, .webp, .heic, .tif.",
                )
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"No such file or folder: {path}.", "Check the path.")
    if not found:
        raise InputError("No photos given.", "Give files or a folder: pidiff prepare ./my_photos")
    unique = list(dict.fromkeys(found))
    if len(unique) > MOST_PHOTOS:
        raise InputError(
            f"{len(unique)} photos are too many ({MOST_PHOTOS} at most).",
            "Eight good ones of different days are enough.",
        )
    return unique


def _is_picture_name(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def digest(file: Path) -> str:
    """The sha256 of a file. Raises InputError where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).") from error
