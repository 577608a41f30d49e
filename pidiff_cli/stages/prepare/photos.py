"""Files and folders -> photos that could be read, with the faces in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.faces import triage
from pidiff_cli.core.faces.detect import Face, published_faces
from pidiff_cli.core.faces.drawn import are_drawn
from pidiff_cli.core.faces.mini_detector import candidates
from pidiff_cli.core.faces.networks import FaceNetworks, drawn_networks, open_networks
from pidiff_cli.core.faces.sharpness import Blur
from pidiff_cli.core.images import PhotoError, read_photo, shrink
from pidiff_cli.errors import InputError
from pidiff_cli.files import said
from pidiff_cli.stages.results import RejectedPhoto

WORK_SIDE = 1024  # px, longer side of the working copies
SMALL_PICTURE = 0.15  # in a small picture a face of this share of its short side is enough
#: Detector's scores: a photo whose face has less than the first is looked at turned, too; what a
#: face then needs, and by how much it has to be surer. Turned to lie, faces have up to 0.88.
PLAINLY_UPRIGHT, SURE_TURNED, SURER = 0.9, 0.9, 0.04
AT_ONCE = 2  # photos that are looked at together
HINT = "Photos where the face is sharp and fills more of the picture will work."


@dataclass(frozen=True)
class PhotoCandidate:
    """A photo that could be read, its faces, and what triage needs to know about it."""

    path: Path
    work: np.ndarray  # uint8 (H, W, 3), longer side at most 1024
    needs: float  # px of the original, smallest face allowed
    faces: tuple[Face, ...]  # in pixels of the original
    codes: np.ndarray  # (F, E) unit length
    inside: tuple[bool, ...]  # whether each face lies in the picture
    factor: float  # original over working copy
    hash: np.ndarray
    largest_candidate: float  # px, face height of the best doubtful place
    turned: int = 0  # quarter turns to the left that brought the face upright
    faint: Blur | None = None  # of a face that only the detector sees
    squares: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, repr=False)
    """Aligned faces that were cut out already, by the face and the square's side."""


@dataclass(frozen=True)
class Album:
    """What could be read, by which networks, and what could not and why."""

    candidates: list[PhotoCandidate]
    rejected: list[RejectedPhoto]
    networks: FaceNetworks


class Seen:
    """What was seen in photos: one is looked at once by each set of networks, and not again."""

    def __init__(self) -> None:
        self._looks: dict[tuple[Path, bool], PhotoCandidate | PhotoError] = {}

    def look(self, path: Path, config: PrepareConfig, networks: FaceNetworks) -> PhotoCandidate:
        """Read a photo and find its faces, where that is not known. Raises PhotoError."""
        key = path, networks.folder is not None
        if key not in self._looks:
            try:
                rgb = read_photo(path, config.max_pixels)
                self._looks[key] = look_at(path, rgb, config, networks)
            except PhotoError as error:
                self._looks[key] = error
        found = self._looks[key]
        if isinstance(found, PhotoError):
            raise found
        return found


def read_album(
    config: PrepareConfig,
    paths: list[Path],
    tick: Callable[[], None],
    again: Callable[[], None] = lambda: None,
    seen: Seen | None = None,
) -> Album:
    """Read photos and look for faces, with the networks for what they are.

    The published networks look first, where they are here; drawn portraits, and pictures in
    which they see nobody, are looked at again by mini's own.

    Args:
        tick: called after each photo; again: before all are looked at a second time.
        seen: what was seen in some of them, to be added to.
    """
    seen = seen or Seen()
    folder = published_faces(config.home / "models")
    if folder is None:
        return _read(config, paths, drawn_networks(), tick, seen)
    album = _read(config, paths, open_networks(folder), tick, seen)
    codes = [candidate.codes for candidate in album.candidates if candidate.faces]
    if codes and not (album.networks.tells_worlds and are_drawn(np.concatenate(codes))):
        return album
    again()
    return _read(config, paths, drawn_networks(), tick, seen)


def _read(
    config: PrepareConfig, paths: list[Path], networks: FaceNetworks, tick: Callable[[], None],
    seen: Seen,
) -> Album:  # fmt: skip
    album = Album([], [], networks)
    for path, looked in zip(paths, _looked(config, paths, networks, seen), strict=True):
        try:
            album.candidates.append(looked())
        except PhotoError as error:
            album.rejected.append(RejectedPhoto(said(path), error.reason))
        tick()
    return album


def _looked(
    config: PrepareConfig, paths: Iterable[Path], networks: FaceNetworks, seen: Seen
) -> Iterator[Callable[[], PhotoCandidate]]:
    """Photos in order, some looked at ahead: decoding and networks hold no lock of Python's.

    mini's networks, whose finder keeps a state, look at one after the other.
    """

    def look(path: Path) -> PhotoCandidate:
        return seen.look(path, config, networks)

    workers = AT_ONCE if networks.folder is not None else 1
    with ThreadPoolExecutor(workers) as pool:
        waiting = []
        for path in paths:
            waiting.append(pool.submit(look, path))
            if len(waiting) > 2 * workers:
                yield waiting.pop(0).result
        for one in waiting:
            yield one.result


def look_at(
    path: Path, rgb: np.ndarray, config: PrepareConfig, networks: FaceNetworks
) -> PhotoCandidate:
    """Find the faces of a photo, uint8 (H, W, 3), and embed them.

    Raises:
        PhotoError: it is too small.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < 32:
        raise PhotoError(path, f"too small ({width} x {height} px)")
    rgb, faces, turned = _find_turned(rgb, networks)
    work, factor = shrink(rgb, WORK_SIDE)
    largest = 0.0
    if not faces and networks.folder is None:
        largest = max((c.side for c in candidates(rgb)), default=0.0) * 0.5
    return PhotoCandidate(
        path=path,
        work=np.ascontiguousarray(work),
        needs=min(config.min_face, max(32.0, SMALL_PICTURE * min(height, width))),
        faces=faces,
        codes=networks.embed(rgb, faces) if faces else np.zeros((0, 1), np.float32),
        inside=tuple(not triage.cut_off(f.landmarks, *rgb.shape[:2]) for f in faces),
        factor=factor,
        hash=triage.picture_hash(rgb),
        largest_candidate=largest,
        turned=turned,
        faint=None if faces else networks.faint(rgb),
    )


def _find_turned(
    rgb: np.ndarray, networks: FaceNetworks
) -> tuple[np.ndarray, tuple[Face, ...], int]:
    """The photo with its faces upright: a sideways one, without word of it in the file, is turned.

    The detector sees some faces that lie, less surely, and their points are wrong. Only by the
    published networks, which have almost never taken a thing for a face.
    """
    best = rgb, tuple(networks.find(rgb)), 0
    if networks.folder is None or _surest(best[1]) >= PLAINLY_UPRIGHT:
        return best
    least = max(SURE_TURNED, _surest(best[1]) + SURER)
    for turned in (1, 3, 2):
        lying = np.ascontiguousarray(np.rot90(rgb, turned))
        faces = tuple(networks.find(lying))
        if _surest(faces) >= least:
            best, least = (lying, faces, turned), _surest(faces)
    return best


def _surest(faces: tuple[Face, ...]) -> float:
    return max((face.score for face in faces), default=0.0)


def need_faces(
    config: PrepareConfig,
    paths: list[Path],
    candidates: list[PhotoCandidate],
    rejected: list[RejectedPhoto],
) -> None:
    if any(candidate.faces for candidate in candidates):
        return
    where = f" of {said(config.photos[0])}" if len(config.photos) == 1 else ""
    if not candidates:
        if len(rejected) == 1:
            raise InputError(f"{Path(rejected[0].file).name}: {rejected[0].reason}.")
        lines = "; ".join(f"{Path(r.file).name}: {r.reason}" for r in rejected[:6])
        raise InputError(
            f"None of the {len(paths)} files{where} can be read as a picture. {lines}."
        )
    count = (
        f"any of the {len(candidates)} pictures{where}"
        if len(candidates) > 1
        else said(candidates[0].path.name)
    )
    raise InputError(f"No face found in {count}.", _hint(config, candidates))


def _hint(config: PrepareConfig, candidates: list[PhotoCandidate]) -> str:
    largest = max(candidate.largest_candidate for candidate in candidates)
    if largest >= config.min_face:
        return HINT
    return f"Largest candidates were under {max(40, int(largest) + 1)} px " + (
        f"(needs {config.min_face}): {HINT[0].lower()}{HINT[1:]}"
    )
