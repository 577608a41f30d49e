"""Which face of each photo is the person's, and which photos are left out and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.detect import Face, published_faces
from pidiff_cli.core.faces.recognise import embed_faces, load_embedder
from pidiff_cli.errors import InputError
from pidiff_cli.stages.prepare.photos import PhotoCandidate
from pidiff_cli.stages.results import RejectedPhoto

STRANGER = 0.35  # cosine to the main person below which a face is somebody else's


@dataclass(frozen=True)
class Choice:
    """The person's face in a photo."""

    candidate: PhotoCandidate
    face: Face
    aligned: np.ndarray
    inside: bool
    sharp: float
    code: np.ndarray
    likeness: float

    @property
    def quality(self) -> float:
        """0 to 1 from sharpness, size, frontality and the detector's score."""
        size = min(1.0, self.face.height / 200)
        front = 1 - 0.4 * abs(triage.turn_of(self.face.landmarks))
        return round(float(np.clip(min(1, 1.4 * self.sharp) * front * (0.6 + 0.4 * size), 0, 1)), 3)


def select_photos(
    config: PrepareConfig, candidates: list[PhotoCandidate]
) -> tuple[list[Choice], list[RejectedPhoto]]:
    published = published_faces(config.home / "models")
    embedder = load_embedder(published) if published else load_embedder()
    codes = [embed_faces(embedder, list(candidate.aligned)) for candidate in candidates]
    seen = [
        triage.Seen(i, face.height, codes[i][k])
        for i, candidate in enumerate(candidates)
        for k, face in enumerate(candidate.faces)
    ]
    person = triage.main_person(seen, len(candidates))
    if person is None:
        raise InputError(
            "Several people are in these photos, and none stands out.",
            "Add a photo that shows the person alone, or cut the others away.",
        )
    kept: list[Choice] = []
    rejected: list[RejectedPhoto] = []
    for candidate, candidate_codes in zip(candidates, codes, strict=True):
        choice = _choose(candidate, candidate_codes, person)
        reason = _fault(choice, candidate, config)
        if reason or choice is None:
            rejected.append(RejectedPhoto(str(candidate.path), reason))
        else:
            kept.append(choice)
    return _drop_duplicates(kept, rejected)


def _choose(candidate: PhotoCandidate, codes: np.ndarray, person: np.ndarray) -> Choice | None:
    if not candidate.faces:
        return None
    alike = codes @ person
    best = int(np.argmax(alike))
    return Choice(
        candidate,
        candidate.faces[best],
        candidate.aligned[best],
        candidate.inside[best],
        triage.sharpness(candidate.aligned[best]),
        codes[best],
        float(alike[best]),
    )


def _fault(choice: Choice | None, candidate: PhotoCandidate, config: PrepareConfig) -> str:
    """Why a photo is left out; empty when it serves."""
    if choice is None:
        size = candidate.largest_candidate
        return f"no face found (largest candidate {size:.0f} px)" if size else "no face found"
    if choice.likeness < STRANGER:
        return f"another person (likeness {choice.likeness:.2f}, needs {STRANGER:.2f})"
    if choice.face.height < candidate.needs:
        place = candidate.faces.index(choice.face)
        small = f"too small ({choice.face.height:.0f} px, needs {candidate.needs:.0f})"
        if place == 0:
            return f"the face is {small}"
        return f"another person is nearer the camera; {config.name} is {small}"
    if not choice.inside:
        return "the face is cut off by the picture's edge"
    if choice.sharp < config.min_sharpness:
        return f"too blurred (sharpness {choice.sharp:.2f}, needs {config.min_sharpness:.2f})"
    return ""


def _drop_duplicates(
    kept: list[Choice], rejected: list[RejectedPhoto]
) -> tuple[list[Choice], list[RejectedPhoto]]:
    """Of pictures that are nearly the same the best stays."""
    best: list[Choice] = []
    for one in sorted(kept, key=lambda c: (-c.quality, -c.candidate.factor, kept.index(c))):
        twin = next((other for other in best if _twins(one, other)), None)
        if twin is None:
            best.append(one)
        else:
            name = twin.candidate.path.name
            rejected.append(RejectedPhoto(str(one.candidate.path), f"near duplicate of {name}"))
    return [c for c in kept if c in best], rejected


def _twins(one: Choice, other: Choice) -> bool:
    if triage.hash_distance(one.candidate.hash, other.candidate.hash) < triage.SAME_HASH:
        return True
    faces = triage.hash_distance(
        triage.picture_hash(one.aligned), triage.picture_hash(other.aligned)
    )
    return faces < 0.6 * triage.SAME_HASH and float(one.code @ other.code) > 0.97
