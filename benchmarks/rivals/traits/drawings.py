"""Drawings of people with traits, kept in the cache: photos, references, prompts drawn truly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawings import Drawings, file_name, gathered, kept, world_digest
from benchmarks.rivals.traits import marks, people
from mini.world.context import Context, sample_context
from mini.world.render import Portrait

CACHE = Path(".mini/rivals/traits")
PHOTOS, REFERENCES = 12, 4
SOURCES = ("people", "shapes", "marks")  # what a drawing depends on beside the world
#: What the eight prompts of ``quality.people`` ask for, as facts of a context.
ASKED: tuple[dict[str, Any], ...] = (
    {"role": "astronaut"}, {"role": "chef"}, {"role": "pirate"},
    {"scene": "beach"}, {"scene": "snow"}, {"scene": "city"}, {"expression": "smile"},
    {"style": "oil"},
)  # fmt: skip


def draw_traits(
    name: str, ids: list[int], each: int, seed: int = 0, size: int = 128, **fixed: Any
) -> Drawings:
    """``benchmarks.drawings.draw_set`` of people with traits."""
    path = CACHE / file_name(name, ids, each, seed, size, fixed, sources())
    return kept(path, lambda: gathered(_drawn(name, ids, each, seed, size, fixed)))


@cache
def sources() -> str:
    """A short digest of all source that a drawing depends on."""
    return world_digest(*(Path(__file__).with_name(f"{part}.py") for part in SOURCES))


def photos_of(person: int, count: int = PHOTOS) -> Drawings:
    """The first ``count`` of a trait person's photos, 256 px."""
    drawn = draw_traits("photos", [person], PHOTOS, 0, 256, style="photo", headgear=False)
    return Drawings(**{key: value[:count] for key, value in vars(drawn).items()})


def references(ids: list[int]) -> Drawings:
    """Four portraits of everybody in a gallery, in order, faces bare; none of them goes in."""
    bare: dict[str, Any] = {"style": "photo", "headgear": False, "glasses": "none"}
    return draw_traits("gallery", ids, REFERENCES, **bare)


def asked_for(ids: list[int], each: int = 2) -> Drawings:
    """What the eight prompts ask for, drawn truly: persons of a prompt side by side."""
    parts = [
        draw_traits("asked", ids, each, seed, **{"style": "photo", **facts}, glasses="none")
        for seed, facts in enumerate(ASKED)
    ]
    return Drawings(**{
        key: np.concatenate([getattr(part, key) for part in parts])
        for key in Drawings.__dataclass_fields__
    })  # fmt: skip


def context_rng(name: str, person: int, seed: int) -> np.random.Generator:
    """Of the contexts of one person in a set."""
    salt = int.from_bytes(hashlib.sha256(f"traits {name}".encode()).digest()[:4], "big")
    return np.random.default_rng([salt, person, seed])


def _drawn(
    name: str, ids: list[int], each: int, seed: int, size: int, fixed: dict[str, Any]
) -> Iterator[tuple[int, Context, Portrait]]:
    for person in ids:
        rng, who = context_rng(name, person, seed), people.somebody(person)
        for _ in range(each):
            context = sample_context(rng, **fixed)
            yield person, context, marks.draw(who, context, size)
