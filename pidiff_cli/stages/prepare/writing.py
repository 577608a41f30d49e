"""Chosen faces -> the files of a profile: aligned face, working copy, their masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.align import points_in_square, unwarp_mask
from pidiff_cli.core.faces.framing import place_of
from pidiff_cli.core.faces.mask import head_mask
from pidiff_cli.core.faces.networks import FaceNetworks
from pidiff_cli.core.images import png_bytes
from pidiff_cli.files import said
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.results import Kept


def write_photos(
    profile: Profile, chosen: list[Choice], config: PrepareConfig, networks: FaceNetworks,
    written: Callable[[], None] = lambda: None,
) -> list[Kept]:  # fmt: skip
    """Add photos to a profile, after those that it holds.

    Photos are held back as `held_count` says of all of them; those held back before stay so.
    ``written`` is called after each.
    """
    there = profile.photos
    first = 1 + max((int(photo.key) for photo in there), default=0)
    held = held_count(len(there) + len(chosen), config.hold_out)
    held_back = _middling(chosen, held - sum(photo.held_out for photo in there))
    photos = []
    for i, choice in enumerate(chosen):
        key, held_out = f"{first + i:02d}", i in held_back
        photos.append(_written(profile, choice, key, held_out, config, networks))
        written()
    profile.update(photos=(*there, *photos))
    return [
        Kept(said(c.candidate.path), c.quality, i in held_back, c.notes)
        for i, c in enumerate(chosen)
    ]


def held_count(kept: int, wanted: int) -> int:
    """How many photos to hold back: none below four, one in five, `wanted` at least."""
    return 0 if kept < 4 or wanted == 0 else min(max(wanted, kept // 5), kept - 3)


def _middling(chosen: list[Choice], count: int) -> set[int]:
    """Places of so many photos of middling quality: neither training nor measure suffers."""
    count = max(count, 0)
    order = sorted(range(len(chosen)), key=lambda i: -chosen[i].quality)
    middle = (len(chosen) - count) // 2
    return set(order[middle : middle + count])


def _written(
    profile: Profile, choice: Choice, key: str, held_out: bool, config: PrepareConfig,
    networks: FaceNetworks,
) -> Photo:  # fmt: skip
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
    source = said(choice.candidate.path.name)
    return Photo(key, source, choice.quality, held_out, info=_info(choice), **names)


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
