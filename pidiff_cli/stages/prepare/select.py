"""Which face of each photo is the person's, and which photos are left out and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.networks import FaceNetworks
from pidiff_cli.core.faces.people import Person, Seen, group_people, undecided
from pidiff_cli.core.images import read_photo
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.files import said
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.prepare.duplicates import drop_duplicates
from pidiff_cli.stages.prepare.photos import Album, PhotoCandidate
from pidiff_cli.stages.results import RejectedPhoto

DARK = 0.13  # mean brightness of a face below which nobody can be told apart


@dataclass(frozen=True)
class Selection:
    """What was chosen from an album.

    Attributes:
        people: who was found, the one with most photos first; the chosen one is `person`.
    """

    kept: list[Choice]
    rejected: list[RejectedPhoto]
    people: list[Person]
    person: Person
    ranks: dict[Path, int]  # of each photo with faces, which of them was weighed: 0 is the largest


def select_photos(config: PrepareConfig, album: Album, anchors: Collection[Path] = ()) -> Selection:
    """Group the faces into people, choose one, and say of each photo why it does not serve.

    Args:
        anchors: photos that are known to show who is meant.

    Raises:
        InputError: it is not plain who is meant, or the one who was asked for is not there.
    """
    seen = [
        Seen(i, face.height, candidate.codes[k])
        for i, candidate in enumerate(album.candidates)
        for k, face in enumerate(candidate.faces)
    ]
    rank_of = [k for candidate in album.candidates for k in range(len(candidate.faces))]
    people = group_people(seen, album.networks.threshold)
    known = {i for i, c in enumerate(album.candidates) if c.path in anchors}
    by_hand = _by_hand(config, album)
    mine = {i for i, face in enumerate(seen) if by_hand.get(face.photo) == rank_of[i]}
    person = _whom(config, people, album.networks, known, mine)
    kept: list[Choice] = []
    rejected: list[RejectedPhoto] = []
    ranks: dict[Path, int] = {}
    for i, candidate in enumerate(album.candidates):
        choice = _choose(candidate, person, config.face_size, album.networks, by_hand.get(i))
        if choice is not None:
            ranks[candidate.path] = choice.rank
        reason = _fault(choice, candidate, config, album.networks, person, i in by_hand)
        if reason or choice is None:
            rejected.append(RejectedPhoto(said(candidate.path), reason))
        else:
            kept.append(choice)
    best, twins = drop_duplicates(kept)
    return Selection(best, rejected + twins, people, person, ranks)


def _by_hand(config: PrepareConfig, album: Album) -> dict[int, int]:
    """Index of a photo → which of its faces was chosen by hand."""
    chosen = dict(config.faces)
    return {
        i: chosen[candidate.path]
        for i, candidate in enumerate(album.candidates)
        if 0 <= chosen.get(candidate.path, -1) < len(candidate.faces)
    }


def _whom(
    config: PrepareConfig, people: list[Person], networks: FaceNetworks, known: set[int],
    mine: set[int],
) -> Person:  # fmt: skip
    """Who is meant: whose faces were chosen by hand, who is in most of the known photos, or was
    asked for, or is in most photos.

    Args:
        known: indices of photos. mine: indices of faces.
    """
    if mine:
        return max(people, key=lambda person: len(mine & set(person.faces)))
    if known:
        return max(people, key=lambda person: len(known & set(person.photos)))
    if config.like is not None:
        return _like(config.like, config, people, networks)
    if config.person > len(people):
        raise UsageError(
            f"There is no person {config.person}: {len(people)} different people were found.",
            "Leave --person out for the one who is in most photos, or show one: --like PHOTO",
        )
    if config.person:
        return people[config.person - 1]
    if undecided(people):
        raise InputError(
            "Several people are in these photos, and none stands out.",
            "Show who is meant: --like PHOTO (of this person alone), or --person 1, --person 2.",
        )
    return people[0]


def _like(
    path: Path, config: PrepareConfig, people: list[Person], networks: FaceNetworks
) -> Person:
    rgb = read_photo(path, config.max_pixels)
    faces = networks.find(rgb)[:1]
    if not faces:
        raise InputError(
            f"No face found in {said(path.name)}.", "Give --like a photo of one person."
        )
    code = networks.embed(rgb, faces)[0]
    nearest = max(people, key=lambda person: float(person.code @ code))
    alike = float(nearest.code @ code)
    if alike < networks.threshold.pair:
        raise InputError(
            f"Nobody in these photos looks like the person in {said(path.name)} "
            f"(likeness {alike:.2f}, needs {networks.threshold.pair:.2f}).",
            "Try another photo of this person, or --person 1, --person 2.",
        )
    return nearest


def _choose(
    candidate: PhotoCandidate, person: Person, size: int, networks: FaceNetworks,
    by_hand: int | None,
) -> Choice | None:  # fmt: skip
    if not candidate.faces:
        return None
    alike = candidate.codes @ person.code
    best = int(np.argmax(alike)) if by_hand is None else by_hand
    return Choice(candidate, best, float(alike[best]), size, networks)


def _fault(
    choice: Choice | None, candidate: PhotoCandidate, config: PrepareConfig,
    networks: FaceNetworks, person: Person, by_hand: bool,
) -> str:  # fmt: skip
    """Why a photo is left out; empty when it serves. Who chose a face by hand knows whose it is."""
    if choice is None:
        return _no_face(candidate)
    least = networks.threshold.least(len(person.faces))
    if choice.likeness < least and not by_hand:
        if _brightness(choice) < DARK:
            return "too dark to tell who it is"
        sharp = _sharpness(choice)
        if sharp < config.min_sharpness:
            return f"{_blurred(sharp, config)}: nobody can be known again"
        return f"another person (likeness {choice.likeness:.2f}, needs {least:.2f})"
    if choice.face.height < candidate.needs:
        small = f"too small ({choice.face.height:.0f} px, needs {candidate.needs:.0f})"
        if choice.rank == 0:
            return f"the face is {small}"
        return f"another person is nearer the camera; {config.name} is {small}"
    if not candidate.inside[choice.rank]:
        return "the face is cut off by the picture's edge"
    if choice.sharp < config.min_sharpness:
        return _blurred(choice.sharp, config)
    return ""


def _blurred(sharp: float, config: PrepareConfig) -> str:
    return f"too blurred (sharpness {sharp:.2f}, needs {config.min_sharpness:.2f})"


def _sharpness(choice: Choice) -> float:
    """Of a face that nobody knows, in the working copy of a photograph; drawings count as sharp."""
    if choice.networks.folder is None:
        return 1.0
    factor = choice.candidate.factor
    points = (choice.face.landmarks + 0.5) / factor - 0.5
    aligned = align_face(choice.candidate.work, points, choice.face_size, padding=False)
    return choice.networks.sharpness(aligned, choice.face.height / factor)


def _brightness(choice: Choice) -> float:
    """Mean brightness of the face, 0 to 1, in the working copy."""
    x0, y0, x1, y1 = (int(v / choice.candidate.factor) for v in choice.face.box)
    inside = choice.candidate.work[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1]
    return float(inside.mean()) / 255 if inside.size else 1.0


def _no_face(candidate: PhotoCandidate) -> str:
    if candidate.faint and candidate.faint.kind:
        return "the face is too blurred to be made out"
    size = candidate.largest_candidate
    return f"no face found (largest candidate {size:.0f} px)" if size else "no face found"
