"""Prints the table of figures that mini is held to: figure, to reach, measured.

    python -m benchmarks.quality.mini_table  # everything, about an hour on two cores
    python -m benchmarks.quality.mini_table --only judge,autoencoder
    python -m benchmarks.quality.mini_table --only tune --people 2

Parts: judge, autoencoder, inversion, stylemix, tune (with background), scale0, speed, help, size.
Everything is drawn and seeded here; drawings and profiles are kept under .mini/.  The results
of the parts that ran are merged into docs/measurements/mini_table.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS, WEIGHTS

RESULTS = MEASUREMENTS / "mini_table.json"
PARTS = (
    "judge", "autoencoder", "inversion", "stylemix", "tune", "scale0", "speed", "help", "size",
)  # fmt: skip

Results = dict[str, Any]
Row = tuple[str, str, Callable[[Results], str]]


def _rank1(r: Results) -> str:
    return (
        f"{r['judge']['rank1']:.3f} (all styles alike {r['judge']['rank1_all_styles_alike']:.3f})"
    )


def _styles(r: Results) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in r["judge"]["rank1_by_style"].items())


def _inversion(r: Results) -> str:
    own = r["inversion"]["rank1_of_the_drawings"]
    return f"{r['inversion']['rank1']:.3f} (the drawings themselves {own:.3f})"


def _caption_drop(r: Results) -> str:
    base, tuned = r["tune"]["plain_right_of_32"], r["tune"]["after_right_of_32"]
    return f"{base - tuned:+.3f} ({base:.3f} -> {tuned:.3f})"


def _scale0(r: Results) -> str:
    difference = r["scale0"]["largest_difference"]
    return "equal" if r["scale0"]["equal"] else f"differs by {difference} / 255"


def _tune_cost(r: Results) -> str:
    cost = r["speed"]["tune"]
    return f"{cost['seconds']:.0f} s, {cost['peak_mb'] / 1000:.2f} GB"


def _share(group: dict[str, Any]) -> str:
    where = ", ".join(f"{name} {value:.2f}" for name, value in group["from"].items())
    share = "not read" if group["share"] is None else f"{group['share']:.3f}"
    return f"{share} (from {where}; {group['factors_read']} of {group['factors']} factors read)"


def _mix(group: str) -> Row:
    figure = f"stylemix: share of {group} factors' change from {group} layers"
    return figure, ">= 0.7", lambda r: _share(r["stylemix"][group])


ROWS: tuple[Row, ...] = (
    ("judge on true drawings: rank-1 over other pose, expression, scene, style", ">= 0.95", _rank1),
    ("judge on true drawings, rank-1 by style", "reported", _styles),
    ("judge on true drawings: right caption among 32", ">= 0.90",
     lambda r: f"{r['judge']['right_of_32']:.3f}"),
    ("the same, a caption that is true of the drawing too not counted as wrong", "reported",
     lambda r: f"{r['judge']['true_of_32']:.3f}"),
    ("autoencoder on held-out drawings", ">= 27 dB",
     lambda r: f"{r['autoencoder']['psnr_db']:.2f} dB (narrow world's "
               f"{r['autoencoder']['psnr_db_narrow']:.2f} dB)"),
    ("W+ inversion of held-out portraits (encoder only): rank-1", ">= 0.75", _inversion),
    _mix("coarse"), _mix("medium"), _mix("fine"),
    ("after default tune on 4 portraits: rank-1 of generated pictures", ">= 0.70",
     lambda r: f"{r['tune']['after_rank1']:.3f} ({len(r['tune']['people'])} people)"),
    ("the same before tune (general branch only)", "reported",
     lambda r: f"{r['tune']['before_rank1']:.3f}"),
    ("the same without identity (scale 0)", "reported",
     lambda r: f"{r['tune']['plain_rank1']:.3f}"),
    ("right caption among 32: drop of tuned against untuned", "<= 0.05", _caption_drop),
    ("identity scale 0 against the base pipeline", "equal bit for bit", _scale0),
    ("background off the face, scale 1 against 0: mean absolute difference", "<= 0.04",
     lambda r: f"{r['tune']['background']:.4f}"),
    ("default tune on mini, 2 CPU cores", "<= 120 s, <= 2.5 GB", _tune_cost),
    ("generate -n 4, whole process, 2 CPU cores", "<= 20 s",
     lambda r: f"{r['speed']['generate_median']:.1f} s"),
    ("pidiff --help", "<= 0.3 s", lambda r: f"{r['help']['seconds']:.2f} s"),
    ("make demo on a fresh clone, downloads included", "<= 10 min", lambda r: r["demo"]["said"]),
    ("profile without photos", "<= 3 MB", lambda r: f"{r['size']['mb']:.2f} MB"),
)  # fmt: skip


def measure(part: str, args: argparse.Namespace) -> dict[str, Any]:
    """Run one part."""
    if part in ("speed", "help", "size", "scale0"):
        from benchmarks.quality import costs

        if part == "help":
            return costs.measure_help()
        if part == "scale0":
            return costs.measure_scale0(args.home, WEIGHTS)
        return {"speed": costs.measure_speed, "size": costs.measure_size}[part](args.home)
    from benchmarks.quality import networks
    from pidiff_cli.core.metrics.judge import load_judge

    if part == "autoencoder":
        from pidiff_cli.core.diffusion.base import load_base

        return networks.measure_autoencoder(load_base(WEIGHTS))
    judge = load_judge(WEIGHTS / "judge")
    if part == "judge":
        return networks.measure_judge(judge)
    if part == "inversion":
        return networks.measure_inversion(judge, WEIGHTS)
    if part == "stylemix":
        return networks.measure_stylemix(judge, WEIGHTS)
    from benchmarks.quality import people

    return people.measure_people(judge, WEIGHTS, args.home, args.people, args.fresh)


def print_table(results: dict[str, Any]) -> None:
    """Figure | to reach | measured, as Markdown."""
    print("| figure | to reach | measured |\n|---|---|---|")
    for figure, target, show in ROWS:
        try:
            value = show(results)
        except (KeyError, TypeError):
            value = "not measured"
        print(f"| {figure} | {target} | {value} |")


def main() -> None:
    """Run the parts that were asked for, merge, save, print."""
    parser = command_line("benchmarks.quality.mini_table", __doc__)
    parser.add_argument("--only", default="", help="parts, with commas between; all if left out")
    parser.add_argument("--people", type=int, default=10, help="how many people are tuned")
    parser.add_argument("--home", type=Path, default=Path(".mini/table/home").resolve())
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--threads", type=int, default=0, help="torch threads of this process")
    parser.add_argument("--fresh", action="store_true", help="tune anew what is tuned already")
    args = parser.parse_args()
    parts = args.only.split(",") if args.only else list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if args.threads:
        import torch

        torch.set_num_threads(args.threads)
    results = json.loads(args.out.read_text()) if args.out.is_file() else {}
    for part in parts:
        began = time.perf_counter()
        print(f"{part} ...", file=sys.stderr, flush=True)
        try:
            found = measure(part, args)
        except Exception as error:  # one part that fails does not lose the others
            print(f"{part} failed: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        if args.out.is_file():  # another run may have measured other parts meanwhile
            results = json.loads(args.out.read_text())
        results[part] = {
            **found,
            "took_seconds": round(time.perf_counter() - began, 1),
            "on": machine(),
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print_table(results)


if __name__ == "__main__":
    main()
