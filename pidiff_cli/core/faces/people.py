"""Who is in a set of photos: faces grouped into people, the one that most photos show first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidiff_cli.core.faces.thresholds import Threshold

RIVAL = 0.93  # of the first person's weight: from here on it is not plain whose photos they are


@dataclass(frozen=True)
class Seen:
    """One face of one photo.

    Attributes:
        photo: index of its photo.
        height: brow to chin in pixels.
        code: (E,) embedding, unit length.
    """

    photo: int
    height: float
    code: np.ndarray


@dataclass(frozen=True)
class Person:
    """Faces that are one person's.

    Attributes:
        faces: indices of faces, one a photo at most.
        photos: indices of their photos, in the same order.
        code: (E,) unit length, the mean over the faces.
        weight: the sum over the photos of the face's size against the largest in its photo.
    """

    faces: tuple[int, ...]
    photos: tuple[int, ...]
    code: np.ndarray
    weight: float


def group_people(seen: list[Seen], threshold: Threshold) -> list[Person]:
    """The people in the photos, the one with most weight first.

    Average linkage on cosines, cut at the network's threshold for pairs: a person's faces hang
    together through the whole group, and one face that resembles a stranger does not join them.
    Faces of one photo are different people's.
    """
    if not seen:
        return []
    shares = _shares(seen)
    groups = _linked(seen, threshold.pair)
    people = [_person(group, seen, shares) for group in groups]
    return sorted(people, key=lambda p: (-p.weight, -max(seen[i].height for i in p.faces)))


def undecided(people: list[Person]) -> bool:
    """Whether a second person is in as many photos, as large, so that nobody can tell who is meant.

    Two photos of one person each say too little for a question: the larger face is meant.
    """
    if len(people) < 2 or people[1].weight <= RIVAL * people[0].weight:
        return False
    together = set(people[0].photos) & set(people[1].photos)
    return bool(together) or len(people[0].photos) > 1


def _shares(seen: list[Seen]) -> np.ndarray:
    """(F,) each face's height against the largest of its photo."""
    largest: dict[int, float] = {}
    for face in seen:
        largest[face.photo] = max(largest.get(face.photo, 0.0), face.height)
    return np.array([face.height / largest[face.photo] for face in seen])


def _linked(seen: list[Seen], least: float) -> list[list[int]]:
    if len(seen) == 1:
        return [[0]]
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    codes, photos = np.stack([s.code for s in seen]), np.array([s.photo for s in seen])
    apart = 1 - np.clip(codes @ codes.T, -1, 1).astype(np.float64)
    apart[photos[:, None] == photos] = 2.0
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), "average")
    labels = fcluster(tree, 1 - least, "distance")
    return [list(np.flatnonzero(labels == label)) for label in np.unique(labels)]


def _person(group: list[int], seen: list[Seen], shares: np.ndarray) -> Person:
    """Of two faces in one photo (a mirror, a collage) the one more like the group stays."""
    mean = np.sum([seen[i].code for i in group], axis=0)
    best: dict[int, int] = {}
    for i in sorted(group, key=lambda i: -float(seen[i].code @ mean)):
        best.setdefault(seen[i].photo, i)
    faces = sorted(best.values())
    code = np.sum([seen[i].code for i in faces], axis=0)
    return Person(
        tuple(faces),
        tuple(seen[i].photo for i in faces),
        code / max(float(np.linalg.norm(code)), 1e-9),
        float(shares[faces].sum()),
    )
