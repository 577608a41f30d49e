"""Photos -> a profile with aligned, masked faces; a reason for each photo left out."""

from __future__ import annotations

from dataclasses import astuple
from functools import partial
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.align import points_in_square, unwarp_mask
from pidiff_cli.core.faces.detect import published_faces
from pidiff_cli.core.faces.framing import place_of
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.networks import FaceNetworks
from pidiff_cli.core.images import png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.files import said
from pidiff_cli.profile import PHOTO_SHEET, Photo, Profile
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.prepare.inputs import left_alone, list_photos
from pidiff_cli.stages.prepare.photos import HINT, Album, need_faces, read_album
from pidiff_cli.stages.prepare.select import Selection, select_photos
from pidiff_cli.stages.prepare.sheet import contact_sheet
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Kept, PrepareResult

MOST_TOLD = 6  # lines on what lies beside the photos


def run(config: PrepareConfig, progress: Progress) -> PrepareResult:
    """Read, find, choose, check, align and mask; write the profile.

    Raises:
        InputError: no photo is left; the message says why and what would work.
    """
    paths = list_photos(config.photos)
    progress.start("prepare", len(paths))
    album = read_album(config, paths, partial(progress.advance, "prepare"))
    need_faces(config, paths, album.candidates, album.rejected)
    selection = select_photos(config, album)
    kept, place = selection.kept, {said(path): i for i, path in enumerate(paths)}
    rejected = sorted(album.rejected + selection.rejected, key=lambda r: place[r.file])
    if not kept:
        reasons = "; ".join(f"{Path(r.file).name}: {r.reason}" for r in rejected[:6])
        raise InputError(f"None of the {len(paths)} photos can be used. {reasons}.", HINT)
    profile = Profile.create(config.home, config.name, config.noun)
    held_back = _write(profile, kept, config, album.networks)
    if config.keep_photos:
        profile.write(PHOTO_SHEET, png_bytes(contact_sheet(paths, album, kept, rejected)))
    advice = triage.advice(
        [c.face.landmarks for c in kept],
        [c.sharp for c in kept],
        [triage.brightness(c.aligned) for c in kept],
    )
    result = PrepareResult(
        profile.folder,
        tuple(
            Kept(said(c.candidate.path), c.quality, i in held_back, c.notes)
            for i, c in enumerate(kept)
        ),
        tuple(rejected),
        advice,
        profile.path(PHOTO_SHEET) if config.keep_photos else None,
    )
    _tell(progress, result, config, album, selection)
    return result


def held_count(kept: int, wanted: int) -> int:
    """How many photos to hold back: none below four, one in five, `wanted` at least."""
    return 0 if kept < 4 or wanted == 0 else min(max(wanted, kept // 5), kept - 3)


def held_note(kept: int, wanted: int) -> str:
    """What a person is told of the photos held back; "" where none were wanted."""
    held = held_count(kept, wanted)
    if held:
        return f"{held} of {kept} held back for the likeness report."
    if not wanted:
        return ""
    return f"None of {kept} held back (from 4 on): likeness is measured on photos it learns from."


def _write(
    profile: Profile, kept: list[Choice], config: PrepareConfig, networks: FaceNetworks
) -> set[int]:
    """Write every kept photo; returns the places of those that are held back."""
    held = held_count(len(kept), config.hold_out)
    # The held-back photos: of middling quality, so that neither training nor the measure suffers.
    order = sorted(range(len(kept)), key=lambda i: -kept[i].quality)
    middle = (len(kept) - held) // 2
    held_back = set(order[middle : middle + held])
    photos = []
    for i, choice in enumerate(kept):
        key = f"{i + 1:02d}"
        face_mask = _head(choice, networks)
        parts = {"face": choice.aligned, "mask": _grey(face_mask)}
        if config.keep_photos:
            points = (choice.face.landmarks + 0.5) / choice.candidate.factor - 0.5
            whole = unwarp_mask(face_mask, points, *choice.candidate.work.shape[:2])
            parts |= {"picture": choice.candidate.work, "picture_mask": _grey(whole)}
        names = {}
        for part, pixels in parts.items():
            names[part] = f"photos/{key}_{part}.png"
            profile.write(names[part], png_bytes(pixels))
        photos.append(
            Photo(
                key=key,
                source=said(choice.candidate.path.name),
                quality=choice.quality,
                held_out=i in held_back,
                info=_info(choice),
                **names,
            )
        )
    profile.update(photos=tuple(photos))
    return held_back


def _head(choice: Choice, networks: FaceNetworks) -> np.ndarray:
    """The head mask (S, S) of the chosen face."""
    if networks.folder is None:
        return head_mask(choice.aligned)
    points = points_in_square(choice.face.landmarks, choice.aligned.shape[0])
    return head_mask(choice.aligned, networks.folder, points=points)


def _info(choice: Choice) -> dict[str, object]:
    place = place_of((choice.face.landmarks + 0.5) / choice.candidate.factor - 0.5)
    return {
        "box": [round(v, 1) for v in choice.face.box],
        "approximate": choice.face.approximate,
        "sharpness": round(choice.sharp, 3),
        "turn": round(triage.turn_of(choice.face.landmarks), 3),
        "likeness": round(choice.likeness, 3),
        "place": [round(v, 1) for v in astuple(place)],  # in the working copy
    }


def _grey(mask: np.ndarray) -> np.ndarray:
    return np.rint(mask * 255).astype(np.uint8)


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


def _others_note(selection: Selection) -> str:
    """Who else is in the photos, and how to choose somebody else."""
    mine = 1 + selection.people.index(selection.person)
    count = len(selection.people)
    return (
        f"{count} different people were found; this is person {mine}, "
        f"in {len(selection.person.photos)} photos. Another: --person 1 to {count}, or --like PHOTO"
    )
