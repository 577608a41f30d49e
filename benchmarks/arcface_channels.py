"""Which order of channels ArcFace wants: photographs of a few people, each embedded both ways.

    python -m benchmarks.arcface_channels PEOPLE --faces DIR

PEOPLE holds one folder a person; DIR is the folder of face networks. Prints, for RGB and BGR, the
mean cosine within people and between them, and how far they lie apart.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.detect import find_faces
from pidiff_cli.core.faces.embed import FOLDER
from pidiff_cli.core.faces.recognise import open_recogniser
from pidiff_cli.core.images import SUFFIXES, read_photo


def aligned_faces(person: Path, faces: Path) -> list[np.ndarray]:
    """The largest face of every picture, uint8 (256, 256, 3)."""
    made = []
    for path in sorted(p for p in person.iterdir() if p.suffix.lower() in SUFFIXES):
        rgb = read_photo(path)
        if found := find_faces(rgb, faces):
            made.append(align_face(rgb, found[0].landmarks, 256))
    return made


def margin(codes: list[Tensor]) -> dict[str, float]:
    """Of embeddings (P, E), one a person: cosine within, between, and the difference."""
    people = torch.cat([torch.full((len(c),), i) for i, c in enumerate(codes)])
    cosine = torch.cat(codes) @ torch.cat(codes).T
    same = people[:, None] == people[None]
    others = ~torch.eye(len(people), dtype=torch.bool)
    if not bool((same & others).any()) or not bool((~same).any()):
        raise SystemExit("two people are needed, and two pictures of one of them")
    within, between = float(cosine[same & others].mean()), float(cosine[~same].mean())
    return {"within": within, "between": between, "margin": within - between}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    parser.add_argument("--faces", type=Path, default=FOLDER, help="folder of face networks")
    args = parser.parse_args()
    people = [p for p in sorted(args.people.iterdir()) if p.is_dir()]
    found = [aligned_faces(person, args.faces) for person in people]
    found = [pictures for pictures in found if pictures]
    told: dict[str, object] = {"pictures": sum(map(len, found)), "people": len(found)}
    for order in ("rgb", "bgr"):
        recogniser = open_recogniser(args.faces, likeness="arcface", channels=order)
        codes = [recogniser.embed(pictures) for pictures in found]
        told[order] = {k: round(v, 4) for k, v in margin(codes).items()}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
