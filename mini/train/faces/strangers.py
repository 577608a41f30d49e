"""Faces of strangers, read once: `python -m mini.train.faces.strangers`.

100 drawn people whom no network saw and no table measures, one portrait each, in the words of
mini's likeness embedder. `evaluate` asks how much more alike a picture is to its person than to
them. To be run again whenever the embedder is trained anew; a test compares the two.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from mini.train.common import MADE, WEIGHTS
from mini.train.data.aligned import align_picture
from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.faces.reader import FaceReader

FACES = WEIGHTS / "faces"
FIRST, COUNT = 2_000_000, 100  # ids of people; benchmarks take theirs from 1,000,000 on
FILE = "strangers.safetensors"


def portrait(person: int) -> np.ndarray:
    """A person's aligned portrait without headgear, (128, 128, 3) uint8."""
    rng = np.random.default_rng([17, person])
    made = draw(sample_person(person), sample_context(rng, style="photo", headgear=False), 256)
    return align_picture(made.rgb, made.labels, made.landmarks)[0]


def main(argv: Sequence[str] | None = None) -> bool:
    """Draw, embed and write them: on the CPU, a hundred small pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=MADE)
    folder = parser.parse_args(argv).weights / FACES.name
    reader = FaceReader.open(folder)
    codes = reader.embed([portrait(FIRST + i) for i in range(COUNT)])  # (COUNT, E)
    save_file({"embeddings": codes.half().contiguous()}, folder / FILE)
    print(f"{len(codes)} strangers of width {codes.shape[1]} -> {folder / FILE}")
    return True


if __name__ == "__main__":
    main()
