"""A person's photos, read once: whose face in each, and how alike they are among themselves."""

from __future__ import annotations

import filecmp
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.core.images import PhotoError, read_photo
from pidiff_cli.core.metrics.copying import own_copying, pair_cosines
from pidiff_cli.errors import InputError
from pidiff_cli.stages.judge.inputs import AskedPerson
from pidiff_cli.stages.judge.readers import Readers, SeenFace
from pidiff_cli.stages.judge.thumbs import thumb

SMALLEST = 32  # px; smaller pictures hold no face
UNLIKE = 0.5  # of the encoder's threshold: a photo less alike to all others shows somebody else
NO_FACE = "no face found"


@dataclass(frozen=True)
class Spread:
    """Cosines between every two photos of a person: median, lowest and highest; None for one."""

    median: float | None
    lowest: float | None
    highest: float | None
    pairs: int


@dataclass(frozen=True)
class KnownPerson:
    """A person as the encoders see them.

    Attributes:
        learnt, held_out: encoder → (R, E) and (H, E), unit length; held_out empty without any.
        spread: encoder → of all photos together; closest: encoder → the highest cosine between two
            photos learnt from, None for one; copying: → what copy-paste reads of further photos
            like those learnt from, and of copies of them, None where it cannot be told.
        left_out: file and reason. unsure: photos that may show somebody else.
        thumbs: small pictures of the photos, those held out last; how many those are.
    """

    name: str
    learnt: dict[str, np.ndarray]
    held_out: dict[str, np.ndarray]
    spread: dict[str, Spread]
    closest: dict[str, float | None]
    copying: dict[str, tuple[float, float] | None]
    left_out: tuple[tuple[str, str], ...]
    unsure: tuple[str, ...]
    thumbs: tuple[np.ndarray, ...]
    held: int

    @property
    def count(self) -> int:
        """Photos learnt from that were read."""
        return len(self.thumbs) - self.held


@dataclass(frozen=True)
class _Photo:
    file: Path
    faces: list[SeenFace]
    thumb: np.ndarray
    held: bool


def know(asked: AskedPerson, readers: Readers, advance: Callable[[], Any]) -> KnownPerson:
    """Read a person's photos.

    Raises:
        InputError: none of those learnt from, or of those held out, shows a face.
    """
    photos, left_out = _read(asked, readers, advance)
    first = readers.encoders[0]
    chosen = choose([[face.codes[first.name] for face in photo.faces] for photo in photos])
    faces = [photo.faces[place] for photo, place in zip(photos, chosen)]
    held = [photo.held for photo in photos]
    if all(held):  # of none, too
        raise InputError(_faceless("photos", asked.name, left_out), "Give photos that show a face.")
    if asked.held_out and not any(held):
        raise InputError(
            _faceless("held-out photos", asked.name, left_out), "Leave --held-out out."
        )
    codes = {
        one.name: np.stack([face.codes[one.name] for face in faces]) for one in readers.encoders
    }
    learnt = {name: rows[~np.array(held)] for name, rows in codes.items()}
    other = {name: rows[np.array(held)] for name, rows in codes.items()} if any(held) else {}
    return KnownPerson(
        asked.name,
        learnt,
        other,
        spread={name: spread_of(rows) for name, rows in codes.items()},
        closest={name: spread_of(rows).highest for name, rows in learnt.items()},
        copying={name: own_copying(learnt[name], rows) for name, rows in other.items()},
        left_out=tuple(left_out),
        unsure=tuple(photos[i].file.name for i in _unlike(codes[first.name], first.same)),
        thumbs=tuple(photo.thumb for photo in photos),
        held=sum(held),
    )


def _read(
    asked: AskedPerson, readers: Readers, advance: Callable[[], Any]
) -> tuple[list[_Photo], list[tuple[str, str]]]:
    """The photos with a face, those held out last, and why others are left out."""
    photos: list[_Photo] = []
    left_out: list[tuple[str, str]] = []
    for files, held in ((asked.learnt, False), (asked.held_out, True)):
        for file in files:
            if held and any(_same(file, own) for own in asked.learnt):
                left_out.append((file.name, "held out, but learnt from too (the same file)"))
                advance()
                continue
            try:
                picture, faces = seen(file, readers)
            except PhotoError as error:
                left_out.append((file.name, error.reason))
            else:
                if faces:
                    photos.append(_Photo(file, faces, thumb(picture, faces[0].landmarks), held))
                else:
                    left_out.append((file.name, NO_FACE))
            advance()
    return photos, left_out


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False  # who reads it says why


def seen(file: Path, readers: Readers) -> tuple[np.ndarray, list[SeenFace]]:
    """A picture, and every face in it, the largest first; none in one too small to hold any.

    Raises PhotoError: it cannot be read, or is so odd that the networks fail on it.
    """
    import cv2

    picture = read_photo(file)
    if min(picture.shape[:2]) < SMALLEST:
        return picture, []
    try:
        return picture, readers.faces(picture)
    except (ValueError, ArithmeticError, cv2.error) as error:
        raise PhotoError(file, f"the face networks fail on it ({error})") from error


def choose(photos: list[list[np.ndarray]]) -> list[int]:
    """Which face of each photo is the person's: the largest where nothing speaks against it.

    From the largest faces on, each photo takes the face most alike to the mean of the others, as
    long as that changes anything (three rounds at most).

    Args:
        photos: the codes (E,) of each photo's faces, the largest first.
    """
    places = [0] * len(photos)
    for _ in range(3):
        own = np.stack([faces[place] for faces, place in zip(photos, places)]) if photos else None
        if own is None or len(photos) < 3:
            break
        rest = own.sum(0) - own  # (P, E): everybody else's
        better = [int(np.argmax(np.stack(faces) @ rest[i])) for i, faces in enumerate(photos)]
        if better == places:
            break
        places = better
    return places


def spread_of(codes: np.ndarray) -> Spread:
    """How alike photos (P, E) are to each other."""
    cosines = pair_cosines(codes)
    if not len(cosines):
        return Spread(None, None, None, 0)
    values = float(np.median(cosines)), float(cosines.min()), float(cosines.max())
    return Spread(*values, len(cosines))


def _unlike(codes: np.ndarray, same: float | None) -> list[int]:
    """Photos of four and more whose face is unlike the others', where a threshold is known."""
    if same is None or len(codes) < 4:
        return []
    alike = codes @ codes.T
    np.fill_diagonal(alike, np.nan)
    return [int(i) for i in np.flatnonzero(np.nanmedian(alike, axis=1) < UNLIKE * same)]


def _faceless(what: str, name: str, left_out: list[tuple[str, str]]) -> str:
    of = f" of {name}" if name else ""
    reasons = "; ".join(f"{file}: {reason}" for file, reason in left_out[:4])
    return f"None of the {what}{of} can be used. {reasons}."
