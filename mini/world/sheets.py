"""Contact sheets of the drawn world, to look at.

``python -m mini.world.sheets OUT [--only people ...] [--first 1000000]`` writes PNGs;
`--world broad` draws the broad world's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mini.world import registry
from mini.world.context import EXPRESSIONS, sample_context
from mini.world.people import COARSE_FIELDS, FINE_FIELDS, MEDIUM_FIELDS, Person, sample_person
from mini.world.registry import NARROW, WORLDS, YAW, World, zoom_for
from mini.world.render import draw
from mini.world.scenes.catalogue import paint_scene

Cells = Sequence[Sequence[np.ndarray]]
_SIDE = 128
#: The stage on which a role is at home.
_HOMES = {
    "astronaut": "space", "chef": "kitchen", "knight": "castle", "pirate": "beach",
    "wizard": "library", "firefighter": "city", "royal": "garden", "cowboy": "desert",
    "diver": "underwater", "police": "city", "clown": "stage", "athlete": "mountains",
    "builder": "street", "pilot": "mountains", "artist": "harbour",
}  # fmt: skip
_BARE_HEADED = ("casual", "business")


def join(cells: Cells) -> np.ndarray:
    """Rows of equal pictures (S, S, 3) as one picture."""
    return np.concatenate([np.concatenate(list(row), 1) for row in cells])


def portrait(person: Person, size: int = _SIDE, world: World = NARROW, **fixed: Any) -> np.ndarray:
    """A calm frontal portrait in a studio but for what `fixed` says (fields of Context)."""
    role, hat = fixed.get("role", "casual"), bool(fixed.get("headgear", False))
    calm: dict[str, Any] = {
        "expression": "neutral", "role": "casual", "scene": "studio", "style": "photo",
        "headgear": False, "glasses": "none", "yaw": 0.0, "pitch": 0.0, "roll": 0.0,
        "gaze": (0.0, 0.0), "offset": (0.0, 0.0), "zoom": zoom_for(role, hat),
    }  # fmt: skip
    rng = np.random.default_rng([61, person.seed, int(fixed.pop("take", 0))])
    return draw(person, sample_context(rng, world, **{**calm, **fixed}), size).rgb


def people(first: int, world: World) -> Cells:
    """48 persons, frontal and calm."""
    return [
        [portrait(sample_person(first + 8 * r + c), world=world) for c in range(8)]
        for r in range(6)
    ]


def pictures(first: int, world: World) -> Cells:
    """Eight persons, each in eight random contexts."""
    rows = []
    for i in range(8):
        person, rng = sample_person(first + i), np.random.default_rng([62, first + i])
        rows.append([draw(person, sample_context(rng, world)).rgb for _ in range(8)])
    return rows


def roles(first: int, world: World) -> Cells:
    """Four persons through every role, with its headgear and in its place."""
    rows = []
    for i in range(4):
        person = sample_person(first + i)
        rows.append([
            portrait(person, world=world, role=role, headgear=role not in _BARE_HEADED,
                     scene=_HOMES.get(role, "studio"), yaw=(-9.0, 0.0, 8.0, 15.0)[i])
            for role in registry.roles(world)
        ])  # fmt: skip
    return rows


def scenes(first: int, world: World) -> Cells:
    """Every scene: four backdrops and four persons in it."""
    rows = []
    for name in registry.scenes(world):
        empty = [paint_scene(name, first + s, _SIDE)[0] for s in range(4)]
        row = [np.asarray(e * 255 + 0.5, np.uint8) for e in empty]
        folk = [sample_person(first + c) for c in range(4)]
        rows.append(row + [portrait(p, world=world, scene=name, take=c)
                           for c, p in enumerate(folk)])  # fmt: skip
    return rows


def styles(first: int, world: World) -> Cells:
    """Six persons, each one picture in every style."""
    listed = registry.styles(world)
    names = (*listed, *(("linocut",) if "linocut" not in listed else ()))
    rows = []
    for i in range(6):
        rng = np.random.default_rng([63, first + i])
        context = sample_context(rng, world, headgear=False)
        person = sample_person(first + i)
        rows.append([draw(person, replace(context, style=s), 128).rgb for s in names])
    return rows


def expressions(first: int, world: World) -> Cells:
    """Every expression at five turns of the head, a person a row."""
    turns = np.linspace(-YAW, YAW, 5).tolist()
    turns[1:4] = [-12.0, 0.0, 12.0]
    return [
        [portrait(sample_person(first + i), world=world, expression=name, yaw=yaw)
         for yaw in turns]
        for i, name in enumerate(EXPRESSIONS)
    ]  # fmt: skip


def mixes(first: int, world: World) -> Cells:
    """Coarse to fine: one person becomes another group by group, three pairs."""
    rows = []
    for pair in range(3):
        a, b = (sample_person(first + 2 * pair + k) for k in (0, 1))
        coarse = (*COARSE_FIELDS, "noun", "hair_shape")
        medium = (*MEDIUM_FIELDS, "beard")
        fine = (*FINE_FIELDS, "hair_rgb", "eye_rgb")
        halves = [h for g in (coarse, medium, fine) for h in (g[: len(g) // 2], g[len(g) // 2 :])]
        row, person = [portrait(a, world=world)], a
        for half in halves:
            person = replace(person, **{name: getattr(b, name) for name in half})
            row.append(portrait(person, world=world))
        rows.append([*row, portrait(b, world=world)])
    return rows


SHEETS: dict[str, Callable[[int, World], Cells]] = {
    "people": people,
    "pictures": pictures,
    "roles": roles,
    "scenes": scenes,
    "styles": styles,
    "expressions": expressions,
    "mixes": mixes,
}


def main() -> None:
    """Write the sheets from the command line."""
    parser = argparse.ArgumentParser(description="contact sheets of the drawn world")
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", choices=tuple(SHEETS))
    parser.add_argument("--first", type=int, default=1_000_000, help="the first person's id")
    parser.add_argument("--world", choices=tuple(WORLDS), default=NARROW.name)
    parser.add_argument("--jpeg", type=int, default=0, help="write JPEG of this quality, not PNG")
    args = parser.parse_args()
    world = WORLDS[args.world]
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only or SHEETS:
        picture = join(SHEETS[name](args.first, world))[..., ::-1]
        path = args.out / (f"{name}.jpg" if args.jpeg else f"{name}.png")
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, args.jpeg] if args.jpeg else [])
        print(path, flush=True)


if __name__ == "__main__":
    main()
