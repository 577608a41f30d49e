"""Files and folders -> photos that could be read, with the faces in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import Face, find_faces
from pidiff_cli.core.faces.mini_detector import candidates
from pidiff_cli.core.images import PhotoError, read_photo, shrink
from pidiff_cli.errors import InputError
from pidiff_cli.stages.results import RejectedPhoto

WORK_SIDE = 1024  # px, longer side of the working copies
SMALL_PICTURE = 0.15  # in a small picture a face of this share of its short side is enough
HINT = "Photos where the face is sharp and fills more of the picture will work."


@dataclass(frozen=True)
class PhotoCandidate:
    """A photo that could be read, its faces, and what triage needs to know about it."""

    path: Path
    work: np.ndarray  # uint8 (H, W, 3), longer side at most 1024
    needs: float  # px of the original, smallest face allowed
    faces: tuple[Face, ...]  # in pixels of the original
    aligned: tuple[np.ndarray, ...]  # uint8 (S, S, 3) of each face
    inside: tuple[bool, ...]  # whether each face lies in the picture
    factor: float  # original over working copy
    hash: np.ndarray
    largest_candidate: float  # px, face height of the best doubtful place


def read_candidate(path: Path, config: PrepareConfig) -> PhotoCandidate:
    """Read a photo, find its faces and align them.

    Raises:
        PhotoError: it cannot be read, or is too small.
    """
    rgb = read_photo(path, config.max_pixels)
    height, width = rgb.shape[:2]
    if min(height, width) < 32:
        raise PhotoError(path, f"too small ({width} x {height} px)")
    faces = tuple(find_faces(rgb, models=config.home / "models"))
    largest = 0.0
    if not faces:
        largest = max((c.side for c in candidates(rgb)), default=0.0) * 0.5
    work, factor = shrink(rgb, WORK_SIDE)
    return PhotoCandidate(
        path=path,
        work=np.ascontiguousarray(work),
        needs=min(config.min_face, max(32.0, SMALL_PICTURE * min(height, width))),
        faces=faces,
        aligned=tuple(align_face(rgb, f.landmarks, config.face_size) for f in faces),
        inside=tuple(not triage.cut_off(f.landmarks, height, width) for f in faces),
        factor=factor,
        hash=triage.picture_hash(rgb),
        largest_candidate=largest,
    )


def need_faces(
    config: PrepareConfig,
    paths: list[Path],
    candidates: list[PhotoCandidate],
    rejected: list[RejectedPhoto],
) -> None:
    if any(candidate.faces for candidate in candidates):
        return
    where = f" of {config.photos[0]}" if len(config.photos) == 1 else ""
    if not candidates:
        if len(rejected) == 1:
            raise InputError(f"{Path(rejected[0].file).name}: {rejected[0].reason}.")
        lines = "; ".join(f"{Path(r.file).name}: {r.reason}" for r in rejected[:6])
        raise InputError(
            f"None of the {len(paths)} files{where} can be read as a picture. {lines}."
        )
    largest = max(candidate.largest_candidate for candidate in candidates)
    if largest < config.min_face:
        hint = f"Largest candidates were under {max(40, int(largest) + 1)} px " + (
            f"(needs {config.min_face}): {HINT[0].lower()}{HINT[1:]}"
        )
    else:
        hint = HINT
    count = (
        f"any of the {len(candidates)} pictures{where}"
        if len(candidates) > 1
        else candidates[0].path.name
    )
    raise InputError(f"No face found in {count}.", hint)
