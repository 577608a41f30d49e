"""All of mini's training by one command, in pieces that end by themselves.

    python -m mini.train                    # lists the plan's steps
    python -m mini.train --go --device cuda --pictures 100000 --total 120 \\
        --minutes-per-call 9 --weights new

draws the bank with all cores, trains every network for its share of --total minutes, and stops
at a checkpoint when the call's minutes are over; the same command goes on. What is done stands in
`.mini/all.json`, finished networks in --weights (fp16 or int8, checked: below 16 MiB a file, 40 MB
in all). The steps and their parts of the budget: plan.py.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from mini.train import machine
from mini.train.common import MADE, RUNS, check_weights
from mini.train.losses import read_log
from mini.train.plan import MINUTES, PICTURES, STATE, Step, steps
from pidiff_cli.files import write_file

MARGIN = 15.0  # seconds of a call kept for checkpoints and the last lines
#: What may not change between two calls: another budget or bank is another training.
FIXED = ("pictures", "total", "seed", "steps", "shares")


def options() -> argparse.ArgumentParser:
    """The options; those of FIXED are kept from the first call on."""
    parser = argparse.ArgumentParser(prog="mini.train", description=__doc__)
    parser.add_argument("--go", action="store_true", help="run the steps instead of listing them")
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    parser.add_argument("--minutes-per-call", type=float, default=0.0, help="0: to the end")
    parser.add_argument(
        "--total", type=float, default=sum(MINUTES.values()), help="minutes of all the networks"
    )
    parser.add_argument("--pictures", type=int, default=PICTURES, help="of the bank")
    parser.add_argument("--weights", type=Path, default=MADE, help="where networks are written")
    parser.add_argument(
        "--shares", type=_shares, default={}, metavar="NAME=PARTS,…", help="instead of plan.py's"
    )
    parser.add_argument("--batch", type=int, default=0, help="of every network; 0: its own")
    parser.add_argument("--steps", type=int, default=0, help="of every network, to try the plan")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw; 0: all cores")
    parser.add_argument("--compile", action="store_true", help="torch.compile where it helps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="forget the state file")
    return parser


def _shares(text: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in text.split(",") if pair)
    return {name: float(parts) for name, parts in pairs}


def main(argv: Sequence[str] | None = None) -> bool:
    """List the steps, or go on for this call's minutes; whether everything is done."""
    args = options().parse_args(argv)
    if not args.go:
        for step in steps(args):
            print(f"{step.command}  # {step.about}")
        return False
    args.device = machine.pick_device(args.device).type
    state, plan = _state(args), steps(args)
    ended = time.monotonic() + 60 * args.minutes_per_call if args.minutes_per_call else None
    whole = _go(plan, state, ended, args.weights)
    for line in told(plan, state):
        print(line, flush=True)
    return whole


def _go(plan: list[Step], state: dict[str, Any], ended: float | None, weights: Path) -> bool:
    """Run what is not done, in order, as long as there is time; whether all of it is done."""
    for step in plan:
        if is_done(step, state):
            continue
        left = None if ended is None else ended - MARGIN - time.monotonic()
        if left is not None and left < step.least and state["begun"]:
            return False
        state["begun"] = True
        finished = run(step, left)
        if finished:
            state["done"] = [*(name for name in state["done"] if name != step.name), step.name]
            check_weights(weights)
        write_file(STATE, json.dumps(state, indent=1).encode())
        if not finished:
            return False
    return True


def run(step: Step, seconds: float | None) -> bool:
    """Run one step in this process for at most so many seconds; whether it is finished."""
    print(f"== {step.name}: {step.module} {' '.join(step.options)}", flush=True)
    given = list(step.options)
    if step.pieces and seconds is not None:
        given += ["--piece", f"{max(seconds, 0.001):.3f}"]
    finished = main_of(step)(given)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return finished


def main_of(step: Step) -> Callable[[Sequence[str]], bool]:
    """The step's command."""
    entry: Callable[[Sequence[str]], bool] = importlib.import_module(step.module).main
    return entry


def is_done(step: Step, state: dict[str, Any]) -> bool:
    """Whether a step is done, and what it made is on this machine."""
    return step.name in state["done"] and (step.product is None or step.product.exists())


def told(plan: list[Step], state: dict[str, Any]) -> list[str]:
    """What is done and what is left, a line a step."""
    lines = []
    for step in plan:
        if is_done(step, state):
            word = "done"
        elif step.minutes:
            spent = read_log(RUNS / step.name)[-1:]
            seconds = float(spent[0]["seconds"]) if spent else 0.0
            word = f"{min(seconds / (60 * step.minutes), 1):.0%} of {step.minutes:.1f} minutes"
        else:
            word = "to be made"
        lines.append(f"{step.name:15} {word}")
    return lines


def _state(args: argparse.Namespace) -> dict[str, Any]:
    """The state of earlier calls. SystemExit where they had other settings."""
    now = {name: getattr(args, name) for name in FIXED}
    fresh: dict[str, Any] = {"settings": now, "done": [], "begun": False}
    if args.fresh or not STATE.exists():
        for path in RUNS.glob("*/*") if args.fresh else ():
            path.unlink()
        STATE.parent.mkdir(parents=True, exist_ok=True)
        return fresh
    state: dict[str, Any] = json.loads(STATE.read_text(encoding="utf-8"))
    other = [name for name in FIXED if state["settings"].get(name) != now[name]]
    if other:
        was = ", ".join(f"--{name} {state['settings'][name]}" for name in other)
        raise SystemExit(f"The training that is under way has {was}. Give the same, or --fresh.")
    state["begun"] = False
    return state
