"""Photos as `prepare` would take them, told before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pidiff_cli.config import PrepareConfig
from pidiff_cli.errors import PidiffError
from pidiff_cli.files import said
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.prepare.photos import Album, PhotoCandidate, Seen, read_album
from pidiff_cli.stages.prepare.run import advice_on
from pidiff_cli.stages.prepare.select import Selection, select_photos

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class LookedPhoto:
    """One photo: its faces, and whether it would be kept.

    Attributes:
        picture: its working copy, upright, uint8 (H, W, 3), the longer side at most 1024 px; None
            where it could not be read.
        boxes: left, top, width, height of each face, shares of the copy's sides, the largest
            face first. chosen: which of them is the person's; None where that is not known.
        why: the reason where it is left out. notes: what is worth knowing of a kept one.
    """

    path: Path
    picture: np.ndarray | None = None
    boxes: tuple[Box, ...] = ()
    chosen: int | None = None
    kept: bool = False
    why: str = ""
    quality: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class LookResult:
    """All photos in their order; which to add next; what keeps a choice from being made, or ""."""

    photos: tuple[LookedPhoto, ...]
    advice: str = ""
    problem: str = ""


def look(config: PrepareConfig, seen: Seen) -> LookResult:
    """What `prepare` would make of photos. Nothing is written.

    Args:
        seen: what was seen of them before; it is added to.
    """
    paths = list(config.photos)
    album = read_album(config, paths, lambda: None, seen=seen)
    reasons = {item.file: item.reason for item in album.rejected}
    kept: dict[Path, Choice] = {}
    ranks: dict[Path, int] = {}
    advice = problem = ""
    if any(candidate.faces for candidate in album.candidates):
        try:
            selection = select_photos(config, album)
            reasons |= {item.file: item.reason for item in selection.rejected}
            kept = {choice.candidate.path: choice for choice in selection.kept}
            ranks = selection.ranks
            advice = _advice(selection, album)
        except PidiffError as error:
            problem = error.message
    read = {candidate.path: candidate for candidate in album.candidates}
    told = [_told(p, read.get(p), kept.get(p), reasons.get(said(p), "")) for p in paths]
    weighed = (replace(one, chosen=ranks.get(one.path)) for one in told)
    return LookResult(tuple(weighed), advice, problem)


def _told(
    path: Path, candidate: PhotoCandidate | None, choice: Choice | None, reason: str
) -> LookedPhoto:
    if candidate is None:
        return LookedPhoto(path, why=reason)
    height, width = candidate.work.shape[:2]
    across, down = width * candidate.factor, height * candidate.factor
    boxes = tuple(
        (x0 / across, y0 / down, (x1 - x0) / across, (y1 - y0) / down)
        for x0, y0, x1, y1 in (face.box for face in candidate.faces)
    )
    if choice is None:
        why = reason or ("" if candidate.faces else "no face found")
        return LookedPhoto(path, candidate.work, boxes, why=why)
    return LookedPhoto(
        path, candidate.work, boxes, choice.rank, True, "", choice.quality, choice.notes
    )


def _advice(selection: Selection, album: Album) -> str:
    return advice_on(selection.kept, album) if selection.kept else ""
