"""Faces found, by class; non-faces taken; where the eyes are; CPU seconds a photo."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.quality.photoset.labels import Labelled, Truth, near
from benchmarks.quality.photoset.program import Program, Seen, Sight


def look(photos: list[Labelled], program: Program) -> tuple[Sight, float]:
    """What the program sees in every photo, and the CPU seconds of one, the start not counted."""
    paths = [photo.path for photo in photos]
    program.see(paths[:1])  # opens every network
    began = time.process_time()
    sight = program.see(paths)
    return sight, (time.process_time() - began) / len(photos)


def main_place(seen: Seen, truth: Truth | None) -> int | None:
    """Which of the faces seen is the photo's main one; None where it was not found.

    The main one is the largest that dlib sees; where it sees none, and where the program turned
    the photo, which dlib does not, the largest that is seen.
    """
    if truth is None or not len(truth.boxes) or seen.turned:
        return 0 if seen.faces else None
    places = [i for i, face in enumerate(seen.faces) if near(np.array(face.box), truth.boxes[0])]
    return places[0] if places else None


def by_class(
    photos: list[Labelled], sight: Sight, truth: dict[str, Truth]
) -> dict[str, dict[str, Any]]:
    """Class -> photos, main faces found, and the names of those without."""
    rows: dict[str, dict[str, Any]] = {}
    for photo in (p for p in photos if p.kind != "none"):
        found = main_place(sight[photo.path.name], truth.get(photo.path.name)) is not None
        for kind in ("all", photo.kind):
            row = rows.setdefault(kind, {"photos": 0, "found": 0, "missed": []})
            row["photos"] += 1
            row["found"] += found
            if not found and kind != "all":
                row["missed"].append(photo.path.name)
    return rows


def non_faces(
    photos: list[Labelled], sight: Sight, truth: dict[str, Truth], program: Program
) -> dict[str, Any]:
    """Photos without a face in which one was taken, among others and alone; and what in other
    photos dlib does not see."""
    paths = {p.path.name: p.path for p in photos if p.kind == "none"}
    empty = list(paths)
    taken = [name for name in empty if sight[name].faces]
    alone_taken = [name for name, path in paths.items() if program.see([path])[name].faces]
    alone = [
        [name, [round(edge) for edge in face.box]]
        for name, told in truth.items() if name in sight and not sight[name].turned
        for face in sight[name].faces
        if name not in empty and len(told.boxes)
        and not any(near(np.array(face.box), box) for box in told.boxes)
    ]  # fmt: skip
    return {"photos": len(empty), "taken": taken, "taken_alone": alone_taken,
            "seen_by_the_program_only": alone}  # fmt: skip


def eyes(photos: list[Labelled], sight: Sight, truth: dict[str, Truth]) -> dict[str, Any]:
    """How far the eyes' centres lie from dlib's, in percent of the distance between its two."""
    errors = []
    for photo in photos:
        told, seen = truth.get(photo.path.name), sight[photo.path.name]
        place = main_place(seen, told)
        if told is None or told.eyes is None or place is None or seen.turned:
            continue
        points = seen.faces[place].landmarks
        centres = np.stack([points[36:42].mean(0), points[42:48].mean(0)])
        unit = np.hypot(*(told.eyes[1] - told.eyes[0]))
        errors += (100 * np.linalg.norm(centres - told.eyes, axis=1) / unit).tolist()
    if not errors:
        return {"eyes": 0, "median": None, "p90": None}
    median, p90 = np.percentile(errors, [50, 90])
    return {"eyes": len(errors), "median": round(float(median), 2), "p90": round(float(p90), 2)}
