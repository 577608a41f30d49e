"""Blind line-ups: who is drawn and who is offered, sheets without a key, and the score."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.quality.dolls import Doll
from benchmarks.quality.photo_people import LEARNT, PhotoPerson
from pidiff_cli.core.images import save_png

OFFERED, CELL, GAP = 6, 192, 6
HAIR = ("hair_L", "hair_b", "hair_low", "wide_mouth", "wide_chin", "hair_area")


def own_deviations(rows: np.ndarray) -> np.ndarray:
    """(K, J) in deviations of its own columns; the middle where nothing was seen."""
    rows = np.where(np.isfinite(rows), rows, np.nanmedian(rows, axis=0))
    return np.asarray((rows - rows.mean(0)) / (rows.std(0) + 1e-9))


def alike(people: list[PhotoPerson], names: Sequence[str], marks: dict[str, str]) -> np.ndarray:
    """How unlike in sex and hair people are (K, K)."""
    hair = [names.index(name) for name in HAIR]
    rows = own_deviations(np.array([np.nanmean(p.measures, axis=0)[hair] for p in people]))
    gaps = np.linalg.norm(rows[:, None] - rows[None], axis=-1)
    words = [next((marks[f] for f in p.files if f in marks), "") for p in people]
    for a, one in enumerate(words):
        for b, other in enumerate(words):
            if one and other:
                unlike = 0 if one == other else 1 if one.split()[0] == other.split()[0] else 2
                gaps[a, b] += 100 * unlike
    return gaps


def line_ups(unlike: np.ndarray, count: int, seed: int) -> list[dict[str, Any]]:
    """Who is drawn, who is offered (the person among OFFERED), in random order."""
    rng, made = np.random.default_rng(seed), []
    order = [int(k) for _ in range(-(-count // len(unlike))) for k in rng.permutation(len(unlike))]
    for k in order[:count]:
        near = [int(j) for j in np.argsort(unlike[k], kind="stable") if j != k][: 2 * OFFERED - 2]
        same = [j for j in near if unlike[k, j] < 100]
        pool = same if len(same) >= OFFERED - 1 else near[: OFFERED - 1]
        offered = [k, *(int(j) for j in rng.choice(pool, OFFERED - 1, replace=False))]
        made.append({"person": k, "offered": [int(j) for j in rng.permutation(offered)],
                     "photos": [int(rng.integers(1 << 30)) for _ in offered]})  # fmt: skip
    return made


def write_sheets(
    people: list[PhotoPerson], dolls: list[Doll], chosen: list[dict[str, Any]], out: Path
) -> None:
    """A sheet a line-up, and the key apart from them."""
    out.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(chosen):
        doll = dolls[row["person"]]
        top = [_cell(picture) for picture in doll.pictures[:OFFERED]]
        faces = [
            _shown(people[j], pick) for j, pick in zip(row["offered"], row["photos"], strict=True)
        ]
        below = [_cell(face, str(i + 1)) for i, face in enumerate(faces)]
        top += [np.full_like(below[0], 255)] * (len(below) - len(top))
        save_png(
            out / f"{number:02d}.png",
            np.concatenate([np.concatenate(top, 1), np.concatenate(below, 1)]),
        )
    key = {str(n): row["offered"].index(row["person"]) + 1 for n, row in enumerate(chosen)}
    (out / "key.json").write_text(json.dumps(key))


def _shown(person: PhotoPerson, pick: int) -> np.ndarray:
    """A photo that the person was not drawn from, where there is one."""
    kept = (
        range(LEARNT, len(person.faces)) if len(person.faces) > LEARNT else range(len(person.faces))
    )
    return np.asarray(person.faces[kept[pick % len(kept)]])


def _cell(picture: np.ndarray, text: str = "") -> np.ndarray:
    side = CELL - 2 * GAP
    cell = np.full((CELL, CELL, 3), 255, np.uint8)
    cell[GAP:-GAP, GAP:-GAP] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    if text:
        cv2.putText(cell, text, (12, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (255, 0, 0), 3)
    return cell


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share, part = right / count, z * z / count
    middle = (share + part / 2) / (1 + part)
    reach = z / (1 + part) * np.sqrt(share * (1 - share) / count + part / (4 * count))
    return round(float(middle - reach), 2), round(float(middle + reach), 2)


def score(answers: Path) -> str:
    """How many lines "number choice" are as the key beside them says."""
    key = json.loads((answers.parent / "key.json").read_text())
    lines = [line.split() for line in answers.read_text().splitlines() if line.strip()]
    right = sum(key[str(int(number))] == int(choice) for number, choice, *_ in lines)
    low, high = wilson(right, len(lines))
    return f"{right} of {len(lines)} = {right / len(lines):.2f}, 95 % {low} to {high}; chance 0.17"
