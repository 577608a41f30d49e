"""gallery: one HTML file that shows pictures with their records, without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.files import PUBLIC, said, write_file
from pidiff_cli.profile import Profile, find_by_id
from pidiff_cli.profile.locked import LockedError
from pidiff_cli.stages.gallery.earlier import read_earlier
from pidiff_cli.stages.gallery.entry import Entry, read_entry, shown, told_name
from pidiff_cli.stages.gallery.inputs import MOST, Asked, find_pictures
from pidiff_cli.stages.gallery.told import told_record
from pidiff_cli.stages.pages.render import render
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import GalleryPicture, GalleryResult, RejectedPhoto

#: Side of the small copies (px) by how many pictures there are: it bounds the page to some 10 MB.
SIDES = ((1500, 256), (MOST, 128))


def run(
    asked: Asked,
    home: Path,
    progress: Progress,
    likeness: Mapping[Path, float | None] | None = None,
    measure: bool = False,
) -> GalleryResult:
    """Read the pictures, write the page; a file that cannot be read is told and left out.

    Args:
        likeness: of pictures that were just drawn; others' are what an earlier page knew.
        measure: measure those that are not known, where the profile is here.

    Raises:
        InputError: there is no picture, or the page cannot be written.
    """
    paths, left = _paths(asked, progress)
    side = next(px for most, px in SIDES if len(paths) <= most)
    known = read_earlier(asked.page)
    told = {path.absolute(): value for path, value in (likeness or {}).items()}
    entries: list[Entry] = []
    progress.start("gallery", len(paths))
    for path in paths:
        try:
            entry = read_entry(path, known, side)
            fresh = told.get(path.absolute())
            entries.append(entry if fresh is None else replace(entry, likeness=fresh))
        except (PidiffError, OSError) as error:
            left.append(_left(path, error))
        progress.advance("gallery")
    people = _people(entries, home)
    if measure:
        from pidiff_cli.stages.gallery.alike import measured

        entries = measured(entries, people, home, progress)
    _write(asked, entries, left, people)
    progress.finish("gallery", _count(entries))
    if left:
        names = ", ".join(f"{one.file} ({one.reason})" for one in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        progress.warn(f"Left out: {names}{more}")
    rows = tuple(_row(entry, _who(entry, people)) for entry in entries)
    return GalleryResult(asked.page, rows, tuple(left))


def _paths(asked: Asked, progress: Progress) -> tuple[list[Path], list[RejectedPhoto]]:
    """The files to show, the newest ones, and those that could not be looked at."""
    paths, failed = find_pictures(asked.folder)
    whose = ""
    if asked.profile:
        key, whose = asked.profile.manifest.id, f" of {asked.profile.name}"
        paths = [path for path in paths if path.is_file() and told_record(path).profile == key]
    if not paths:
        name = asked.profile.name if asked.profile else "NAME"
        raise InputError(
            f"There are no pictures{whose} in {said(asked.folder)}.",
            f'Draw some: pidiff generate {name} "as an astronaut" --gallery',
        )
    if len(paths) > MOST:
        progress.warn(f"{len(paths)} pictures are too many for one page; the newest {MOST} it is.")
    return paths[:MOST], [RejectedPhoto(told_name(path.name), why) for path, why in failed]


def _write(
    asked: Asked, entries: Sequence[Entry], left: Sequence[RejectedPhoto],
    people: Mapping[str, Profile],
) -> None:  # fmt: skip
    page = asked.page
    data = {"pictures": [shown(entry, _who(entry, people), page) for entry in entries]}
    name = asked.profile.name if asked.profile else told_name(asked.folder.resolve().name)
    html = render(
        "gallery.html", "gallery.css", "gallery.js", _ids(entries),
        title=name or "pictures", told=_count(entries), data=data, left=left,
    )  # fmt: skip
    write_file(page, html.encode(), PUBLIC)


def _ids(entries: Sequence[Entry]) -> list[str]:
    """The ids of all who are on the pictures."""
    return sorted({key for entry in entries for key in entry.record.profiles})


def _people(entries: Sequence[Entry], home: Path) -> dict[str, Profile]:
    """The profiles that are here of the people on the pictures, by their ids; of who is locked
    none, not a copy either."""
    found = {}
    for key in dict.fromkeys(entry.record.profile for entry in entries):
        with suppress(LockedError):
            if profile := find_by_id(key, home):
                found[key] = profile
    return found


def _who(entry: Entry, people: Mapping[str, Profile]) -> str:
    """The person's name here, or in an old record, or the beginning of the id."""
    key = entry.record.profile
    return people[key].name if key in people else entry.record.name or key[:8]


def _left(path: Path, error: PidiffError | OSError) -> RejectedPhoto:
    reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
    return RejectedPhoto(told_name(path.name), reason)


def _count(entries: Sequence[Entry]) -> str:
    others = sum(entry.record.kind == "other" for entry in entries)
    beside = f", {others} without a record" if others else ""
    return f"{len(entries)} picture{'s' * (len(entries) != 1)}{beside}"


def _row(entry: Entry, who: str) -> GalleryPicture:
    record = entry.record
    return GalleryPicture(
        entry.path, record.kind, record.prompt, int(record.seed) if record.seed else None, who,
        entry.likeness, round(entry.modified),
    )  # fmt: skip
