"""Which files are the photos: the one place that decides it.

What is taken here is what is read, and what a profile remembers of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pidiff_cli.errors import InputError
from pidiff_cli.files import PICTURES, said

MOST_PHOTOS = 500
_AS_JPEG = "which is not read: save it as JPEG or PNG"
#: Files that somebody may take for photos, by their endings.
NOT_READ = {
    **dict.fromkeys(
        (".mov", ".mp4", ".m4v", ".avi", ".mkv", ".webm", ".3gp"), "a video, not a photo"
    ),
    **dict.fromkeys(
        (".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"),
        f"a camera's raw file, {_AS_JPEG}",
    ),
    ".jxl": f"a JPEG XL picture, {_AS_JPEG}",
    ".psd": f"a Photoshop file, {_AS_JPEG}",
    ".xcf": f"a GIMP file, {_AS_JPEG}",
    ".svg": "a vector drawing, not a photo",
    ".pdf": f"a document, {_AS_JPEG}",
}


def list_photos(given: tuple[Path, ...]) -> list[Path]:
    """Files as given, folders by their picture files (not deeper), in order, each once.

    Raises:
        InputError: nothing given, no such path, a folder without pictures, or far too many.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(_pictures(path))
            if not inside:
                raise _nothing_in(path)
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"No such file or folder: {said(path)}.", "Check the path.")
    if not found:
        raise InputError("No photos given.", "Give files or a folder: pidiff prepare ./my_photos")
    unique = list(dict.fromkeys(found))
    if len(unique) > MOST_PHOTOS:
        raise InputError(
            f"{len(unique)} photos are too many ({MOST_PHOTOS} at most).",
            "Eight good ones of different days are enough.",
        )
    return unique


def photo_digests(given: tuple[Path, ...]) -> dict[Path, str]:
    """The sha256 of every photo that can be read, of those that `prepare` would read."""
    found = {path: _digest_if_readable(path) for path in list_photos(given)}
    return {path: digest for path, digest in found.items() if digest}


def left_alone(given: tuple[Path, ...]) -> list[str]:
    """What lies in the folders beside photos and might be meant as one, a line each."""
    told = []
    for folder in (path for path in given if path.is_dir()):
        for path in sorted(folder.iterdir()):
            why = _why_left_alone(path)
            if why and not path.name.startswith("."):
                told.append(f"{said(path.name)}  {why}")
    return told


def _why_left_alone(path: Path) -> str:
    if path.is_dir() and not path.is_symlink():
        inside = sum(1 for _ in islice(_pictures(path), MOST_PHOTOS))
        return f"a folder with {inside} picture{'s' * (inside != 1)}: give it too" if inside else ""
    return NOT_READ.get(path.suffix.lower(), "")


def _nothing_in(folder: Path) -> InputError:
    deeper = [p for p in sorted(folder.iterdir()) if p.is_dir() and any(_pictures(p))]
    if deeper:
        names = " ".join(said(path) for path in deeper[:3]) + (" …" if len(deeper) > 3 else "")
        return InputError(
            f"No picture in the folder {said(folder)} itself.", f"Give its folders: {names}"
        )
    others = [f"{said(p.name)} is {why}" for p in sorted(folder.iterdir())
              if (why := NOT_READ.get(p.suffix.lower()))]  # fmt: skip
    hint = f"{others[0]}." if others else "Pictures are files like .jpg, .png, .webp, .heic, .tif."
    return InputError(f"No picture in the folder {said(folder)}.", hint)


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if _is_picture_name(path))


def _is_picture_name(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def _digest_if_readable(path: Path) -> str:
    try:
        return digest(path) if path.is_file() else ""
    except InputError:
        return ""


def digest(file: Path) -> str:
    """The sha256 of a file. Raises InputError where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{said(file)} cannot be read ({error.strerror}).") from error
