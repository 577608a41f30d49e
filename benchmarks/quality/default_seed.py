"""Which seed a plain `generate` begins with: the one whose pictures show most of what is asked.

    python -m benchmarks.quality.default_seed --seeds 0-9 --people 0 --steps 8
    python -m benchmarks.quality.default_seed --seeds 10-49 --people 0 --steps 8 --until-miss
    python -m benchmarks.quality.default_seed --seeds 3,17,40 --people 1,2,3 --likeness

Validation people (of no table), tuned by the default recipe, in every role of the drawn world;
those in even places are called "person", the others by their own noun. All seeds are looked at on
the first person, the best ones again on others. Where some seeds show everything, another needs no
further picture once one thing is missing (--until-miss): roles are asked for hardest first. Of a
picture the judge says whether the role and its hat are there, the program how alike it is. Rows are
appended to --log as they come, and a run goes on where the last one stopped. Prints the seeds, the
best first, and writes the means.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
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

HARD = ("artist", "builder", "diver", "royal", "chef", "doctor")  # hats go missing here first
#: All but everyday clothes.
ROLES = (*HARD, *(role for role in BROAD.roles[1:] if role not in HARD))
AT_ONCE = 3  # roles asked for at once until one is missed
HATLESS = "business"
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

    def __init__(self, home: Path, steps: int, count: int) -> None:
        self.home, self.steps = home, steps
        self.judge: Judge = load_judge(WEIGHTS / "judge")
        self.people = validation_people()[:count]
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

    def rows(self, seed: int, place: int, alike: bool, until_miss: bool) -> list[Row]:
        """One person in the roles, and what is seen in the pictures."""
        some = AT_ONCE if until_miss else len(ROLES)
        rows: list[Row] = []
        for first in range(0, len(ROLES), some):
            if until_miss and not all(map(good, rows)):
                break
            rows += self._rows(seed, place, ROLES[first : first + some], alike)
        return rows

    def _rows(self, seed: int, place: int, roles: tuple[str, ...], alike: bool) -> list[Row]:
        loaded, settings = self.person(place)
        person = self.people[place]
        noun = sample_person(person).noun if place % 2 else "person"
        wishes = [complete(filled(ROLE_PHRASES[role][0], noun), noun) for role in roles]
        prompts = [encode_prompt(loaded.base, wish, noun) for wish in wishes]
        how = replace(settings, chunk=len(roles))  # together: a third of the time
        images = draw(loaded.base, prompts, loaded.code, [seed] * len(roles), how).images
        seen = self.judge.classes(images)
        names, hats = self.judge.class_names["role"], self.judge.class_names["headgear"]
        told = [names[int(best)] for best in seen["role"].argmax(1)]
        with_hat = seen["headgear"][:, hats.index("True")].tolist()
        return [
            {
                "seed": seed, "person": person, "steps": settings.steps, "role": role,
                "noun": noun, "right": told[i] == role, "hat": round(with_hat[i], 3),
                "likeness": stage.alike(loaded, images[i]) if alike else None,
            }
            for i, role in enumerate(roles)
        ]  # fmt: skip


def good(row: Row) -> bool:
    """The role is told and its hat is there."""
    return bool(row["right"] and (row["hat"] > 0.5 or row["role"] == HATLESS))


def means(rows: list[Row]) -> dict[int, Row]:
    """Seed -> its means, the best first."""
    table: dict[int, Row] = {}
    for seed in sorted({row["seed"] for row in rows}):
        own = [row for row in rows if row["seed"] == seed]
        table[seed] = {
            "good": round(float(np.mean([good(row) for row in own])), 3),
            "roles": round(float(np.mean([row["right"] for row in own])), 3),
            "hats": round(float(np.mean([r["hat"] > 0.5 for r in own if r["role"] != HATLESS])), 3),
            "likeness": round(float(np.mean([row["likeness"] or 0.0 for row in own])), 3),
            "hat_sure": round(float(np.mean([r["hat"] for r in own if r["role"] != HATLESS])), 3),
            "pictures": len(own), "missed": [row["role"] for row in own if not good(row)],
        }  # fmt: skip
    order = sorted(table, key=lambda s: (-table[s]["good"], -table[s]["hat_sure"]))
    return {seed: table[seed] for seed in order}


def numbers(text: str) -> list[int]:
    """``0-3,7`` as 0, 1, 2, 3, 7."""
    parts = (part.partition("-") for part in text.split(","))
    return [n for first, _, last in parts for n in range(int(first), int(last or first) + 1)]


def main() -> None:
    """Draw, look, save, print."""
    parser = command_line("benchmarks.quality.default_seed", __doc__)
    parser.add_argument("--seeds", default="0-49")
    parser.add_argument("--people", default="0", help="places among the validation people")
    parser.add_argument("--steps", type=int, default=0, help="0 takes the recipe's")
    parser.add_argument("--until-miss", action="store_true", help="give a seed up at a miss")
    parser.add_argument("--likeness", action="store_true", help="measure it, too")
    parser.add_argument("--home", type=Path, default=Path(".mini/seeds/home").resolve())
    parser.add_argument("--log", type=Path, default=Path(".mini/seeds/log.jsonl"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    places = numbers(args.people)
    studio = Studio(args.home, args.steps, max(places) + 1)
    args.log.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(x) for x in args.log.read_text().splitlines()] if args.log.exists() else []
    for place in places:
        steps, person = studio.person(place)[1].steps, studio.people[place]
        done = {r["seed"] for r in rows if (r["steps"], r["person"]) == (steps, person)}
        for seed in [n for n in numbers(args.seeds) if n not in done]:
            new = studio.rows(seed, place, args.likeness, args.until_miss)
            rows += new
            with args.log.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(row) + "\n" for row in new))
            print(f"{seed} on {person}", file=sys.stderr, flush=True)
    told = {}
    for steps in sorted({row["steps"] for row in rows}):
        table = means([row for row in rows if row["steps"] == steps])
        told[f"{steps} steps"] = {str(seed): row for seed, row in table.items()}
        for seed, row in [*table.items()][:12]:
            print(steps, seed, *(f"{key} {value}" for key, value in row.items()))
    args.out.write_text(json.dumps({"seeds": told, "on": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
