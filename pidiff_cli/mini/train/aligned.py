"""The bank once more as FFHQ-aligned 128 px squares: what every face network trains on.

`python -m pidiff_cli.mini.train.aligned` reads `.mini/bank` and writes `.mini/bank_aligned`:

    plain.npy      (N, 128, 128, 3) u8   the aligned crop with its background, edges replicated
    white.npy      (N, 128, 128, 3) u8   the same with everything but the head white; head = skin,
                                         hair, glasses and headgear (labels 2-5), soft edge
    labels.npy     (N, 128, 128) u8      the bank's labels, aligned (0 outside the picture)
    landmarks.npy  (N, 68, 2) f32        the landmarks in pixels of the crop
    index.npz      photo, bare, glasses, held (N,) bool; style, scene, noun (N,) str
                   photo = no drawing style; bare = no headgear; held = the 2 % of persons kept for
                   validation (all trainers leave them out); plus persons (N,) i32 and
                   factors (N, 79) f32, copied from the bank

Row i is the bank's picture i. `open_aligned()` gives all of it as one object with memory maps.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from pidiff_cli.core.faces.align import ffhq_quad, move_points, quad_matrix
from pidiff_cli.mini.train.common import BANK

ALIGNED = Path(".mini/bank_aligned")
SIDE = 128
HEAD_LABELS = (2, 3, 4, 5)


@dataclass(frozen=True)
class Aligned:
    """The aligned bank; shapes and meaning in the module's docstring."""

    plain: np.ndarray
    white: np.ndarray
    labels: np.ndarray
    landmarks: np.ndarray
    factors: np.ndarray
    persons: np.ndarray
    photo: np.ndarray
    bare: np.ndarray
    glasses: np.ndarray
    held: np.ndarray
    style: np.ndarray
    scene: np.ndarray
    noun: np.ndarray


def align_picture(
    rgb: np.ndarray, labels: np.ndarray, landmarks: np.ndarray, side: int = SIDE
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One picture u8 (H, W, 3), its labels (H, W) and landmarks (68, 2) px -> plain, white u8
    (S, S, 3), labels u8 (S, S), landmarks f32 (68, 2) in the crop."""
    import cv2

    matrix = quad_matrix(ffhq_quad(landmarks), side)
    size = (side, side)
    plain = cv2.warpAffine(
        rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    head = np.isin(labels, HEAD_LABELS).astype(np.float32)
    head = cv2.warpAffine(cv2.GaussianBlur(head, (0, 0), 0.6), matrix, size)[..., None]
    head = np.clip(2 * head - 0.8, 0, 1)  # a soft edge inside the head: no fringe of background
    white = np.rint(plain * head + 255 * (1 - head)).astype(np.uint8)
    moved = cv2.warpAffine(labels, matrix, size, flags=cv2.INTER_NEAREST)
    return plain, white, moved, move_points(landmarks, matrix).astype(np.float32)


def build(bank: Path = BANK, folder: Path = ALIGNED) -> int:
    """Write the aligned copy of the bank; returns the number of pictures."""
    images = np.load(bank / "images.npy", mmap_mode="r")
    labels = np.load(bank / "labels.npy", mmap_mode="r")
    landmarks = np.load(bank / "landmarks.npy", mmap_mode="r")
    with (bank / "meta.jsonl").open() as file:
        meta = [json.loads(line) for line in file]
    count = len(meta)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (count, SIDE, SIDE)
    plain = open_memmap(folder / "plain.npy", "w+", np.uint8, (*shape, 3))
    white = open_memmap(folder / "white.npy", "w+", np.uint8, (*shape, 3))
    maps = open_memmap(folder / "labels.npy", "w+", np.uint8, shape)
    points = open_memmap(folder / "landmarks.npy", "w+", np.float32, (count, 68, 2))
    for i in range(count):
        plain[i], white[i], maps[i], points[i] = align_picture(images[i], labels[i], landmarks[i])
    persons = np.load(bank / "persons.npy")[:count]
    np.savez(
        folder / "index.npz",
        persons=persons,
        factors=np.load(bank / "factors.npy")[:count],
        photo=np.array([m["style"] == "photo" for m in meta]),
        bare=np.array([not m["headgear"] for m in meta]),
        glasses=np.array([m["glasses"] != "none" for m in meta]),
        held=persons % 50 == 0,
        style=np.array([m["style"] for m in meta]),
        scene=np.array([m["scene"] for m in meta]),
        noun=np.array([m["noun"] for m in meta]),
    )
    return count


def open_aligned(folder: Path = ALIGNED) -> Aligned:
    """The aligned bank, pictures as read-only memory maps."""
    maps = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r")
        for name in ("plain", "white", "labels", "landmarks")
    }
    with np.load(folder / "index.npz") as index:
        return Aligned(**maps, **{name: index[name] for name in index.files})


def main() -> None:
    """Build the cache."""
    parser = argparse.ArgumentParser(prog="pidiff_cli.mini.train.aligned", description=__doc__)
    parser.add_argument("--bank", type=Path, default=BANK)
    parser.add_argument("--out", type=Path, default=ALIGNED)
    args = parser.parse_args()
    began = time.monotonic()
    count = build(args.bank, args.out)
    print(f"{count} pictures in {time.monotonic() - began:.0f} s -> {args.out}")


if __name__ == "__main__":
    main()
