"""The bank: a folder of drawn portraits with everything that is known about them.

``python -m mini.world.bank --pictures 24000 --workers 2`` draws it, in shards, across
processes; the same command goes on where a stopped one was. ``--world broad`` draws the broad
world.
Layout of the folder:

    images.npy     (N, 128, 128, 3) u8
    labels.npy     (N, 128, 128) u8   0 background, 1 clothes, 2 skin of the head, 3 hair and
                                      beard, 4 headgear, 5 glasses
    landmarks.npy  (N, 68, 2) f32 px
    factors.npy    (N, 79) f32        see factors.py
    persons.npy    (N,) i32           ids below 1,000,000; greater ones are held out everywhere
    meta.jsonl     a line a picture: noun, caption and all of the context
    world.json     which world
    shards/        what is finished

The first picture of each person is a plain one: a photo, everyday clothes, nearly frontal.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import TimeoutError, get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from mini.world import registry
from mini.world.context import Context, context_line, sample_context
from mini.world.factors import NAMES
from mini.world.people import sample_person
from mini.world.registry import NARROW, WORLDS, World
from mini.world.render import draw

SIDE = 128
SHARD = 400  # pictures a shard
WORLD_FILE = "world.json"
PAUSE = 5.0  # seconds
HELD_OUT_FROM = 1_000_000  # person ids from here on are never drawn for training
#: A bank's arrays by name: a row's shape and kind.
ARRAYS: dict[str, tuple[tuple[int, ...], type]] = {
    "images": ((SIDE, SIDE, 3), np.uint8),
    "labels": ((SIDE, SIDE), np.uint8),
    "landmarks": ((68, 2), np.float32),
    "factors": ((len(NAMES),), np.float32),
    "persons": ((), np.int32),
}


@dataclass(frozen=True)
class Bank:
    """A finished bank: memory-mapped arrays of equal length, the meta lines, and its world."""

    images: np.ndarray
    labels: np.ndarray
    landmarks: np.ndarray
    factors: np.ndarray
    persons: np.ndarray
    meta: list[dict[str, Any]]
    world: World = NARROW

    @classmethod
    def open(cls, folder: Path | str) -> Bank:
        """Open a finished bank. FileNotFoundError where there is none."""
        folder = Path(folder)
        arrays = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in ARRAYS}
        with (folder / "meta.jsonl").open(encoding="utf-8") as file:
            meta = [json.loads(line) for line in file]
        return cls(**arrays, meta=meta, world=read_world(folder))

    def __len__(self) -> int:
        return len(self.images)


def read_world(folder: Path | str) -> World:
    """A bank's world, plain or aligned; banks before `world.json` are narrow."""
    path = Path(folder) / WORLD_FILE
    if not path.exists():
        return NARROW
    return WORLDS[json.loads(path.read_text(encoding="utf-8"))["world"]]


def write_world(folder: Path, world: World) -> None:
    """Write `world.json`. ValueError where the folder already holds the other world's."""
    path = folder / WORLD_FILE
    begun = path.exists() or (folder / "images.npy").exists()
    if begun and read_world(folder) != world:
        raise ValueError(f"{folder} holds a bank of the {read_world(folder).name} world")
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({"world": world.name}) + "\n", encoding="utf-8")
    os.replace(temporary, path)


@dataclass(frozen=True)
class Plan:
    """What a bank is drawn from: picture `i` is a function of these and of `i`.

    Attributes:
        start: the first person's id. styled: share of the pictures painted on top of those that the
            world paints. new: share with a role, scene or style that the narrow world lacks.
    """

    pictures: int = 24_000
    per_person: int = 4
    start: int = 0
    seed: int = 0
    world: World = NARROW
    styled: float = 0.0
    new: float = 0.0

    def check(self) -> None:
        """ValueError where people below the held-out ones would reach into those, or where the
        narrow world is asked for what it lacks."""
        people = -(-self.pictures // self.per_person)
        if self.new and self.world == NARROW:
            raise ValueError(f"the {self.world.name} world has no role, scene or style of its own")
        if self.start < HELD_OUT_FROM < self.start + people:
            raise ValueError(f"a bank's people are below {HELD_OUT_FROM}; these reach beyond it")


def draw_shard(shard: int, folder: Path, plan: Plan) -> int:
    """Draw one shard into the bank's arrays; returns how many pictures it holds."""
    import cv2

    cv2.setNumThreads(1)
    done = folder / "shards" / f"{shard:05d}.jsonl"
    first, last = shard * SHARD, min((shard + 1) * SHARD, plan.pictures)
    if done.exists():
        return last - first
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in ARRAYS}
    lines = []
    for i in range(first, last):
        number = plan.start + i // plan.per_person
        person = sample_person(number)
        context = picture_context(plan, i, i % plan.per_person == 0)
        portrait = draw(person, context, SIDE)
        for name in ("images", "labels", "landmarks", "factors"):
            arrays[name][i] = portrait.rgb if name == "images" else getattr(portrait, name)
        arrays["persons"][i] = number
        line = {"noun": person.noun, "caption": portrait.caption, **context_line(context)}
        lines.append(json.dumps(line))
    for array in arrays.values():
        array.flush()  # type: ignore[attr-defined]
    temporary = done.with_suffix(".tmp")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(temporary, done)
    return last - first


def picture_context(plan: Plan, index: int, plain: bool) -> Context:
    """The context of the bank's picture `index`; plain ones are frontal photos of one person.

    Of the others a share of `styled` is in a painted style, each as often; beside those that the
    world itself paints. And a share of `new` has a role, scene or style that the narrow world
    lacks, each kind as often: for networks that know the narrow one already.
    """
    world, rng = plan.world, np.random.default_rng((plan.seed, index))
    if not plain:
        chance = np.random.default_rng((plan.seed, index, 1))  # so that without it nothing changes
        fixed = {}
        if chance.random() < plan.styled:
            painted = [style for style in world.styles if style != "photo"]
            fixed["style"] = str(chance.choice(painted))
        if plan.new and chance.random() < plan.new:
            fixed |= _newcomer(chance, world)
        return sample_context(rng, world, **fixed)
    yaw = float(np.clip(rng.normal(0, 6), -12, 12))
    return sample_context(rng, world, role="casual", yaw=yaw, style="photo", headgear=False)


def _newcomer(rng: np.random.Generator, world: World) -> dict[str, str]:
    """One role, scene or style that the narrow world lacks."""
    kinds = {"role": registry.roles, "scene": registry.scenes, "style": registry.styles}
    kind = str(rng.choice(list(kinds)))
    return {kind: str(rng.choice(kinds[kind](world)[len(kinds[kind]()) :]))}


def bare_context(seed: int, index: int, world: World = NARROW) -> Context:
    """The context of a photo of a bare head, any role, pose and mood."""
    rng = np.random.default_rng((seed, index))
    return sample_context(rng, world, style="photo", headgear=False)


def make(folder: Path, plan: Plan, workers: int) -> Iterator[int]:
    """Draw what is missing; yields the number of pictures done, every few seconds at least.

    ValueError where the plan cannot be (`Plan.check`).
    """
    plan.check()
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    write_world(folder, plan.world)
    for name, (shape, kind) in ARRAYS.items():
        path = folder / f"{name}.npy"
        if not path.exists() or len(np.load(path, mmap_mode="r")) != plan.pictures:
            for drawn in (folder / "shards").glob("*.jsonl"):
                drawn.unlink()  # of another size: what was drawn goes with its arrays
            open_memmap(path, "w+", kind, (plan.pictures, *shape)).flush()
    work = partial(draw_shard, folder=folder, plan=plan)
    shards, done = range(-(-plan.pictures // SHARD)), 0
    if workers == 1:
        for count in map(work, shards):
            yield (done := done + count)
    else:
        with get_context("spawn").Pool(workers) as pool:
            results = pool.imap_unordered(work, shards)
            while done < plan.pictures:
                try:
                    done += results.next(timeout=PAUSE)
                except TimeoutError:
                    pass  # a shard takes longer: whoever counts the time is asked in between
                yield done
    lines = [(folder / "shards" / f"{s:05d}.jsonl").read_text(encoding="utf-8") for s in shards]
    (folder / "meta.jsonl").write_text("".join(lines), encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> bool:
    """Draw a bank from the command line; whether it is whole."""
    parser = argparse.ArgumentParser(description="draw the bank of portraits")
    parser.add_argument("--pictures", type=int, default=24000)
    parser.add_argument("--per-person", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(".mini/bank"))
    parser.add_argument("--start-person", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--piece", type=float, default=0.0, help="seconds of this call; 0: all")
    parser.add_argument("--world", choices=tuple(WORLDS), help="default: the folder's, or narrow")
    args = parser.parse_args(argv)
    world = WORLDS[args.world] if args.world else read_world(args.out)
    if (args.out / "images.npy").exists() and read_world(args.out) != world:
        raise SystemExit(f"{args.out} holds a bank of another world: delete it, or give its world.")
    began, before = time.monotonic(), -1
    plan = Plan(args.pictures, args.per_person, args.start_person, args.seed, world)
    for done in make(args.out, plan, args.workers):
        seconds = time.monotonic() - began
        if done > before:
            rate = done / seconds
            print(f"{done} of {args.pictures} pictures, {rate:.1f} a second", flush=True)
        before = done
        if args.piece and seconds >= args.piece and done < args.pictures:
            return False  # shards under way are drawn again
    return True


if __name__ == "__main__":
    main()
