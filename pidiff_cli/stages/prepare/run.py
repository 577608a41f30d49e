"""Photos -> a profile with aligned, masked faces; a reason for each photo left out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.detect import published_faces
from pidiff_cli.core.faces.notes import missing
from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.files import said
from pidiff_cli.profile import PHOTO_SHEET, Profile
from pidiff_cli.profile.world import DRAWINGS, PHOTOGRAPHS
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.prepare.inputs import left_alone, list_photos
from pidiff_cli.stages.prepare.photos import HINT, Album, Seen, need_faces, read_album
from pidiff_cli.stages.prepare.select import Selection, select_photos
from pidiff_cli.stages.prepare.sheet import contact_sheet
from pidiff_cli.stages.prepare.writing import held_count, write_photos
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Kept, PrepareResult, RejectedPhoto

LOOKED = 0.7  # share of a photo's time until it is chosen; the rest masks and writes it
MOST_TOLD = 6  # lines on what lies beside the photos


def run(
    config: PrepareConfig, folder: Path, progress: Progress, seen: Seen | None = None
) -> PrepareResult:
    """Read, find, choose, check, align and mask; write the profile into an empty folder.

    Args:
        seen: what was seen in the photos already.

    Raises:
        InputError: no photo is left; the message says why and what would work.
    """
    paths, album, selection = _chosen(config, progress, (), seen)
    rejected = _in_order(paths, album.rejected + selection.rejected)
    if not selection.kept:
        reasons = "; ".join(f"{Path(r.file).name}: {r.reason}" for r in rejected[:6])
        raise InputError(f"None of the {len(paths)} photos can be used. {reasons}.", HINT)
    profile = Profile.create_in(folder, config.name, config.noun)
    written = _written(progress, len(paths), len(selection.kept))
    with profile.changing():
        kept = write_photos(profile, selection.kept, config, album.networks, written)
        return _done(config, profile, paths, album, selection, kept, rejected, progress)


def add(
    config: PrepareConfig, profile: Profile, known: Collection[Path], progress: Progress
) -> PrepareResult:
    """Add photos to a profile; its own stay as they are. The caller holds its lock.

    Args:
        known: those of the photos given that the profile was made of.

    Raises:
        InputError: none of the new ones serves.
    """
    sources = {photo.source for photo in profile.photos}
    anchors = [path for path in known if said(path.name) in sources] or [*known]
    paths, album, selection = _chosen(config, progress, anchors)
    new = [choice for choice in selection.kept if choice.candidate.path not in known]
    old = {said(path) for path in anchors}
    rejected = [
        item
        for item in _in_order(paths, album.rejected + selection.rejected)
        if item.file not in old
    ]
    if not new:
        fresh = {said(path) for path in paths if path not in known}
        reasons = [f"{Path(r.file).name}: {r.reason}" for r in rejected if r.file in fresh]
        raise InputError(
            f"None of the new photos can be used. {'; '.join(reasons[:6])}.",
            f"Go on with the old ones: pidiff tune {config.name}",
        )
    written = _written(progress, len(paths), len(new))
    kept = write_photos(profile, new, config, album.networks, written)
    return _done(config, profile, paths, album, selection, kept, rejected, progress)


def _chosen(
    config: PrepareConfig, progress: Progress, anchors: Collection[Path], seen: Seen | None = None
) -> tuple[list[Path], Album, Selection]:
    paths = list_photos(config.photos)
    begin = partial(progress.start, "prepare", len(paths))
    begin()
    album = read_album(config, paths, partial(progress.advance, "prepare", LOOKED), begin, seen)
    need_faces(config, paths, album.candidates, album.rejected)
    return paths, album, select_photos(config, album, anchors)


def _written(progress: Progress, photos: int, kept: int) -> Callable[[], None]:
    """Counts, with each photo that is written, what all of them still lacked."""
    return partial(progress.advance, "prepare", (1 - LOOKED) * photos / kept)


def _in_order(paths: list[Path], rejected: list[RejectedPhoto]) -> list[RejectedPhoto]:
    place = {said(path): i for i, path in enumerate(paths)}
    return sorted(rejected, key=lambda r: place[r.file])


def _done(
    config: PrepareConfig, profile: Profile, paths: list[Path], album: Album, selection: Selection,
    kept: list[Kept], rejected: list[RejectedPhoto], progress: Progress,
) -> PrepareResult:  # fmt: skip
    chosen = selection.kept
    if config.keep_photos:
        profile.write(PHOTO_SHEET, png_bytes(contact_sheet(paths, album, chosen, rejected)))
    advice = advice_on(chosen, album)
    sheet = profile.folder / PHOTO_SHEET if config.keep_photos else None
    result = PrepareResult(
        profile.folder, tuple(kept), tuple(rejected), advice, sheet, _world(config, album)
    )
    _tell(progress, result, config, album, selection)
    return result


def held_note(kept: int, wanted: int) -> str:
    """What a person is told of the photos held back; "" where none were wanted."""
    held = held_count(kept, wanted)
    if held:
        return f"{held} of {kept} held back for the likeness report."
    if not wanted:
        return ""
    return f"None of {kept} held back (from 4 on): likeness is measured on photos it learns from."


def advice_on(chosen: list[Choice], album: Album) -> str:
    """Which photo to add next."""
    if album.networks.folder is not None:
        poses, lights, expressions = zip(*(choice.seen for choice in chosen), strict=True)
        return missing(poses, lights, expressions)
    return triage.advice(
        [c.face.landmarks for c in chosen],
        [c.sharp for c in chosen],
        [triage.brightness(c.aligned) for c in chosen],
    )


def _tell(
    progress: Progress, result: PrepareResult, config: PrepareConfig, album: Album,
    selection: Selection,
) -> None:  # fmt: skip
    total = len(result.kept) + len(result.rejected)
    progress.finish("prepare", f"{total} photo{'s' * (total != 1)} → {len(result.kept)} kept")
    for item in result.rejected:
        progress.line(f"{Path(item.file).name}  {item.reason}")
    for kept in result.kept:
        if kept.notes:
            progress.line(f"{Path(kept.file).name}  kept; {', '.join(kept.notes)}")
    if any(c.face.approximate for c in selection.kept) and not _drawn(config, album):
        progress.line(
            "Face points are approximate: found without the free face networks "
            "(pidiff models pull free-faces)."
        )
    others = len(selection.people) - 1
    if others and any(choice.crowd > 1 for choice in selection.kept):
        progress.line(_others_note(selection))
    for line in left_alone(config.photos)[:MOST_TOLD]:
        progress.line(line)
    note = held_note(len(result.kept), config.hold_out)
    if note or result.advice:
        progress.line(" ".join(part for part in (note, result.advice) if part))


def _drawn(config: PrepareConfig, album: Album) -> bool:
    """Whether mini's networks were taken because the photos are drawings."""
    return album.networks.folder is None and published_faces(config.home / "models") is not None


def _world(config: PrepareConfig, album: Album) -> str:
    """What the photos are; "" where the networks that looked cannot tell."""
    if _drawn(config, album):
        return DRAWINGS
    return PHOTOGRAPHS if album.networks.folder and album.networks.tells_worlds else ""


def _others_note(selection: Selection) -> str:
    """Who else is in the photos, and how to choose somebody else."""
    mine = 1 + selection.people.index(selection.person)
    count, photos = len(selection.people), len(selection.person.photos)
    return (
        f"{count} different people were found; this is person {mine}, "
        f"in {photos} photo{'s' * (photos != 1)}. Another: --person 1 to {count}, or --like PHOTO"
    )
