"""What copy-paste (core/metrics/pose.py) reads where the truth is known: drawn people.

    python -m benchmarks.quality.copy_paste

Prints which numbers of a face belong to pose and expression rather than to the person, and what
copy-paste says of ideal pictures (the person, in the very poses of the base's pictures: 0 is
right) and of pasted ones (the person, in the photos' poses: 1). No network takes part.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS
from mini.world.context import Context, sample_context
from mini.world.head.features import build_features, landmarks
from mini.world.paint.geometry import Geometry
from mini.world.people import sample_person
from pidiff_cli.core.faces.triage import smile_of
from pidiff_cli.core.metrics.pose import NAMES, SPREAD, copied, pose_of

RESULTS = MEASUREMENTS / "copy_paste.json"
FIRST = 3_000_000  # ids of people that nothing else uses
PEOPLE, PICTURES = 120, 8  # for the spreads
PERSONS, DRAWN = 60, 12  # for the two extremes
OTHERS = ("nose height", "mouth width", "brow height", "eye opening")  # looked at and left out


def points(person: int, context: Context) -> np.ndarray:
    """True landmarks (68, 2) px of a drawing, without drawing it."""
    who = sample_person(person)
    geometry = Geometry(who, context, 256)
    return geometry.frame.to_px(landmarks(geometry, build_features(who, context, geometry)))


def others(p: np.ndarray) -> np.ndarray:
    """The four numbers of OTHERS, lengths as shares of the distance between the eyes."""
    left, right = p[36:42].mean(0), p[42:48].mean(0)
    eyes, across = np.hypot(*(right - left)), right - left
    down = np.array([-across[1], across[0]]) / eyes

    def height(point: np.ndarray) -> float:
        return float((point - (left + right) / 2) @ down / eyes)

    def lids(eye: np.ndarray) -> float:
        return float(np.hypot(*(eye[1] - eye[5])) + np.hypot(*(eye[2] - eye[4]))) / 2

    brow = -height(p[17:27].mean(0))
    nose = height(p[33]) / max(height(p[48:60].mean(0)), 0.1)
    return np.array([nose, smile_of(p), brow, (lids(p[36:42]) + lids(p[42:48])) / 2 / eyes])


def spreads() -> dict[str, dict[str, float]]:
    """Standard deviation of each number within a person and between people."""
    rng = np.random.default_rng(0)
    rows = np.stack([
        [np.concatenate([pose_of(p) * SPREAD, others(p)])
         for p in (points(FIRST + i, sample_context(rng, style="photo")) for _ in range(PICTURES))]
        for i in range(PEOPLE)
    ])  # (people, pictures, 8)  # fmt: skip
    within = np.sqrt(rows.var(1, ddof=1).mean(0))
    between = np.sqrt(np.maximum(rows.mean(1).var(0) - within**2 / PICTURES, 1e-12))
    return {
        name: {"within": float(w), "between": float(b), "ratio": float(w / b)}
        for name, w, b in zip((*NAMES, *OTHERS), within, between, strict=True)
    }


def extremes(photos: int) -> dict[str, Any]:
    """Copy-paste of ideal and of pasted pictures, person by person, with so many photos each."""
    rng = np.random.default_rng(photos)
    ideal, pasted = [], []
    for i in range(PERSONS):
        me = FIRST + 100_000 + i
        taken = [sample_context(rng, style="photo") for _ in range(photos)]
        asked = [sample_context(rng) for _ in range(DRAWN)]
        own = [pose_of(points(me, context)) for context in taken]
        base = [
            pose_of(points(FIRST + 200_000 + 100 * i + j, context))
            for j, context in enumerate(asked)
        ]
        true = copied([pose_of(points(me, context)) for context in asked], base, own)
        same = copied([own[j % photos] for j in range(DRAWN)], base, own)
        if true and same:
            ideal.append(true.value)
            pasted.append(same.value)
    low, middle, high = (float(v) for v in np.quantile(ideal, [0.1, 0.5, 0.9]))
    return {
        "photos": photos, "people": PERSONS, "measurable": len(ideal), "ideal_median": middle,
        "ideal_10": low, "ideal_90": high, "pasted_median": float(np.median(pasted)),
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    parser = command_line("benchmarks.quality.copy_paste", __doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    found: dict[str, Any] = {"spreads": spreads(), "extremes": [extremes(n) for n in (1, 4, 6)]}
    found |= {"on": machine(), "script": "benchmarks.quality.copy_paste"}
    args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print("| number | within a person | between people | ratio | used |\n|---|---|---|---|---|")
    for name, row in found["spreads"].items():
        used = "yes" if name in NAMES else "no"
        numbers = f"{row['within']:.3f} | {row['between']:.3f} | {row['ratio']:.1f}"
        print(f"| {name} | {numbers} | {used} |")
    print("\n| photos | measurable | ideal: median (10 to 90 %) | pasted |\n|---|---|---|---|")
    for row in found["extremes"]:
        spread = f"{row['ideal_median']:.2f} ({row['ideal_10']:.2f} to {row['ideal_90']:.2f})"
        share = f"{row['measurable']} of {row['people']}"
        print(f"| {row['photos']} | {share} | {spread} | {row['pasted_median']:.2f} |")


if __name__ == "__main__":
    main()
