"""Time until PIDiff is as alike as DreamBooth-LoRA gets: rank-1 of 100 against CPU seconds, mini.

    python benchmarks/same_rank1.py --people 4        # minutes a person
    python benchmarks/same_rank1.py --people 1 --looks 2 --steps 0 2 --draw-steps 2   # tries it

Held-out drawn people that no table uses, four photos each, eight prompts with two seeds. The
baseline is disentangle.py's DreamBooth-LoRA with the settings that were chosen for it, looked at
while it trains. PIDiff is the default recipe with so many steps; preparing and inverting the
photos counts as its time, 0 steps is the general branch alone. Told is the first look at which
DreamBooth-LoRA has its best mean rank-1, and the first number of PIDiff's steps with as much.
CPU time on as many threads as --threads, drawing and measuring not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this script

import torch
from _rivals_cases import HOME, Case, validation_people
from _rivals_measure import likeness, look
from _rivals_methods import MAIN, settings_of
from _rivals_pidiff import pidiff
from _rivals_shop import Made, Shop
from tune_speed import keep, machine, table

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "same_rank1.json"
TO_REACH = 0.50  # of DreamBooth-LoRA's time

Curve = dict[int, list[tuple[float, float]]]  # (seconds, rank-1) of every person, by steps


def rank1(shop: Shop, case: Case, made: Made) -> float:
    """Share of pictures whose face is nearest to the right one of a hundred people."""
    faces = [face for face in look(shop, made.images) if face is not None]
    return float(likeness(shop, case, faces, len(made.images))["rank1"])


def dreambooth_looks(shop: Shop, case: Case, looks: list[int]) -> Iterator[Made]:
    """Pictures at every look."""
    method = MAIN["dreambooth"]
    settings = {**settings_of("dreambooth"), "looks": looks, "steps": looks[-1]}
    yield from method.fit(shop, case, settings)


def pidiff_looks(shop: Shop, case: Case, steps: list[int]) -> Iterator[Made]:
    """Pictures after so many steps, preparing and inverting counted."""
    home = HOME / "home" / f"{shop.digest}-{shop.code}" / "profiles" / case.name
    shutil.rmtree(home, ignore_errors=True)
    began = time.process_time()
    shop.profile(case)
    before = time.process_time() - began
    for count in steps:
        made = next(pidiff(shop, case, {"steps": count} if count else {"tune": 0}))
        yield replace(made, seconds=made.seconds + before, steps=count)


def measure(shop: Shop, people: list[int], args: argparse.Namespace) -> tuple[Curve, Curve]:
    """Both curves, person by person."""
    theirs: Curve = {}
    ours: Curve = {}
    for person in people:
        case = Case(person)
        for curve, looks in (
            (theirs, dreambooth_looks(shop, case, args.looks)),
            (ours, pidiff_looks(shop, case, args.steps)),
        ):
            for made in looks:
                curve.setdefault(made.steps, []).append((made.seconds, rank1(shop, case, made)))
                print(person, made.steps, curve[made.steps][-1], file=sys.stderr, flush=True)
    return theirs, ours


def means(curve: Curve) -> list[tuple[int, float, float]]:
    """(steps, seconds, rank-1), means over the people, fewer steps first."""
    return [
        (steps, *(sum(v[i] for v in values) / len(values) for i in (0, 1)))
        for steps, values in sorted(curve.items())
    ]


def verdict(theirs: Curve, ours: Curve) -> dict[str, Any]:
    """Where the baseline is at its best, where PIDiff has as much, and the ratio of the times."""
    best = max(row[2] for row in means(theirs))
    there = next(row for row in means(theirs) if row[2] == best)
    here = next((row for row in means(ours) if row[2] >= best), None)
    found = {"rank1": round(best, 3), "dreambooth_steps": there[0], "dreambooth_s": there[1]}
    if here is None:
        return found | {"pidiff_steps": None, "pidiff_s": None, "ratio": None}
    ratio = round(here[1] / there[1], 3)
    return found | {"pidiff_steps": here[0], "pidiff_s": here[1], "ratio": ratio}


def main() -> int:
    """Run it; exit status 1 where the ratio is above ``TO_REACH`` or never reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--looks", type=int, nargs="+", default=[75, 150, 300, 600])
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 50, 150])
    parser.add_argument("--draw-steps", type=int, default=0, help="of a picture; 0 as the recipe")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    shop = Shop()
    if args.draw_steps:
        shop.__dict__["settings"] = replace(shop.settings, steps=args.draw_steps)
    theirs, ours = measure(shop, validation_people()[: args.people], args)
    rows = [
        {"method": name, "steps": steps, "cpu_s": round(seconds, 1), "rank1": round(value, 3)}
        for name, curve in (("DreamBooth-LoRA", theirs), ("PIDiff", ours))
        for steps, seconds, value in means(curve)
    ]
    found = verdict(theirs, ours)
    print(table(rows))
    print(json.dumps(found))
    told = {**machine(torch.device("cpu")), "script": "benchmarks/same_rank1.py"}
    keep(args.out, "mini", {**told, "people": args.people, "rows": rows, "verdict": found})
    return 0 if found["ratio"] is not None and found["ratio"] <= TO_REACH else 1


if __name__ == "__main__":
    sys.exit(main())
