"""The axis that tells drawn portraits from photographs in SFace's space: core/faces/drawn.json.

Fisher's discriminant with a covariance that is drawn towards a sphere, between the faces of a
folder of photographs and drawn people of the training's kind. What is stored is a direction, a
threshold and the figures; nothing of a single face.

    python -m benchmarks.quality.drawn_axis FOLDER [--write]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawings import draw_set
from pidiff_cli.core.faces import drawn
from pidiff_cli.core.faces.networks import open_networks
from pidiff_cli.core.images import PhotoError, read_photo
from pidiff_cli.weights.bundled import FOLDER

SHRINK = 0.3  # of the covariance towards a sphere; 0.1 to 0.6 are alike on held-out halves
PEOPLE = range(2_000_000, 2_000_300)
SIZES = (128, 256, 512)
HALVES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    photos, drawings = _of_photos(options.folder), _of_drawings()
    middle, told = held_out(photos, drawings)
    print(json.dumps(told, indent=1))
    if options.write:
        text = json.dumps(
            {
                "axis": [round(float(v), 5) for v in fisher(photos, drawings)],
                "middle": round(middle, 4),
                "told": told,
            }
        )
        drawn.FILE.write_text(text + "\n", encoding="utf-8")


def fisher(photos: np.ndarray, drawings: np.ndarray) -> np.ndarray:
    """The direction (E,), unit length."""
    spread = (np.cov(photos.T) + np.cov(drawings.T)) / 2
    size = len(spread)
    spread = (1 - SHRINK) * spread + SHRINK * np.trace(spread) / size * np.eye(size)
    axis = np.linalg.solve(spread, drawings.mean(0) - photos.mean(0))
    return np.asarray(axis / np.linalg.norm(axis))


def held_out(photos: np.ndarray, drawings: np.ndarray) -> tuple[float, dict[str, Any]]:
    """The middle between the worlds on faces that the axis did not learn from, and how often a
    single one of them is on the wrong side of it."""
    rng, pairs = np.random.default_rng(0), []
    for _ in range(HALVES):
        one, other = (rng.permutation(len(x)) % 2 == 0 for x in (photos, drawings))
        axis = fisher(photos[one], drawings[other])
        pairs.append((photos[~one] @ axis, drawings[~other] @ axis))
    gaps = [float(b.min() - a.max()) for a, b in pairs]
    middle = float(np.mean([(b.min() + a.max()) / 2 for a, b in pairs]))
    return middle, {
        "photographs": len(photos), "drawings": len(drawings),
        "photographs_taken_for_drawings": round(float(np.mean([a > middle for a, _ in pairs])), 5),
        "drawings_taken_for_photographs": round(float(np.mean([b < middle for _, b in pairs])), 5),
        "gap_mean_and_least": [round(float(np.mean(gaps)), 3), round(min(gaps), 3)],
    }  # fmt: skip


def _codes(pictures: list[np.ndarray]) -> np.ndarray:
    networks = open_networks(FOLDER)
    found = []
    for rgb in pictures:
        faces = networks.find(rgb)
        if faces:
            found.append(networks.embed(rgb, faces[:1]))
    return np.concatenate(found)


def _of_photos(folder: Path) -> np.ndarray:
    pictures = []
    for path in sorted(folder.iterdir()):
        try:
            pictures.append(read_photo(path))
        except PhotoError:
            continue
    return _codes(pictures)


def _of_drawings() -> np.ndarray:
    people = list(PEOPLE)
    sets = [draw_set("axis", people[i::3], 1, size=size) for i, size in enumerate(SIZES)]
    return np.concatenate([_codes(list(one.rgb)) for one in sets])


if __name__ == "__main__":
    main()
