"""More W+ codes a person, of photos that are drawn for nothing else and not kept.

``python -m mini.train.wplus.more_codes --workers 2`` draws ``--each`` photos of bare heads of
everybody in the bank, reads them with the exported e4e encoder as users' photos are read, and
writes ``.mini/codes/more.npy`` (P, K, L, D) float16, P the bank's people in their order. A stopped
call goes on where it was, as long as the encoder is the same.

Why: codes of one photo are a third chance. A UNet that learns from means of one or two trusts them
little and draws everybody nearer to the mean face; users give the mean of four.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mini.train import common
from mini.train.data.aligned import SIDE, align_picture
from mini.train.machine import add_options, bf16, pick_device
from mini.train.wplus import parts
from mini.train.wplus.codes import FOLDER
from mini.world.bank import bare_context, read_world
from mini.world.people import sample_person
from mini.world.registry import World
from mini.world.render import draw

MORE = FOLDER / "more.npy"
PEOPLE = 50  # a shard
SEED = 7_000_000  # apart from the bank's own pictures


def white_faces(people: Sequence[int], each: int, world: World) -> np.ndarray:
    """Aligned bare heads on white (len(people) · each, 128, 128, 3) u8, each person's in a row."""
    import cv2

    cv2.setNumThreads(1)
    made = []
    for number in people:
        person = sample_person(number)
        for k in range(each):
            portrait = draw(person, bare_context(SEED + k, number, world), SIDE)
            made.append(align_picture(portrait.rgb, portrait.labels, portrait.landmarks)[1])
    return np.stack(made)


@torch.no_grad()
def read(white: np.ndarray, encode: Callable[[Tensor], Tensor], device: torch.device) -> np.ndarray:
    """Codes (N, L, D) float16 of aligned heads on white (N, 128, 128, 3) u8."""
    with bf16(device):
        return encode(parts.to_pm1(white).to(device)).half().cpu().numpy()


def encoder(weights: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Pictures (B, 3, H, W) in [-1, 1] to W+ codes (B, L, D), by the exported networks."""
    from pidiff_cli.core.wplus.weights import load_encoder, load_generator

    network, mean = load_encoder(weights).to(device), load_generator(weights)[1].to(device)
    return lambda x: network(x).float() + mean


def main(argv: Sequence[str] | None = None) -> bool:
    """Draw and read what is missing; whether all of it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--weights", type=Path, default=common.MADE)
    parser.add_argument("--bank", type=Path, default=common.BANK)
    parser.add_argument("--each", type=int, default=3, help="photos a person")
    parser.add_argument("--piece", type=float, default=0.0, help="seconds of this call; 0: all")
    args = parser.parse_args(argv)
    people = [int(p) for p in dict.fromkeys(np.load(args.bank / "persons.npy").tolist())]
    groups = [people[i : i + PEOPLE] for i in range(0, len(people), PEOPLE)]
    shards = FOLDER / f"more-{args.each}-{_digest(args.weights / 'e4e.safetensors')}"
    files = [shards / f"{i:05d}.npy" for i in range(len(groups))]
    shards.mkdir(parents=True, exist_ok=True)
    missing = [i for i, file in enumerate(files) if not file.exists()]
    device, began = pick_device(args.device), time.monotonic()
    encode = encoder(args.weights, device)
    work = partial(white_faces, each=args.each, world=read_world(args.bank))
    drawn = _made(work, [groups[i] for i in missing], args.workers or 1)
    for i, white in zip(missing, drawn, strict=True):
        codes = read(white, encode, device)
        _save(files[i], codes.reshape(len(groups[i]), args.each, *codes.shape[1:]))
        print(f"{i + 1} of {len(files)} shards", flush=True)
        if args.piece and time.monotonic() - began > args.piece and i != missing[-1]:
            return False
    _save(MORE, np.concatenate([np.load(file) for file in files]))
    shutil.rmtree(shards)
    return True


def _made(
    work: Callable[[list[int]], np.ndarray], groups: list[list[int]], workers: int
) -> Iterator[np.ndarray]:
    """What is drawn for each group, in order."""
    if workers == 1:
        yield from map(work, groups)
        return
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(work, groups)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _save(path: Path, array: np.ndarray) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".part.npy")
    np.save(unfinished, array)
    unfinished.replace(path)


if __name__ == "__main__":
    main()
