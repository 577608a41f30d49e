"""Likeness of pictures that are there, where their person's profile is here too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pidiff_cli.core.faces.reader import likeness
from pidiff_cli.core.images import read_photo
from pidiff_cli.errors import PidiffError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.faces import aligned_faces, open_reader
from pidiff_cli.stages.gallery.entry import LARGEST, Entry
from pidiff_cli.stages.opening import base_of
from pidiff_cli.stages.progress import Progress


def measured(
    entries: Sequence[Entry], people: dict[str, Profile], home: Path, progress: Progress
) -> list[Entry]:
    """The entries with the likeness of those that had none: the mean cosine with the photos, as
    `generate` tells it. Where it cannot be measured it stays None, and one line says why.

    Args:
        people: the profiles of this home by their ids.
    """
    found: dict[Path, float] = {}
    for key, profile in people.items():
        own = [e for e in entries if e.record.profile == key and e.likeness is None]
        if not own:
            continue
        try:
            found |= dict(_of(profile, own, home))
        except PidiffError as error:
            progress.warn(f"The likeness of {profile.name} cannot be measured: {error.message}")
    return [replace(e, likeness=found[e.path]) if e.path in found else e for e in entries]


def _of(profile: Profile, entries: Sequence[Entry], home: Path) -> Iterator[tuple[Path, float]]:
    reader = open_reader(base_of(home, profile).faces)
    faces = [*aligned_faces(profile).values()]
    if reader is None or not faces:
        raise PidiffError("it holds no photos." if reader else "there are no face networks here.")
    reference = reader.embed(faces)
    for entry in entries:
        face = reader.embedding(read_photo(entry.path, LARGEST))
        if face is not None:
            yield entry.path, round(likeness(face, reference), 4)
