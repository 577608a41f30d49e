"""Which seed a plain `generate` begins with: the one whose pictures show most of what is asked.

    python -m benchmarks.quality.default_seed --seeds 0-49 --steps 8
    python -m benchmarks.quality.default_seed --seeds 3,17,40 --views 1,2,3

Validation people (of no table), tuned by the default recipe, in every role of the drawn world.
Who is drawn in which role, and whether by their own noun or as a person, is the same for all seeds;
each further view turns the people by one, so that the best seeds are looked at again on others. Of
a picture the judge says whether the role and its hat are there, the program how alike it is.
Rows are appended to --log as they come, and a run goes on where the last one stopped. Prints the
seeds, the best first, and writes the means.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS, WEIGHTS
from benchmarks.quality.people import write_photos
from benchmarks.rivals.cases import validation_people
from mini.world.captions import ROLE_PHRASES, filled
from mini.world.people import sample_person
from mini.world.registry import BROAD
from pidiff_cli import api
from pidiff_cli.config import GenerateConfig
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import draw
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.metrics.judge import Judge, load_judge
from pidiff_cli.profile import Profile
from pidiff_cli.stages import person as stage
from pidiff_cli.stages.opening import base_of, draw_values
from pidiff_cli.stages.progress import Progress

ROLES = BROAD.roles[1:]  # all but everyday clothes
HATLESS = "business"
PEOPLE = 4
RESULTS = MEASUREMENTS / "default_seed.json"
Row = dict[str, Any]


def tuned(person: int, home: Path) -> Profile:
    """The profile of one person, tuned by the default recipe; kept in ``home``."""
    name = f"v{person}"
    if not (home / "profiles" / name / "lora").is_dir():
        api.tune(write_photos(person, home / "photos" / name), name, home=home, base="mini")
    return Profile.open(name, home)


class Studio:
    """People on the base, each opened once."""

    def __init__(self, home: Path, steps: int) -> None:
        self.home, self.steps = home, steps
        self.judge: Judge = load_judge(WEIGHTS / "judge")
        self.people = validation_people()[:PEOPLE]
        self.opened: dict[int, tuple[stage.LoadedPerson, Any]] = {}

    def person(self, place: int) -> tuple[stage.LoadedPerson, Any]:
        """The person at a place on the base, and how `generate` would draw."""
        if place not in self.opened:
            profile = tuned(self.people[place], self.home)
            parts = base_of(self.home, profile)
            values = draw_values(profile, parts, GenerateConfig, {"steps": self.steps or None})
            config = GenerateConfig(**values, home=self.home, device="cpu")
            loaded = stage.load_person(profile, parts, "cpu", True, Progress())
            self.opened[place] = loaded, stage.draw_settings(config)
        return self.opened[place]

    def row(self, seed: int, view: int, number: int) -> Row:
        """One picture and what is seen in it."""
        role = ROLES[number]
        place = (number + view) % PEOPLE
        loaded, settings = self.person(place)
        own = sample_person(self.people[place]).noun
        noun = own if (number // PEOPLE + view) % 2 else "person"
        wish = filled(ROLE_PHRASES[role][0], noun)
        prompt = encode_prompt(loaded.base, complete(wish, noun), noun)
        image = draw(loaded.base, prompt, loaded.code, [seed], settings).images[0]
        seen = {name: p[0].numpy() for name, p in self.judge.classes(image[None]).items()}
        roles, hats = self.judge.class_names["role"], self.judge.class_names["headgear"]
        return {
            "seed": seed, "view": view, "steps": settings.steps, "role": role, "noun": noun,
            "person": self.people[place], "right": roles[int(seen["role"].argmax())] == role,
            "hat": round(float(seen["headgear"][hats.index("True")]), 3),
            "likeness": stage.alike(loaded, image),
        }  # fmt: skip


def good(row: Row) -> bool:
    """The role is told, its hat is there, and a face."""
    hat = row["hat"] > 0.5 or row["role"] == HATLESS
    return bool(row["right"] and hat and row["likeness"] is not None)


def means(rows: list[Row]) -> dict[int, Row]:
    """Seed -> its means, the best first."""
    table = {}
    for seed in sorted({row["seed"] for row in rows}):
        own = [row for row in rows if row["seed"] == seed]
        table[seed] = {
            "good": round(float(np.mean([good(row) for row in own])), 3),
            "roles": round(float(np.mean([row["right"] for row in own])), 3),
            "hats": round(float(np.mean([r["hat"] > 0.5 for r in own if r["role"] != HATLESS])), 3),
            "likeness": round(float(np.mean([row["likeness"] or 0.0 for row in own])), 3),
            "pictures": len(own),
        }  # fmt: skip
    order = sorted(table, key=lambda s: (-table[s]["good"], -table[s]["likeness"]))
    return {seed: table[seed] for seed in order}


def numbers(text: str) -> list[int]:
    """``0-3,7`` as 0, 1, 2, 3, 7."""
    parts = (part.partition("-") for part in text.split(","))
    return [n for first, _, last in parts for n in range(int(first), int(last or first) + 1)]


def wanted(args: argparse.Namespace) -> Iterator[tuple[int, int, int]]:
    """Seed, view and role's number of every picture, seed after seed."""
    return (
        (seed, view, number)
        for seed in numbers(args.seeds)
        for view in numbers(args.views)
        for number in range(len(ROLES))
    )


def main() -> None:
    """Draw, look, save, print."""
    parser = command_line("benchmarks.quality.default_seed", __doc__)
    parser.add_argument("--seeds", default="0-49")
    parser.add_argument("--views", default="0")
    parser.add_argument("--steps", type=int, default=0, help="0 takes the recipe's")
    parser.add_argument("--home", type=Path, default=Path(".mini/seeds/home").resolve())
    parser.add_argument("--log", type=Path, default=Path(".mini/seeds/log.jsonl"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    studio = Studio(args.home, args.steps)
    args.log.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(x) for x in args.log.read_text().splitlines()] if args.log.exists() else []
    steps = studio.person(0)[1].steps
    done = {(r["seed"], r["view"], r["role"]) for r in rows if r["steps"] == steps}
    for seed, view, number in wanted(args):
        if (seed, view, ROLES[number]) not in done:
            rows.append(studio.row(seed, view, number))
            with args.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1]) + "\n")
        if number == len(ROLES) - 1:
            print(f"{seed} ({view})", file=sys.stderr, flush=True)
    told = {}
    for steps in sorted({row["steps"] for row in rows}):
        table = means([row for row in rows if row["steps"] == steps])
        told[f"{steps} steps"] = {str(seed): row for seed, row in table.items()}
        for seed, row in [*table.items()][:12]:
            print(steps, seed, *(f"{key} {value}" for key, value in row.items()))
    args.out.write_text(json.dumps({"seeds": told, "on": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
