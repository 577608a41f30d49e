"""Prints where the program stands on real photographs.

    python -m benchmarks.quality.real_photographs FOLDER --truth TRUTH.json --out FIGURES.json
    python -m benchmarks.quality.real_photographs FOLDER --only finding,pairs

FOLDER is what `benchmarks.quality.photoset.gather` makes of a list of public files; TRUTH.json is
written by `benchmarks/quality/photoset/truth.py` in an environment of its own. Parts: finding
(faces, eyes, CPU seconds), pairs, blurring, folders, tight, timing. Each is run on one thread in a
home of its own, so the free face networks that came with the set-up are what is measured. Seeds
are fixed; small classes are counts.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import torch

from benchmarks.commands import command_line
from benchmarks.machine import machine, table
from benchmarks.quality.photoset import blurring, finding, folders, pairs, timing
from benchmarks.quality.photoset.labels import Labelled, read_labels, read_truth
from benchmarks.quality.photoset.program import Program

PARTS = ("finding", "pairs", "blurring", "folders", "tight", "timing")
CLASSES = ("all", "frontal", "tight crop", "group", "occluded", "profile", "turned", "blur", "?")


def measure(folder: Path, truth_file: Path | None, only: set[str], home: Path) -> dict[str, Any]:
    """The figures of every part asked for."""
    photos, truth = read_labels(folder), read_truth(truth_file)
    found: dict[str, Any] = {"photos": len(photos)}
    program = Program(home)
    if only & {"finding", "pairs", "blurring"}:
        sight, cpu = finding.look(photos, program)
        if "finding" in only:
            found["found"] = finding.by_class(photos, sight, truth)
            found["non_faces"] = finding.non_faces(photos, sight, truth, program)
            found["eyes"] = finding.eyes(photos, sight, truth)
            found["cpu_a_photo"] = round(cpu, 3)
        if "pairs" in only:
            found["pairs"] = pairs.measure(photos, sight, truth)
        if "blurring" in only:
            found["blurring"] = blurring.measure(photos, sight, truth, program, home)
    return found | _with_folders(photos, only, home)


def _with_folders(photos: list[Labelled], only: set[str], home: Path) -> dict[str, Any]:
    """The parts that run `prepare` on folders."""
    found: dict[str, Any] = {}
    if "folders" in only:
        found["folders"] = folders.measure(photos, False, home / "folders")
    if "tight" in only:
        found["tight"] = folders.measure(photos, True, home / "folders")
    if "timing" in only:
        found["timing"] = timing.measure(photos, home / "timing")
    return found


def rows(found: dict[str, Any]) -> list[dict[str, str]]:
    """The table: figure, measured."""
    told: dict[str, str] = {}
    for kind in CLASSES:
        if row := found.get("found", {}).get(kind):
            told[f"main face found, {kind}"] = f"{row['found']} of {row['photos']}"
    if "eyes" in found:
        empty, at = found["non_faces"], found["eyes"]
        told["photos without a face in which one is taken"] = _of(empty["taken"], empty["photos"])
        told["the same, each alone"] = _of(empty["taken_alone"], empty["photos"])
        told["eye centres off dlib's, median / p90 (% of the eye distance)"] = (
            f"{at['median']} / {at['p90']} ({at['eyes']} eyes)"
        )
        told["CPU seconds a photo, one thread, start not counted"] = str(found["cpu_a_photo"])
    if row := found.get("pairs"):
        told["AUC; true accepts at 1 % false ones"] = f"{row['auc']}; {row['tar_at_far_1']}"
        told[f"false; true accepts at {row['network']}'s threshold {row['threshold']:.3f}"] = (
            f"{row['far']}; {row['tar']} ({row['faces']} faces of {row['people']} people)"
        )
    return [{"figure": k, "measured": v} for k, v in (told | _later(found)).items()]


def _later(found: dict[str, Any]) -> dict[str, str]:
    told: dict[str, str] = {}
    if row := found.get("blurring"):
        for kind, case in row["blurred"].items():
            words = ("no_face", "otherwise_left_out", "kept")
            rest = ", ".join(f"{case[w]} {w.replace('_', ' ')}" for w in words if w in case)
            told[f"blurred by {kind}: told beside the good photo"] = (
                f"{case.get('told', 0)} of {case['cases']}" + (f" ({rest})" if rest else "")
            )
            told[f"blurred by {kind}: told where the face is known to lie"] = (
                f"{case['told_where_it_lies']} of {case['cases']}"
            )
        for kind, count in row["good"].items():
            told[f"good, {kind}: wrongly told blurred"] = _of(row["good_told"][kind], count)
    for part in ("folders", "tight"):
        if row := found.get(part):
            told |= _folder_rows(part, row)
    if row := found.get("timing"):
        told[f"wall seconds for prepare of {row['photos']} photos, two cores"] = (
            f"{row['wall_seconds_two_threads']} ({row['kept']} kept; load {row['load_before']})"
        )
        told["CPU seconds a photo of that, start and writing too, one thread"] = str(
            row["cpu_a_photo_with_start"]
        )
    return told


def _folder_rows(part: str, row: dict[str, Any]) -> dict[str, str]:
    why = ", ".join(f"{n} {word}" for word, n in row["own_left_out"].items())
    kept = f"{row.get('own_kept', 0)} of {row['own']}" + (f" ({why})" if why else "")
    return {
        f"{part}: own kept": kept,
        f"{part}: strangers kept": f"{row.get('strangers_kept', 0)} of {row['strangers']}",
        f"{part}: strangers' groups kept": f"{row.get('groups_kept', 0)} of {row['groups']}",
        f"{part}: wrong main person": _of(row["wrong_main_person"], row["folders"]),
        f"{part}: ended without a profile": _of(row["ended"], row["folders"]),
    }


def _of(names: list[Any], count: int) -> str:
    return f"{len(names)} of {count}"


def main() -> None:
    """Measure, print, write."""
    parser = command_line("benchmarks.quality.real_photographs", __doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    only = set(args.only.split(","))
    if unknown := only - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="photographs") as home:
        found = measure(args.folder, args.truth, only, Path(home))
    print(table(rows(found)))
    if args.out:
        old = json.loads(args.out.read_text()) if args.out.is_file() else {}
        args.out.write_text(json.dumps({**old, **found, "on": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
