"""Folders of own photos, strangers and a strangers' group, given to the program's own `prepare`."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality.photoset.labels import Labelled
from pidiff_cli import api

LEAST = 4  # own photos
ANOTHER = "another person"  # how the reason begins that says so


@dataclass(frozen=True)
class Mixed:
    """A folder as somebody might give it: own photos, single strangers, a group of strangers."""

    name: str
    own: tuple[Labelled, ...]
    strangers: tuple[Labelled, ...]
    group: tuple[Labelled, ...]


def mixed_folders(photos: list[Labelled], tight: bool, seeds: int) -> Iterator[Mixed]:
    """Each person with 4 photos or more, so many times: 4 to 6 own, 1 or 2 strangers, a group."""
    single = [p for p in photos if p.single and p.person and p.tight == tight]
    groups = [p for p in photos if p.strangers]
    counts = Counter(p.person for p in single)
    for person in sorted(name for name, count in counts.items() if count >= LEAST):
        mine = [p for p in single if p.person == person]
        others = [p for p in single if p.person != person]
        for seed in range(seeds):
            rng = random.Random(f"{person} {seed}")
            own = rng.sample(mine, min(len(mine), rng.randint(LEAST, 6)))
            strangers = rng.sample(others, min(len(others), rng.randint(1, 2)))
            group = rng.sample(groups, min(len(groups), 1))
            yield Mixed(f"{person} {seed}", tuple(own), tuple(strangers), tuple(group))


def prepare(mixed: Mixed, home: Path) -> dict[str, str]:
    """Photo's path -> "" where `prepare` keeps it, else its reason; in the order of a camera.

    Raises:
        api.PidiffError: nothing could be kept.
    """
    folder = home / "photos"
    shutil.rmtree(home, ignore_errors=True)
    folder.mkdir(parents=True)
    everything = [*mixed.own, *mixed.strangers, *mixed.group]
    random.Random(mixed.name).shuffle(everything)
    names = {}
    for i, photo in enumerate(everything):
        name = f"{i:02d}{photo.path.suffix}"
        shutil.copyfile(photo.path, folder / name)
        names[name] = str(photo.path)
    result = api.prepare(folder, "person", home=home)
    told = {names[Path(item.file).name]: "" for item in result.kept}
    return told | {names[Path(item.file).name]: item.reason for item in result.rejected}


def measure(photos: list[Labelled], tight: bool, home: Path, seeds: int = 5) -> dict[str, Any]:
    """What was kept of own photos, of strangers' and of groups; whose profile it became.

    The main person is wrong where half of the own photos or more are said to show another person,
    or no more of them are kept than of the others'.
    """
    total: Counter[str] = Counter()
    why: Counter[str] = Counter()
    wrong, ended, strangers = [], [], []
    for mixed in mixed_folders(photos, tight, seeds):
        total.update(folders=1, own=len(mixed.own), strangers=len(mixed.strangers))
        total.update(groups=len(mixed.group))
        try:
            told = prepare(mixed, home)
        except api.PidiffError as error:
            ended.append(f"{mixed.name}: {error}")
            continue
        kept = {p: not told[str(p.path)] for p in (*mixed.own, *mixed.strangers, *mixed.group)}
        own, others = (sum(kept[p] for p in part) for part in (mixed.own, mixed.strangers))
        crowd = sum(kept[p] for p in mixed.group)
        total.update(own_kept=own, strangers_kept=others, groups_kept=crowd)
        why.update(_word(told[str(p.path)]) for p in mixed.own if not kept[p])
        taken = [p.path.name for p in (*mixed.strangers, *mixed.group) if kept[p]]
        strangers += [f"{mixed.name}: {name}" for name in taken]
        another = sum(told[str(p.path)].startswith(ANOTHER) for p in mixed.own)
        if 2 * another >= len(mixed.own) or own <= others + crowd:
            wrong.append(mixed.name)
    return {**total, "own_left_out": dict(why), "wrong_main_person": wrong, "ended": ended,
            "taken": strangers}  # fmt: skip


def _word(reason: str) -> str:
    """The reason without figures and names."""
    return reason.partition(" (")[0].partition(" of ")[0]
