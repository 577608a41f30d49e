"""tune_speed.py --tricks: each trick added to the ones before, its time and its loss, on mini."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from _drawings import identities
from _tune_steps import (
    WEIGHTS,
    Person,
    Steps,
    config_of,
    halves,
    mini_steps,
    random_person,
    timed,
)  # fmt: skip

from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.stages import _tuning

#: As it was: everything off. Every line below adds to the ones before it.
BEFORE: dict[str, Any] = {
    "lean": "always", "precision": "fp32", "self_attention": "fused", "skip_dropped": False,
    "preserve_weight": 0.5, "preserve_share": 0.5,
}  # fmt: skip
ADDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("+ stock convolutions (lean: never)", {"lean": "never"}),
    ("+ bf16 (precision: bf16)", {"precision": "bf16"}),
    ("+ self-attention written out (self_attention: written)", {"self_attention": "written"}),
    ("+ dropped pictures not computed (skip_dropped: true)", {"skip_dropped": True}),
    (
        "+ preserve term on a quarter of the steps, twice the weight: the default",
        {"preserve_share": 0.25, "preserve_weight": 1.0},
    ),
)
BESIDE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default, channels_last: true", {"channels_last": True}),
    ("default, trained_blocks: mid_up", {"trained_blocks": "mid_up"}),
    ("default, trained_blocks: up", {"trained_blocks": "up"}),
    ("default, flips: true (loss only)", {"flips": True}),
)
FIRST = "the same settings today"
OTHER = "the other checkout, its default"
#: Lines whose loss is measured; the others compute the same gradients (tests hold them to it).
LEARNS = (FIRST, ADDED[-1][0], *(title for title, _ in BESIDE[1:]))


class OldCheckout:
    """The steps of another checkout, in a process of its own."""

    def __init__(self, folder: Path, rank: int, batch: int) -> None:
        script = Path(__file__).with_name("_old_step.py")
        environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
        words = [str(rank), str(batch), str(torch.get_num_threads())]
        self.process = subprocess.Popen(
            [sys.executable, str(script), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip
        self.answer()

    def answer(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("The other checkout's process has ended.")
        return line

    def timed(self, count: int, share: float) -> tuple[float, float]:
        """Wall and CPU seconds a step, so many of which check the preserve term."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{count} {share}\n")
        self.process.stdin.flush()
        wall, cpu = self.answer().split()
        return float(wall), float(cpu)


def variants() -> dict[str, dict[str, Any]]:
    """Settings by title, those before first."""
    found, changes = {FIRST: dict(BEFORE)}, dict(BEFORE)
    for title, more in ADDED:
        changes = {**changes, **more}
        found[title] = changes
    return {**found, **{title: {**changes, **more} for title, more in BESIDE}}


def measure_tricks(args: argparse.Namespace, race: Callable[..., Any]) -> list[dict[str, Any]]:
    """Rows: time of a step against ``FIRST``, and the losses after a whole tuning."""
    device, each, known = torch.device("cpu"), args.each or 12, variants()
    nobody = _nobody()
    timers = {
        name: halves(mini_steps(config_of("mini-cpu", **changes), nobody))
        for name, changes in known.items()
        if "flips" not in changes
    }
    if args.old:
        rows = _race_with(args, timers, each, device)
    else:
        rows = race(timers, FIRST, args.rounds, each, device)
    people = identities(args.people, 50_000)
    wanted = [name for name in LEARNS if not args.losses or LEARNS.index(name) < args.losses]
    errors = {name: _errors(known[name], people, args) for name in wanted if args.steps}
    for row in rows:
        row.update(errors.get(row["case"], {}))
    timed_rows = {row["case"] for row in rows}
    rows += [
        {**dict.fromkeys(rows[0], ""), "case": name, **found}
        for name, found in errors.items() if name not in timed_rows
    ]  # fmt: skip
    columns = {key: "" for row in rows for key in row}
    return [{**columns, **row} for row in rows]


def _race_with(
    args: argparse.Namespace, timers: dict[str, Any], each: int, device: torch.device
) -> list[dict[str, Any]]:
    """As `race`, with the other checkout as one of the cases and as the first."""
    config = config_of("mini-cpu")
    old = OldCheckout(args.old, config.rank, config.batch)
    times: dict[str, list[tuple[float, float]]] = {OTHER: [], **{name: [] for name in timers}}
    for number in range(args.rounds + 1):
        for name, found in times.items():
            if name == OTHER:
                parts = [(0.5, old.timed(each, share)) for share in (0.0, 1.0)]
            else:
                parts = [(w, timed(act, each, device)) for w, act in timers[name]]
            wall, cpu = (sum(w * value[i] for w, value in parts) for i in (0, 1))
            if number:
                found.append((wall, cpu))
        print(f"round {number} of {args.rounds}", file=sys.stderr, flush=True)
    assert old.process.stdin is not None
    old.process.stdin.close()
    return [_row(name, found, times[OTHER]) for name, found in times.items()]


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


def _nobody() -> Person:
    base = load_base(WEIGHTS)
    return random_person("mini", 128, base.latent_channels, (base.rows, base.dim))


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
