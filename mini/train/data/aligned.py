"""The bank once more as FFHQ-aligned 128 px squares: what every face network trains on.

`python -m mini.train.data.aligned` reads `.mini/bank` and writes `.mini/bank_aligned`:

    plain.npy      (N, 128, 128, 3) u8   the aligned crop with its background, edges replicated
    white.npy      (N, 128, 128, 3) u8   the same with everything but the head white; head = skin,
                                         hair, glasses and headgear (labels 2-5), soft edge
    labels.npy     (N, 128, 128) u8      the bank's labels, aligned (0 outside the picture)
    landmarks.npy  (N, 68, 2) f32        the landmarks in pixels of the crop
    index.npz      photo, bare, glasses, held (N,) bool; style, scene, noun (N,) str
                   photo = no drawing style; bare = no headgear; held = the 2 % of persons kept
                   for validation (all trainers leave them out); plus persons (N,) i32 and
                   factors (N, 79) f32, copied from the bank

Row i is the bank's picture i. `open_aligned()` gives all of it as one object with memory maps.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from mini.train.common import BANK
from pidiff_cli.core.faces.align import ffhq_quad, move_points, quad_matrix

ALIGNED = Path(".mini/bank_aligned")
SIDE = 128
HEAD_LABELS = (2, 3, 4, 5)  # skin, hair and beard, headgear, glasses
MAPS = ("plain", "white", "labels", "landmarks")  # what a picture's alignment gives, in order
PART = 1000  # pictures a worker takes at a time


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


def align_rows(rows: range, bank: Path, folder: Path) -> None:
    """Align some of the bank's pictures into the arrays that are there."""
    names = ("images", "labels", "landmarks")
    images, labels, landmarks = (np.load(bank / f"{n}.npy", mmap_mode="r") for n in names)
    made = [np.load(folder / f"{n}.npy", mmap_mode="r+") for n in MAPS]
    for i in rows:
        for array, one in zip(made, align_picture(images[i], labels[i], landmarks[i]), strict=True):
            array[i] = one
    for array in made:
        array.flush()


def build(bank: Path = BANK, folder: Path = ALIGNED, workers: int = 0) -> int:
    """Write the aligned copy of the bank; returns the number of pictures."""
    with (bank / "meta.jsonl").open() as file:
        meta = [json.loads(line) for line in file]
    count = len(meta)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (count, SIDE, SIDE)
    for name, size in zip(MAPS, ((*shape, 3), (*shape, 3), shape, (count, 68, 2)), strict=True):
        kind = np.float32 if name == "landmarks" else np.uint8
        open_memmap(folder / f"{name}.npy", "w+", kind, size).flush()
    work = partial(align_rows, bank=bank, folder=folder)
    parts = [range(first, min(first + PART, count)) for first in range(0, count, PART)]
    if workers > 1:
        with get_context("spawn").Pool(workers) as pool:
            pool.map(work, parts)
    else:
        for part in parts:
            work(part)
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
    maps = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in MAPS}
    with np.load(folder / "index.npz") as index:
        told = {name: index[name] for name in index.files}
    return Aligned(**maps, **told)


def main(argv: Sequence[str] | None = None) -> bool:
    """Build the cache."""
    parser = argparse.ArgumentParser(prog="mini.train.data.aligned", description=__doc__)
    parser.add_argument("--bank", type=Path, default=BANK)
    parser.add_argument("--out", type=Path, default=ALIGNED)
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: in this one")
    args = parser.parse_args(argv)
    began = time.monotonic()
    count = build(args.bank, args.out, args.workers)
    print(f"{count} pictures in {time.monotonic() - began:.0f} s -> {args.out}")
    return True


if __name__ == "__main__":
    main()
