"""Blurred photos made from good ones: are they told, and is a good one told wrongly?"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.quality.photoset.finding import main_place
from benchmarks.quality.photoset.labels import Labelled, Truth
from benchmarks.quality.photoset.program import Program, Seen, Sight, is_blur
from pidiff_cli.core.faces.align import ffhq_quad
from pidiff_cli.core.images import read_photo, save_png

MOTION = 41 / 256  # of the aligned square's side
SMALL = 40  # px, brow to chin, before it is enlarged
ROOM = 512  # px: a larger aligned square is made so small first, which blurs faster
LEAST = 120  # px, brow to chin, of a photo that is blurred
PHOTOS, MOTIONS = 20, 2


def motion_kernel(length: float, degrees: float) -> np.ndarray:
    """A straight streak through the middle, float32, sum 1."""
    side = int(np.ceil(length)) | 1
    middle, fine = side / 2, 8
    big = np.zeros((side * fine, side * fine), np.float32)
    reach = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]) * length / 2
    ends = [tuple(int(round(v)) for v in (middle + s * reach) * fine) for s in (-1, 1)]
    cv2.line(big, ends[0], ends[1], 1.0, thickness=fine)
    kernel = cv2.resize(big, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum())


def moved(rgb: np.ndarray, side: float, degrees: float) -> np.ndarray:
    """The photo as a moving camera takes it; `side`: px of the face's aligned square."""
    kernel = motion_kernel(MOTION * side, degrees)
    return np.asarray(cv2.filter2D(rgb, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def enlarged(rgb: np.ndarray, height: float) -> np.ndarray:
    """The photo from a copy in which the face, now `height` px, has SMALL."""
    factor = SMALL / height
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC))


def cases(rgb: np.ndarray, landmarks: np.ndarray, rng: random.Random) -> dict[str, np.ndarray]:
    """The blurred copies of one photo."""
    quad = ffhq_quad(landmarks)
    side, height = np.hypot(*(quad[3] - quad[0])), np.ptp(landmarks[:, 1])
    if side > ROOM:
        shrink = ROOM / side
        rgb = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        side, height = side * shrink, height * shrink
    turns = rng.sample(range(0, 180, 15), MOTIONS)
    return {f"motion {turn}": moved(rgb, side, turn) for turn in turns} | {
        "enlarged": enlarged(rgb, height)
    }


def measure(
    photos: list[Labelled], sight: Sight, truth: dict[str, Truth], program: Program, home: Path
) -> dict[str, Any]:
    """Told of 60 blurred ones by kind; good ones, frontal and tight crops, wrongly told."""
    good = _good(photos, sight, truth)
    wrong: dict[str, list[str]] = {"frontal": [], "tight crop": []}
    for photo, place in good:
        if program.told(sight[photo.path.name], place):
            wrong[photo.kind].append(photo.path.name)
    counts = {kind: sum(p.kind == kind for p, _ in good) for kind in wrong}
    return {"blurred": _blurred(good, sight, program, home), "good": counts, "good_told": wrong}


def _blurred(
    good: list[tuple[Labelled, int]], sight: Sight, program: Program, home: Path
) -> dict[str, dict[str, int]]:
    """Kind -> cases; what `prepare` says of the blurred copy beside the good photo: blurred, no
    face, another fault, or nothing (kept); and told where the face is known to lie."""
    large = [(p, i) for p, i in good if sight[p.path.name].faces[i].height >= LEAST]
    made: dict[Path, tuple[Seen, int, bool]] = {}
    for photo, place in random.Random(0).sample(large, min(PHOTOS, len(large))):
        seen, rgb = sight[photo.path.name], read_photo(photo.path)
        points = seen.faces[place].landmarks
        for name, copy in cases(rgb, points, random.Random(photo.path.name)).items():
            path = save_png(home / f"{name} {photo.path.stem}.png", copy)
            factor = copy.shape[0] / rgb.shape[0]
            made[path] = (seen, place, program.told_at(path, factor, seen, place))
    found: dict[str, Counter[str]] = {}
    again = program.see(made)
    for path, (seen, place, where_it_lies) in made.items():
        said = _word(program.reason(again[path.name], seen, place))
        row = found.setdefault(path.name.partition(" ")[0], Counter())
        row.update({"cases": 1, said: 1, "told_where_it_lies": int(where_it_lies)})
    return {kind: dict(row) for kind, row in found.items()}


def _word(reason: str) -> str:
    """What is said, in a word."""
    if is_blur(reason):
        return "told"
    if reason.startswith("no face"):
        return "no_face"
    if not reason or reason.startswith("near duplicate"):  # of the good photo
        return "kept"
    return "otherwise_left_out"


def _good(
    photos: list[Labelled], sight: Sight, truth: dict[str, Truth]
) -> list[tuple[Labelled, int]]:
    """Frontal photos and tight crops whose main face is found, with its place."""
    places = [
        (p, main_place(sight[p.path.name], truth.get(p.path.name)))
        for p in photos
        if p.kind in ("frontal", "tight crop") and not sight[p.path.name].turned
    ]  # fmt: skip
    return [(photo, place) for photo, place in places if place is not None]
