"""What watermarks survive: pidiff's beside those of libraries, where they are installed.

    python -m benchmarks.quality.watermarks FOLDER [--kinds pidiff dwtDctSvd blind …]

FOLDER holds pictures that mini drew without marks (`generate --no-mark`); beside them are
photographs of scikit-image and textures whose spectrum falls as a photograph's. Each is brought to
128, 512 and 1024 px, marked and changed. A library's mark counts as found where 28 of its 32 bits
are right, pidiff's where its score reaches the threshold; `byte` is where its byte is right too.
Unmarked pictures are looked at as they are and after JPEG. The libraries: invisible-watermark 0.2.0
(dwtDct, dwtDctSvd, rivaGan with onnxruntime), blind-watermark 0.4.4; they are no requirement of
pidiff's: install them elsewhere and put that on PYTHONPATH.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from benchmarks.commands import command_line
from pidiff_cli.core.images import read_photo
from pidiff_cli.marks import watermark

Change = Callable[[np.ndarray], np.ndarray]
BITS = np.random.default_rng(7).integers(0, 2, 32)
RIGHT = 28  # of 32 bits; by chance once in 77,000
COUNTS = {128: 24, 512: 12, 1024: 4}  # pictures of a kind, at most
PHOTOGRAPHS = ("astronaut", "cat", "coffee", "rocket")


def jpeg(quality: int) -> Change:
    """Through JPEG of a quality."""

    def change(x: np.ndarray) -> np.ndarray:
        buffer = io.BytesIO()
        Image.fromarray(x).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer).convert("RGB"))

    return change


def resized(share: float) -> Change:
    """To a share of its size."""

    def change(x: np.ndarray) -> np.ndarray:
        size = (round(x.shape[1] * share), round(x.shape[0] * share))
        return np.asarray(Image.fromarray(x).resize(size, Image.Resampling.LANCZOS))

    return change


def cropped(x: np.ndarray) -> np.ndarray:
    """80 % of each side, a little off the middle."""
    side = round(len(x) * 0.8)
    at = (len(x) - side) // 2 + 3
    return np.ascontiguousarray(x[at : at + side, at : at + side])


CHANGES: dict[str, Change] = {
    "none": np.copy, "jpeg80": jpeg(80), "half": resized(0.5), "crop80": cropped,
    "0.63": resized(0.63), "crop80+jpeg80": lambda x: jpeg(80)(cropped(x)),
    "half+jpeg80": lambda x: jpeg(80)(resized(0.5)(x)), "jpeg50": jpeg(50),
}  # fmt: skip


class Ours:
    """pidiff's."""

    def mark(self, x: np.ndarray) -> np.ndarray:
        return watermark.embedded(x, 77)

    def found(self, x: np.ndarray) -> tuple[float, bool, bool]:
        """Score, whether it counts as found, whether what it tells is right."""
        seen = watermark.looked_for(x)
        return seen.score, seen.there, seen.there and seen.payload == 77


class Invisible:
    """invisible-watermark; its decoders want the picture as large as it was marked."""

    def __init__(self, method: str) -> None:
        self.library, self.method = importlib.import_module("imwatermark"), method
        if method == "rivaGan":
            self.library.WatermarkEncoder.loadModel()

    def mark(self, x: np.ndarray) -> np.ndarray:
        encoder = self.library.WatermarkEncoder()
        encoder.set_watermark("bits", BITS.tolist())
        return encoder.encode(np.ascontiguousarray(x[..., ::-1]), self.method)[..., ::-1]

    def found(self, x: np.ndarray) -> tuple[float, bool, bool]:
        decoder = self.library.WatermarkDecoder("bits", 32)
        bits = np.asarray(decoder.decode(np.ascontiguousarray(x[..., ::-1]), self.method))
        return _agreeing(bits)


class Blind:
    """blind-watermark."""

    def __init__(self) -> None:
        self.library = importlib.import_module("blind_watermark")
        self.library.bw_notes.close()

    def mark(self, x: np.ndarray) -> np.ndarray:
        made = self.library.WaterMark(password_wm=1, password_img=1)
        made.read_img(img=np.ascontiguousarray(x[..., ::-1]))
        made.read_wm(BITS.astype(bool), mode="bit")
        return np.clip(made.embed(), 0, 255).round().astype(np.uint8)[..., ::-1]

    def found(self, x: np.ndarray) -> tuple[float, bool, bool]:
        made = self.library.WaterMark(password_wm=1, password_img=1)
        image = np.ascontiguousarray(x[..., ::-1])
        return _agreeing(np.asarray(made.extract(embed_img=image, wm_shape=32, mode="bit")) > 0.5)


def _agreeing(bits: np.ndarray) -> tuple[float, bool, bool]:
    right = int((bits.astype(int).ravel() == BITS).sum())
    return right / 32, right >= RIGHT, right == 32


KINDS: dict[str, Callable[[], Any]] = {
    "pidiff": Ours,
    "blind": Blind,
    **{name: partial(Invisible, name) for name in ("dwtDct", "dwtDctSvd", "rivaGan")},
}


def texture(side: int, seed: int) -> np.ndarray:
    """Noise whose amplitude falls as 1/f^1.1, in luma and weaker in colour."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    radius[0, 0] = 1
    noise = np.fft.fft2(rng.standard_normal((2, side, side)))
    y, colour = np.fft.ifft2(noise / radius**1.1).real
    y, colour = y / y.std() * 40 + 128, colour / colour.std() * 15
    return np.clip(np.stack([y + colour, y, y - colour], -1), 0, 255).astype(np.uint8)


def square(x: np.ndarray, side: int) -> np.ndarray:
    """The upper square of a picture at a side."""
    least = min(x.shape[:2])
    whole = Image.fromarray(np.ascontiguousarray(x[:least, :least]))
    return np.asarray(whole.resize((side, side), Image.Resampling.LANCZOS))


def pictures(folder: Path, side: int) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Kinds of pictures at a side."""
    import skimage.data

    most, files = COUNTS[side], sorted(folder.glob("*.png"))
    chosen = files[:: max(1, len(files) // most)][:most]
    yield "mini", [square(read_photo(path), side) for path in chosen]
    yield "photographs", [square(getattr(skimage.data, name)(), side) for name in PHOTOGRAPHS]
    yield "textures", [texture(side, seed) for seed in range(min(most, 6))]


def row(way: Any, images: list[np.ndarray]) -> dict[str, Any]:
    """Shares found after each change, what is seen of it, its time, and what unmarked ones give."""
    psnr, ssim, ms = [], [], []
    found: dict[str, list[tuple[float, bool, bool]]] = {name: [] for name in CHANGES}
    unmarked = []
    for x in images:
        start = time.process_time()
        y = np.ascontiguousarray(way.mark(x))
        ms.append(1000 * (time.process_time() - start))
        psnr.append(10 * np.log10(255**2 / np.mean((y.astype(float) - x) ** 2)))
        ssim.append(structural_similarity(x, y, channel_axis=2))
        for name, change in CHANGES.items():
            found[name].append(_safely(way, change(y)))
        unmarked += [_safely(way, x), _safely(way, jpeg(80)(x))]
    return {
        "pictures": len(images), "psnr_db": round(float(np.mean(psnr)), 1),
        "ssim": round(float(np.mean(ssim)), 4), "mark_ms": round(float(np.median(ms)), 1),
        "found": {name: round(float(np.mean([f[1] for f in v])), 2) for name, v in found.items()},
        "told": {name: round(float(np.mean([f[2] for f in v])), 2) for name, v in found.items()},
        "least_score": {n: round(min(f[0] for f in v), 2) for n, v in found.items()},
        "unmarked_most": round(max(f[0] for f in unmarked), 2),
        "unmarked_found": sum(f[1] for f in unmarked),
    }  # fmt: skip


def _safely(way: Any, x: np.ndarray) -> tuple[float, bool, bool]:
    try:
        return way.found(x)
    except (RuntimeError, ValueError, IndexError):  # too small for it
        return 0.0, False, False


def false_alarms(folder: Path, textures: int) -> dict[str, Any]:
    """Scores of unmarked pictures of 128 px: all of the folder and so many textures."""
    unmarked = [square(read_photo(path), 128) for path in sorted(folder.glob("*.png"))]
    unmarked += [texture(128, 1000 + seed) for seed in range(textures)]
    scores = [watermark.looked_for(x).score for x in unmarked]
    return {
        "pictures": len(scores), "most": round(max(scores), 2),
        "median": round(float(np.median(scores)), 2),
        "found": sum(score >= watermark.THRESHOLD for score in scores),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = command_line("benchmarks.quality.watermarks", __doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], default=["pidiff"])
    parser.add_argument("--sides", nargs="+", type=int, choices=[*COUNTS], default=[*COUNTS])
    parser.add_argument("--unmarked", type=int, default=0, help="textures for false alarms")
    args = parser.parse_args()
    table: dict[str, Any] = {}
    if args.unmarked:
        table["false alarms"] = false_alarms(args.folder, args.unmarked)
    for kind in args.kinds:
        way = KINDS[kind]()
        for side in args.sides:
            for name, images in pictures(args.folder, side):
                try:
                    table[f"{kind} {side} {name}"] = row(way, images)
                except RuntimeError as error:  # it wants larger ones
                    table[f"{kind} {side} {name}"] = {"refused": str(error)}
                print(kind, side, name, table[f"{kind} {side} {name}"], file=sys.stderr)
    json.dump(table, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
