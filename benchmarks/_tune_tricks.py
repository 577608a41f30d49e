"""tune_speed.py --tricks: each trick added to the ones before, its time and its loss, on mini."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from _drawings import identities
from _tune_steps import (
    WEIGHTS,
    Person,
    Steps,
    config_of,
)  # fmt: skip

from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.stages import _tuning

#: As it was: everything off. Every line below adds to the ones before it.
BEFORE: dict[str, Any] = {
    "lean": "always", "precision": "fp32", "self_attention": "fused", "skip_dropped": False,
    "preserve_weight": 0.5, "preserve_share": 0.5, "trained_blocks": "all",
}  # fmt: skip
ADDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("+ stock convolutions (lean: never)", {"lean": "never"}),
    ("+ bf16 (precision: bf16)", {"precision": "bf16"}),
    ("+ self-attention written out (self_attention: written)", {"self_attention": "written"}),
    ("+ dropped pictures not computed (skip_dropped: true)", {"skip_dropped": True}),
    (
        "+ preserve term on a quarter of the steps, twice the weight",
        {"preserve_share": 0.25, "preserve_weight": 1.0},
    ),
    (
        "+ only blocks on the way up learn (trained_blocks: up): the default",
        {"trained_blocks": "up"},
    ),
)
BESIDE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default, channels_last: true", {"channels_last": True}),
    ("default, trained_blocks: mid_up", {"trained_blocks": "mid_up"}),
    ("default, trained_blocks: all", {"trained_blocks": "all"}),
    ("default, flips: true (loss only)", {"flips": True}),
)
FIRST = "the same settings today"
OTHER = "the other checkout, its default"
#: Lines whose loss is measured; the others compute the same gradients (tests hold them to it).
LEARNS = (FIRST, ADDED[-1][0], *(title for title, _ in BESIDE[1:]))


class Worker:
    """Steps in a process of their own: they share neither caches nor memory with the others."""

    def __init__(self, script: str, folder: Path, *words: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(script)), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.answer()

    def answer(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("A process with steps has ended.")
        return line

    def timed(self, count: int, share: float) -> tuple[float, float]:
        """Wall and CPU seconds a step, so many of which check the preserve term."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{count} {share}\n")
        self.process.stdin.flush()
        wall, cpu = self.answer().split()
        return float(wall), float(cpu)

    def end(self) -> None:
        """Let it go."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def variants() -> dict[str, dict[str, Any]]:
    """Settings by title, those before first."""
    found, changes = {FIRST: dict(BEFORE)}, dict(BEFORE)
    for title, more in ADDED:
        changes = {**changes, **more}
        found[title] = changes
    return {**found, **{title: {**changes, **more} for title, more in BESIDE}}


def measure_tricks(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows: steps a second against the first row, and the losses after a whole tuning."""
    known = variants()
    rows = _race(args, {k: v for k, v in known.items() if args.beside or k not in dict(BESIDE)})
    people = identities(args.people, 50_000)
    wanted = [name for name in LEARNS if not args.losses or LEARNS.index(name) < args.losses]
    errors = {name: _errors(known[name], people, args) for name in wanted if args.steps}
    for row in rows:
        row.update(errors.get(row["case"], {}))
    there = {row["case"] for row in rows}
    rows += [{"case": name, **found} for name, found in errors.items() if name not in there]
    columns = {key: "" for row in rows for key in row}
    return [{**columns, **row} for row in rows]


def _race(args: argparse.Namespace, known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Alternating rounds, every case in its own process; the other checkout's comes first."""
    config, each, threads = config_of("mini-cpu"), args.each or 6, str(torch.get_num_threads())
    here = Path(__file__).resolve().parents[1]
    workers = {}
    if args.old:
        words = str(config.rank), str(config.batch), threads
        workers[OTHER] = Worker("_old_step.py", args.old, *words)
    shares = {OTHER: 0.5}
    for name, changes in known.items():
        if "flips" not in changes:
            workers[name] = Worker("_tune_worker.py", here, json.dumps(changes), threads)
            shares[name] = changes["preserve_share"]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in workers}
    for number in range(args.rounds + 1):
        for name, worker in workers.items():
            off, on = (worker.timed(each, share) for share in (0.0, 1.0))
            share = shares[name]
            wall, cpu = ((1 - share) * off[i] + share * on[i] for i in (0, 1))
            if number:
                times[name].append((wall, cpu))
        print(f"round {number} of {args.rounds}", file=sys.stderr, flush=True)
    for worker in workers.values():
        worker.end()
    first = next(iter(workers))
    return [_row(name, found, times[first]) for name, found in times.items()]


def _row(
    name: str, found: list[tuple[float, float]], old: list[tuple[float, float]]
) -> dict[str, Any]:
    pairs = list(zip(old, found, strict=True))
    return {
        "case": name, "ms": round(1e3 * statistics.median(f[0] for f in found), 1),
        "cpu_ms": round(1e3 * statistics.median(f[1] for f in found), 1),
        "times_faster": round(statistics.median(a[0] / b[0] for a, b in pairs), 2),
        "cpu_times_faster": round(statistics.median(a[1] / b[1] for a, b in pairs), 2),
    }  # fmt: skip


def _errors(
    changes: dict[str, Any], people: list[int], args: argparse.Namespace
) -> dict[str, float]:
    """Mean losses after a whole tuning: on the training photos, and on the held-out one."""
    from tune_settings import prepared

    sums: dict[str, float] = {}
    config = config_of("mini-cpu", **changes, steps=args.steps)
    for person in people:
        profile = prepared(person, args.home)
        own, held = _tuning.training_photos(profile)
        base = load_base(WEIGHTS)
        plain = config_of("mini-cpu", seed=77)  # the held-out photo is the same for every line
        person_data = Person(
            _tuning.training_data(profile, config, base, own)[1],
            *_tuning.codes_of(profile, own),
            _tuning.training_data(profile, plain, base, held)[1] if held else None,
        )
        steps = Steps(base, "mini", config, person_data, _tuning.captions(base, "person"))
        for _ in range(config.steps):
            steps.step()
        found = {"face": 0.0, "preserve": 0.0, "held_out_face": 0.0}
        measured = steps.error(person_data.data)
        found |= {"face": measured["face"], "preserve": measured["preserve"]}
        if person_data.held_out is not None:
            found["held_out_face"] = steps.error(person_data.held_out)["face"]
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + value / len(people)
    print(changes, sums, file=sys.stderr, flush=True)
    return {name: round(value, 4) for name, value in sums.items()}
