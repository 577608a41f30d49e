"""What `pidiff prepare` of a hundred photos takes, as a person runs it."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

from benchmarks.commands import pidiff
from benchmarks.quality.photoset.labels import Labelled

PHOTOS = 100


def measure(photos: list[Labelled], home: Path) -> dict[str, Any]:
    """Wall seconds on two threads; CPU seconds a photo on one, the start and the writing too."""
    folder = home / "hundred"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with_face = [p for p in photos if p.kind != "none"]
    chosen = random.Random(0).sample(with_face, min(PHOTOS, len(with_face)))
    for photo in chosen:
        shutil.copyfile(photo.path, folder / photo.path.name)
    words = ("--json", "prepare", str(folder), "--name", "hundred", "--force")
    load = os.getloadavg()[0]
    two = pidiff(*words, home=home, threads=2)
    one = pidiff(*words, home=home, threads=1)
    return {
        "photos": len(chosen), "kept": len(one.document()["kept"]),
        "wall_seconds_two_threads": round(two.seconds, 1), "load_before": round(load, 2),
        "cpu_a_photo_with_start": round(one.cpu / len(chosen), 3), "peak_mb": round(two.peak_mb),
    }  # fmt: skip
