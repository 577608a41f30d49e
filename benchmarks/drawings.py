"""Drawings of held-out people, made on the fly and kept in a cache.

Held-out ids start at 1,000,000; no network saw these people.  A set is named by what it is
for, and the contexts follow from the name and the id, so that everybody draws the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import mini.world
from mini.train.data.aligned import align_picture
from mini.world.context import Context, sample_context
from mini.world.people import Person, sample_person
from mini.world.render import Portrait, draw

HELD_OUT = 1_000_000
CACHE = Path(".mini/table")


@dataclass(frozen=True)
class Drawings:
    """N drawings: rgb (N, S, S, 3) u8, plain and white aligned crops (N, 128, 128, 3) u8,
    landmarks (N, 68, 2), factors (N, 79), persons (N,), caption and style (N,) str."""

    rgb: np.ndarray
    plain: np.ndarray
    white: np.ndarray
    landmarks: np.ndarray
    factors: np.ndarray
    persons: np.ndarray
    caption: np.ndarray
    style: np.ndarray

    def __len__(self) -> int:
        return len(self.persons)


def draw_set(
    name: str,
    persons: list[int],
    each: int,
    seed: int = 0,
    size: int = 128,
    cache: Path = CACHE,
    **fixed: Any,
) -> Drawings:
    """``each`` drawings of every person, contexts at random except for what is ``fixed``."""
    path = cache / file_name(name, persons, each, seed, size, fixed, world_digest())
    return kept(path, lambda: _draw(name, persons, each, seed, size, fixed))


def file_name(
    name: str, persons: list[int], each: int, seed: int, size: int, fixed: dict, digest: str
) -> str:
    """The cached file of a set; ``digest`` is of the code that draws it."""
    who = hashlib.sha256(repr((persons, sorted(fixed.items()))).encode()).hexdigest()[:8]
    return f"{name}-{digest}-{who}-{len(persons)}x{each}-{size}-{seed}.npz"


def kept(path: Path, make: Callable[[], Drawings]) -> Drawings:
    """A set read from its file, made and written where there is none."""
    if path.is_file():
        with np.load(path) as found:
            return Drawings(**{key: found[key] for key in found.files})
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **vars(made))
    return made


def contexts_of(
    name: str, persons: list[int], each: int, seed: int = 0, **fixed: Any
) -> list[tuple[Person, Context]]:
    """Who is drawn and how, drawing by drawing, in `draw_set` of the same arguments."""
    salt = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    found = []
    for person_id in persons:
        rng, person = np.random.default_rng([salt, person_id, seed]), sample_person(person_id)
        found += [(person, sample_context(rng, **fixed)) for _ in range(each)]
    return found


def _draw(
    name: str, persons: list[int], each: int, seed: int, size: int, fixed: dict[str, Any]
) -> Drawings:
    pairs = contexts_of(name, persons, each, seed, **fixed)
    return gathered(
        (persons[i // each], context, draw(person, context, size))
        for i, (person, context) in enumerate(pairs)
    )


def gathered(drawn: Iterable[tuple[int, Context, Portrait]]) -> Drawings:
    """Portraits of persons (ids) as a set, aligned by their true landmarks."""
    rows: dict[str, list[Any]] = {key: [] for key in Drawings.__dataclass_fields__}
    for person, context, made in drawn:
        plain, white, _, _ = align_picture(made.rgb, made.labels, made.landmarks)
        values = (
            made.rgb, plain, white, made.landmarks, made.factors,
            person, made.caption, context.style,
        )  # fmt: skip
        for column, value in zip(rows.values(), values, strict=True):
            column.append(value)
    return Drawings(**{key: np.asarray(column) for key, column in rows.items()})


def world_digest(*more: Path) -> str:
    """A short digest of the world's source (and ``more``): another world draws another set."""
    digest = hashlib.sha256()
    for path in [*sorted(Path(mini.world.__file__).parent.rglob("*.py")), *more]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def to_tensor(pixels: np.ndarray) -> Tensor:
    """u8 (B, H, W, 3) -> float32 (B, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def identities(count: int = 100, first: int = 0) -> list[int]:
    """Held-out person ids."""
    return list(range(HELD_OUT + first, HELD_OUT + first + count))
