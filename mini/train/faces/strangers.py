"""Faces of strangers, read once: `python -m mini.train.faces.strangers`.

100 drawn people whom no network saw and no table measures, one portrait each, in the words of
mini's likeness embedder. `evaluate` asks how much more alike a picture is to its person than to
them. To be run again whenever the embedder is trained anew; a test compares the two.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file

from pidiff_cli.core.identity.likeness import FaceReader
from mini.train.data.aligned import align_picture
from pidiff_cli.mini.world.camera import NO_CAMERA
from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from mini.world.worlds import NARROW, WORLDS, World

FACES = Path(__file__).resolve().parents[1] / "weights" / "faces"
FIRST, COUNT = 2_000_000, 100  # ids of people; benchmarks take theirs from 1,000,000 on
FILE = "strangers.safetensors"


def portrait(person: int, world: World = NARROW) -> np.ndarray:
    """A person's aligned portrait without headgear, (128, 128, 3) uint8; in the wide world alone,
    with nothing before the face, by a good camera."""
    rng = np.random.default_rng([17, person])
    plain: dict[str, Any] = {"style": "photo", "headgear": False}
    if world.varied:
        plain |= {"companion": None, "occluder": "none", "camera": NO_CAMERA}
    made = draw(sample_person(person, world), sample_context(rng, world, **plain), 256)
    return align_picture(made.rgb, made.labels, made.landmarks)[0]


def world_of(faces: Path) -> World:
    """The world that the embedder in a folder learnt from, by its JSON; narrow where it says
    nothing."""
    told = json.loads((faces / "embedder.json").read_text(encoding="utf-8"))
    return WORLDS[told.get("world", NARROW.name)]


def main(argv: Sequence[str] | None = None) -> bool:
    """Draw, embed and write them: on the CPU, a hundred small pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=FACES.parent)
    folder = parser.parse_args(argv).weights / FACES.name
    reader, world = FaceReader.open(folder), world_of(folder)
    codes = reader.embed([portrait(FIRST + i, world) for i in range(COUNT)])  # (COUNT, E)
    save_file({"embeddings": codes.half().contiguous()}, folder / FILE)
    print(f"{len(codes)} strangers of width {codes.shape[1]} -> {folder / FILE}")
    return True


if __name__ == "__main__":
    main()
