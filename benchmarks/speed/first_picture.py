"""From photos to a first picture without tuning: the three commands as a person types them.

    python -m benchmarks.speed.first_picture  # a drawn person, two threads, 3 rounds
    python -m benchmarks.speed.first_picture --photos FOLDER  # photos of one person of yours

    pidiff prepare PHOTOS --name NAME; pidiff invert NAME; pidiff generate NAME "as an astronaut"

Each is a process of its own, on mini, with warm files. Wall seconds, and CPU seconds of the
process, which other programs disturb less; medians over rounds.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.commands import command_line, pidiff
from benchmarks.drawings import identities
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS
from benchmarks.quality.people import write_photos

RESULTS = MEASUREMENTS / "first_picture.json"
ASKED = 20.0
STEPS = ("prepare", "invert", "generate")


def one_round(photos: Path, home: Path, number: int, threads: int) -> dict[str, dict[str, float]]:
    """Wall and CPU seconds of each command, and of all three."""
    name = f"n{number}"
    words = {
        "prepare": ("prepare", str(photos), "--name", name),
        "invert": ("invert", name),
        "generate": ("generate", name, "as an astronaut", "--out", str(home / name)),
    }
    taken = {}
    for step in STEPS:
        done = pidiff(*words[step], home=home, threads=threads)
        taken[step] = {"wall": done.seconds, "cpu": done.cpu}
    clocks = ("wall", "cpu")
    return taken | {"all": {c: sum(taken[s][c] for s in STEPS) for c in clocks}}


def measure(photos: Path | None, rounds: int, threads: int) -> dict[str, Any]:
    """Medians over rounds, each with a profile of its own; a first round warms the files."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        given = photos or write_photos(identities(1)[0], home / "photos")
        count = sum(path.is_file() for path in given.iterdir())
        made = [one_round(given, home, n, threads) for n in range(rounds + 1)][1:]
    found: dict[str, Any] = {"photos": count, "rounds": rounds, "threads": threads}
    for step in (*STEPS, "all"):
        found[step] = {
            clock: round(statistics.median(one[step][clock] for one in made), 2)
            for clock in ("wall", "cpu")
        }
    return found


def print_table(results: dict[str, Any]) -> None:
    """Seconds as Markdown."""
    print("| person | prepare | invert | generate | all, wall (CPU) | to reach |")
    print("|---|---|---|---|---|---|")
    for person, row in results.items():
        cells = [f"{row[step]['wall']:.1f} ({row[step]['cpu']:.1f})" for step in (*STEPS, "all")]
        print(f"| {person}, {row['photos']} photos | {' | '.join(cells)} | <= {ASKED:.0f} s |")


def main() -> None:
    """Measure one person, keep, print."""
    parser = command_line("benchmarks.speed.first_picture", __doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos of one person")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    results = json.loads(args.out.read_text()) if args.out.is_file() else {}
    person = "real" if args.photos else "drawn"
    told = {**machine(), "script": "benchmarks.speed.first_picture"}
    results[person] = {**measure(args.photos, args.rounds, args.threads), **told}
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print_table(results)


if __name__ == "__main__":
    main()
