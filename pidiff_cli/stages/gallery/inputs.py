"""What a gallery is of, and where its page goes; nothing is opened but profiles and an old page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import PICTURES, expanded, explain, said
from pidiff_cli.profile import Profile, is_one
from pidiff_cli.stages.gallery.earlier import is_ours

PICS, PAGE = Path("pics"), "gallery.html"
MOST = 5000  # pictures of one page; the newest


@dataclass(frozen=True)
class Asked:
    """One gallery: pictures below a folder, of one person or of all, and the page's file."""

    folder: Path
    page: Path
    profile: Profile | None = None


def asked_gallery(
    source: str | Path | None, out: str | Path | None, inside: str | Path | None, home: Path
) -> Asked:
    """What the words name, `~` followed; a profile goes before a folder of its name.

    Args:
        source: a folder, a profile's name or its folder; None is the folder ``pics``.
        out: the page, or a folder for it. inside: where a profile's pictures are looked for.

    Raises:
        InputError: there is no such folder or profile, or the page's place holds another file.
        UsageError: ``inside`` with a folder.
    """
    folder, profile, name = expanded(source or PICS), None, PAGE
    if source is not None and not _is_folder(folder, home):
        profile = _profile(folder, home)
        folder, name = expanded(inside or PICS), f"gallery-{profile.name}.html"
    elif inside is not None:
        raise UsageError("--in says where a profile's pictures are; a folder needs none.")
    if not folder.is_dir():
        whose = f" to look for pictures of {profile.name} in" if profile else " of pictures"
        word = f" {profile.name}" if profile else " NAME"
        raise InputError(
            f"There is no folder {said(folder)}{whose}.",
            f'Name one, or draw: pidiff generate{word} "as an astronaut"',
        )
    return Asked(folder, page_at(expanded(out or folder), name), profile)


def page_at(out: Path, name: str = PAGE) -> Path:
    """The page's file, where nothing else is. Raises InputError."""
    page = out / name if out.is_dir() else out
    try:
        taken = page.is_dir() or (page.exists() and not is_ours(page))
    except OSError as error:
        raise explain(error, page) from error
    if taken:
        raise InputError(
            f"{said(page)} is there and is no gallery of pidiff; it stays.",
            "Choose another file: --out gallery.html",
        )
    return page


def find_pictures(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Picture files below a folder, newest first, and what could not be looked at with the reason.

    Hidden files and folders are passed over, and links to folders.
    """
    failed: list[tuple[Path, str]] = []

    def note(error: OSError) -> None:
        failed.append((Path(os.fsdecode(error.filename)), error.strerror or str(error)))

    found: list[tuple[float, Path]] = []
    for where, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(where, name)
            if not name.startswith(".") and path.suffix.lower() in PICTURES:
                try:
                    found.append((path.stat().st_mtime, path))
                except OSError as error:
                    failed.append((path, error.strerror or str(error)))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [path for _, path in found], failed


def _is_folder(path: Path, home: Path) -> bool:
    """Whether a word means a folder of pictures."""
    named = path.name == str(path) and is_one(home / "profiles" / path.name)
    return path.is_dir() and not named and not is_one(path)


def _profile(source: Path, home: Path) -> Profile:
    if source.is_file():
        raise InputError(
            f"{said(source)} is a file.", f"A gallery is of a folder: {said(source.parent)}"
        )
    try:
        return Profile.open(source, home)
    except InputError as error:
        if "no profile" not in error.message:
            raise
        told = f"There is no folder and no profile {said(source)}."
        raise InputError(told, "See: pidiff profile list") from None
