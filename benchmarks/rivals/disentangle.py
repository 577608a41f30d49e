"""Likeness without leakage: people put into pictures in every way that is in use, side by side.

    python -m benchmarks.rivals.disentangle --quick                    # a first look
    python -m benchmarks.rivals.disentangle --identities 20 --workers 2
    python -m benchmarks.rivals.disentangle --methods pidiff --photos 4 --situations main,absent
    python -m benchmarks.rivals.disentangle --validate dreambooth      # choose a rival's settings
    python -m benchmarks.rivals.disentangle --validate pidiff --grid "hold=0.5" "tune=0 hold=1"
    python -m benchmarks.rivals.disentangle --general ip --minutes 20  # general training of a rival
    python -m benchmarks.rivals.disentangle --sheet .mini/rivals/sheets

Held-out drawn people, each with their own photos and seeds; 8 prompts x 2 seeds.  Every figure is
a mean over the people with its 95 % interval (bootstrap over the people).  What was drawn with
these weights and settings is not drawn again, so a stopped run goes on; another judge looks at the
pictures that are there.
The tables go to stdout, the figures to docs/measurements/disentangle.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.commands import command_line
from benchmarks.places import MEASUREMENTS

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.machine import machine
from benchmarks.rivals import run
from benchmarks.rivals.cases import SITUATIONS, Case, people_of, trained_combinations
from benchmarks.rivals.methods import MAIN, METHODS, settings_of
from benchmarks.rivals.report import report, title

RESULTS = MEASUREMENTS / "disentangle.json"
FEW = ("base", "inversion", "dreambooth", "custom", "ip", "wplus", "pidiff")
UNSEEN = ("base", "dreambooth", "wplus", "pidiff")  # of the situations but the main one
COUNTS = (1, 4, 12)


def jobs(args: argparse.Namespace) -> list[tuple[Case, list[str]]]:
    """Cases with the methods to draw: all with 4 photos, the main ones and traits with 1 and 12."""
    listed = args.methods.split(",") if args.methods else None
    made = []
    for situation in args.situations.split(","):
        for count in args.photos if situation in ("main", "traits") else [4]:
            usual = [*METHODS] if count == 4 else [*MAIN]
            if situation != "main":
                usual = [*UNSEEN]
            if args.quick:
                usual = [name for name in usual if name in FEW]
            names = [name for name in (listed or usual) if run.ready(name)]
            for person in people_of(situation)[: args.identities]:
                made.append((Case(person, count, situation), names))
    return made


def work(args: argparse.Namespace) -> None:
    """Draw and measure what is missing, a case at a time in each worker."""
    todo = [(case, names) for case, names in jobs(args) if run.missing(case, names)]
    print(f"{len(todo)} cases to draw", file=sys.stderr, flush=True)
    if args.workers == 1:
        for case, names in todo:
            run.do_case(case, names)
        return
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run.do_case, *job) for job in todo]):
            done.result()


def collect(args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured, by situation, count of photos and method."""
    found: dict[str, Any] = {}
    for case, names in jobs(args):
        for name in names:
            cell = run.cell_of(case, name)
            if cell is not None:
                table = found.setdefault(title(case.situation, case.count), {})
                table.setdefault(name, {})[str(case.person)] = cell
    return found


def main() -> None:
    """Draw, measure, print, keep."""
    parser = command_line("benchmarks.rivals.disentangle", __doc__)
    parser.add_argument("--identities", type=int, default=20, help="people of each table")
    parser.add_argument("--methods", default="", help=f"of {', '.join(METHODS)}")
    parser.add_argument("--photos", type=int, nargs="*", default=list(COUNTS))
    parser.add_argument("--situations", default=",".join(SITUATIONS))
    parser.add_argument("--workers", type=int, default=1, help="cases at a time, a core each")
    parser.add_argument("--quick", action="store_true", help="two people, main methods, 4 photos")
    parser.add_argument("--validate", default="", metavar="METHOD", help="choose its settings")
    parser.add_argument("--people", type=int, default=2, help="validation people")
    parser.add_argument(
        "--grid",
        nargs="*",
        default=[],
        metavar="SETTINGS",
        help="try these instead of the method's own",
    )
    parser.add_argument("--keep", action="store_true", help="choose among those of --grid, too")
    parser.add_argument("--most", type=int, default=600, help="greatest number of steps tried")
    parser.add_argument("--general", default="", metavar="KIND", help="train ip or vector")
    parser.add_argument("--minutes", type=float, default=20.0, help="CPU minutes of --general")
    parser.add_argument("--pictures", type=int, default=24_000, help="of the bank for --general")
    parser.add_argument("--sheet", type=Path, help="also keep a contact sheet of every case here")
    parser.add_argument("--table", action="store_true", help="only print what is measured")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.quick:
        args.identities, args.photos, args.situations = min(args.identities, 2), [4], "main"
    if unknown := set(filter(None, args.methods.split(","))) - set(METHODS):
        parser.error(f"no method {', '.join(sorted(unknown))}; there are {', '.join(METHODS)}")
    if args.general:
        run.train(args.general, args.minutes, args.pictures)
    elif args.validate:
        situation = args.situations if args.situations in SITUATIONS else "main"
        run.validate(args.validate, args.people, args.most, args.grid, args.keep, situation)
    else:
        if not args.table:
            work(args)
        if args.sheet:
            for case, names in jobs(args):
                run.sheet(case, names, args.sheet)
        out = report(collect(args))
        settings = {name: settings_of(name) for name in METHODS}
        if any(name.startswith("combined") for name in out):
            out["combinations in the training banks"] = trained_combinations()
        kept = {"on": machine(), "weights": run.shop().digest, "judge": run.shop().judged,
                "general": run.general_training(), "settings": settings,
                "tables": out}  # fmt: skip
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
