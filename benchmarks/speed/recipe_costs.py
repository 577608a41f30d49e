"""What `tune` from four photos takes with each of mini's recipes, as a person would run it.

    python -m benchmarks.speed.recipe_costs --recipe fast --recipe quality

A process of its own, photos to report: wall and CPU seconds, peak resident memory. The headers of
the recipes quote it. Where the cores are shared with others the wall time says little.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.commands import command_line, pidiff
from benchmarks.drawings import identities
from benchmarks.machine import keep, machine, table
from benchmarks.places import MEASUREMENTS
from benchmarks.quality.people import write_photos
from pidiff_cli.recipe import load_recipe, recipe_names

RESULTS = MEASUREMENTS / "recipe_costs.json"


def cost(recipe: str, threads: int) -> dict[str, Any]:
    """Photos to report in an empty home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        photos = write_photos(identities(1)[0], home / "photos")
        words = ("--json", "tune", str(photos), "--name", "costs", "--recipe", recipe)
        done = pidiff(*words, home=home, threads=threads)
    return {
        "recipe": recipe, "steps": done.document()["steps"], "wall_s": round(done.seconds),
        "cpu_s": round(done.cpu), "peak_mb": round(done.peak_mb), "threads": threads,
    }  # fmt: skip


def main() -> int:
    """Run the recipes one after another."""
    parser = command_line("benchmarks.speed.recipe_costs", __doc__)
    parser.add_argument("--recipe", action="append", help="several times; default: all of mini's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    mini = [name for name in recipe_names() if load_recipe(name).base == "mini"]
    rows = []
    for name in args.recipe or mini:
        rows.append(cost(name, args.threads))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        told = {**machine(), "script": "benchmarks.speed.recipe_costs"}
        keep(args.out, name, {**told, **rows[-1]})
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
