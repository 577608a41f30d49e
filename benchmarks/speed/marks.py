"""What marks cost: the manifest and the watermark beside drawing a picture on mini.

    python -m benchmarks.speed.marks PROFILE [--home HOME] [--pictures 12]

Pictures of one run are timed by this process's CPU seconds, since the cores may be shared with
others; the median of each part. What is made once a run (imports, the key) is told apart, and so
are larger pictures, which real bases draw.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import command_line
from benchmarks.machine import machine
from pidiff_cli import api
from pidiff_cli.core.images import png_bytes, read_photo, read_record
from pidiff_cli.marks.marker import Marker
from pidiff_cli.marks.texts import record_text


def cpu_ms(work: Callable[[], object], times: int = 15) -> float:
    """Median CPU milliseconds of a call, the first left out."""
    work()
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(1000 * (time.process_time() - start))
    return round(statistics.median(found), 2)


def drawing(profile: str, home: Path, out: Path, pictures: int) -> tuple[float, Path]:
    """CPU milliseconds a picture, unmarked and without its likeness; and one of them."""
    ends: list[float] = []
    done = api.generate(
        profile, "as a chef", count=pictures, home=home, out=out, mark="none", score=False,
        on_written=lambda _: ends.append(time.process_time()),
    )  # fmt: skip
    gaps = [1000 * (b - a) for a, b in zip(ends, ends[1:])]
    return round(statistics.median(gaps), 1), done.images[0].path


def once(home: Path) -> float:
    """CPU milliseconds until the first picture could be marked: libraries, a new key."""
    start = time.process_time()
    marker = Marker.open(home, "all")
    image = np.zeros((128, 128, 3), np.uint8)
    record = {"seed": 1, "marks": ["c2pa", "watermark"]}
    if marker is not None:
        marker.watermarked(image, record)
        marker.sealed(png_bytes(image, record), image, record, record_text(record))
    return round(1000 * (time.process_time() - start), 1)


def parts(pixels: np.ndarray, record: dict[str, Any], home: Path) -> dict[str, float]:
    """CPU milliseconds of each mark on one picture, and the manifest's bytes."""
    marker = Marker.open(home, "all")
    assert marker is not None
    noted = marker.noted(pixels, record)
    png, text = png_bytes(pixels, noted), record_text(noted)
    sealed = marker.sealed(png, pixels, noted, text)
    return {
        "manifest_ms": cpu_ms(lambda: marker.sealed(png, pixels, noted, text)),
        "watermark_ms": cpu_ms(lambda: marker.watermarked(pixels, noted)),
        "manifest_bytes": len(sealed) - len(png),
    }


def main() -> None:
    """Measure and print."""
    parser = command_line("benchmarks.speed.marks", __doc__)
    parser.add_argument("profile")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=12)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        first = once(Path(place) / "home")
        picture, path = drawing(args.profile, args.home, Path(place) / "pics", args.pictures)
        pixels, record = read_photo(path), read_record(path)
        sizes = {
            str(side): parts(np.kron(pixels, np.ones((side // 128, side // 128, 1), np.uint8)),
                             record, Path(place) / "home")
            for side in (128, 512, 1024)
        }  # fmt: skip
    mini = sizes["128"]
    found = {
        **machine(), "picture_ms": picture, "first_use_ms": first, "sizes": sizes,
        "manifest_share": round(mini["manifest_ms"] / picture, 4),
        "watermark_share": round(mini["watermark_ms"] / picture, 4),
    }  # fmt: skip
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
