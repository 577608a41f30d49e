"""Contact sheets of the drawn world, to look at.

``python -m pidiff_cli.mini.world.sheets OUT [--only people ...] [--first 1000000]`` writes PNGs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pidiff_cli.mini.world.context import EXPRESSIONS, sample_context
from pidiff_cli.mini.world.garments import ROLES
from pidiff_cli.mini.world.people import (
    COARSE_FIELDS,
    FINE_FIELDS,
    MEDIUM_FIELDS,
    Person,
    sample_person,
)
from pidiff_cli.mini.world.registry import zoom_for
from pidiff_cli.mini.world.render import draw
from pidiff_cli.mini.world.scenes import SCENES, paint_scene
from pidiff_cli.mini.world.styles import STYLES

Cells = Sequence[Sequence[np.ndarray]]
_SIDE = 128
#: The stage on which a role is at home.
_HOMES = {
    "astronaut": "space", "chef": "kitchen", "knight": "castle", "pirate": "beach",
    "wizard": "library", "firefighter": "city", "royal": "garden", "cowboy": "desert",
    "diver": "underwater", "police": "city", "clown": "stage", "athlete": "mountains",
}  # fmt: skip


def join(cells: Cells) -> np.ndarray:
    """Rows of equal pictures (S, S, 3) as one picture."""
    return np.concatenate([np.concatenate(list(row), 1) for row in cells])


def portrait(person: Person, size: int = _SIDE, **fixed: Any) -> np.ndarray:
    """A calm frontal portrait in a studio but for what `fixed` says (fields of Context)."""
    role, hat = fixed.get("role", "casual"), bool(fixed.get("headgear", False))
    calm: dict[str, Any] = {
        "expression": "neutral", "role": "casual", "scene": "studio", "style": "photo",
        "headgear": False, "glasses": "none", "yaw": 0.0, "pitch": 0.0, "roll": 0.0,
        "gaze": (0.0, 0.0), "offset": (0.0, 0.0), "zoom": zoom_for(role, hat),
    }  # fmt: skip
    rng = np.random.default_rng([61, person.seed, int(fixed.pop("take", 0))])
    return draw(person, sample_context(rng, **{**calm, **fixed}), size).rgb


def people(first: int) -> Cells:
    """48 persons, frontal and calm."""
    return [[portrait(sample_person(first + 8 * r + c)) for c in range(8)] for r in range(6)]


def pictures(first: int) -> Cells:
    """Eight persons, each in eight random contexts."""
    rows = []
    for i in range(8):
        person, rng = sample_person(first + i), np.random.default_rng([62, first + i])
        rows.append([draw(person, sample_context(rng)).rgb for _ in range(8)])
    return rows


def roles(first: int) -> Cells:
    """Four persons through every role, with its headgear and in its place."""
    rows = []
    for i in range(4):
        person = sample_person(first + i)
        rows.append([
            portrait(person, role=role, headgear=role not in ("casual", "business"),
                     scene=_HOMES.get(role, "studio"), yaw=(-9.0, 0.0, 8.0, 15.0)[i])
            for role in ROLES
        ])  # fmt: skip
    return rows


def scenes(first: int) -> Cells:
    """Every scene: four backdrops and four persons in it."""
    rows = []
    for name in SCENES:
        empty = [paint_scene(name, first + s, _SIDE)[0] for s in range(4)]
        row = [np.asarray(e * 255 + 0.5, np.uint8) for e in empty]
        rows.append(
            row + [portrait(sample_person(first + c), scene=name, take=c) for c in range(4)]
        )
    return rows


def styles(first: int) -> Cells:
    """Six persons, each one picture in every style."""
    names = (*STYLES, *(("linocut",) if "linocut" not in STYLES else ()))
    rows = []
    for i in range(6):
        context = sample_context(np.random.default_rng([63, first + i]), headgear=False)
        person = sample_person(first + i)
        rows.append([draw(person, replace(context, style=s), 128).rgb for s in names])
    return rows


def expressions(first: int) -> Cells:
    """Every expression at five turns of the head, a person a row."""
    turns = (-25.0, -12.0, 0.0, 12.0, 25.0)
    return [
        [portrait(sample_person(first + i), expression=name, yaw=yaw) for yaw in turns]
        for i, name in enumerate(EXPRESSIONS)
    ]


def mixes(first: int) -> Cells:
    """Coarse to fine: one person becomes another group by group, three pairs."""
    rows = []
    for pair in range(3):
        a, b = sample_person(first + 2 * pair), sample_person(first + 2 * pair + 1)
        coarse, medium = (*COARSE_FIELDS, "noun", "hair_shape"), (*MEDIUM_FIELDS, "beard")
        fine = (*FINE_FIELDS, "hair_rgb", "eye_rgb")
        halves = [h for g in (coarse, medium, fine) for h in (g[: len(g) // 2], g[len(g) // 2 :])]
        row, person = [portrait(a)], a
        for half in halves:
            person = replace(person, **{name: getattr(b, name) for name in half})
            row.append(portrait(person))
        rows.append([*row, portrait(b)])
    return rows


SHEETS: dict[str, Callable[[int], Cells]] = {
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
    parser.add_argument("--only", nargs="*", choices=tuple(SHEETS), default=tuple(SHEETS))
    parser.add_argument("--first", type=int, default=1_000_000, help="the first person's id")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        path = args.out / f"{name}.png"
        cv2.imwrite(str(path), join(SHEETS[name](args.first))[..., ::-1])
        print(path, flush=True)


if __name__ == "__main__":
    main()
