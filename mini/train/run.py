"""All of mini's training by one command, in pieces that end by themselves.

    python -m mini.train.run --device cuda --pictures 100000 --total 120 \\
        --minutes-per-call 9 --weights new

draws the bank with all cores, trains every network for its share of --total minutes, and stops
at a checkpoint when the call's minutes are over; the same command goes on. What is done stands in
`.mini/all.json`, finished networks in --weights (fp16 or int8, checked: below 16 MiB a file, 40 MB
in all), losses in `.mini/losses.json`. The chain and its shares: links.py.
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

from pidiff_cli._atomic import write_file
from mini.train import machine
from mini.train.carry import check_weights
from mini.train.common import BANK, RUNS, WEIGHTS
from mini.train.plan import STATE, Link, chain
from mini.train.losses import gather, read_log
from mini.world.bank import read_world
from mini.world.worlds import NARROW, WORLDS

LOSSES = Path(".mini/losses.json")
MARGIN = 15.0  # seconds of a call kept for checkpoints and the last lines
#: What may not change between two calls: another budget or bank is another training.
FIXED = ("world", "pictures", "total", "seed", "unet", "crisp", "steps", "shares")


def options() -> argparse.ArgumentParser:
    """The options; those of FIXED are kept from the first call on."""
    parser = argparse.ArgumentParser(prog="mini.train.run", description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    parser.add_argument("--minutes-per-call", type=float, default=0.0, help="0: to the end")
    parser.add_argument("--total", type=float, default=287.0, help="minutes of all the networks")
    parser.add_argument("--pictures", type=int, default=26000, help="of the bank")
    parser.add_argument(
        "--world", choices=tuple(WORLDS), help="drawn; asked once (default: the bank's, or narrow)"
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where networks are written")
    parser.add_argument("--unet", choices=("small", "large"), default="small")
    parser.add_argument(
        "--crisp", action=argparse.BooleanOptionalAction, default=None,
        help="perceptual and adversarial terms (default: on a GPU)",
    )  # fmt: skip
    parser.add_argument(
        "--shares", type=_shares, default={}, metavar="NAME=PARTS,…", help="instead of links.py's"
    )
    parser.add_argument("--batch", type=int, default=0, help="of every network; 0: its own")
    parser.add_argument("--steps", type=int, default=0, help="of every network, to try the chain")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw; 0: all cores")
    parser.add_argument("--compile", action="store_true", help="torch.compile where it helps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="forget the state file")
    parser.add_argument("--export", action="store_true", help="write the network under way, stop")
    return parser


def _shares(text: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in text.split(",") if pair)
    return {name: float(parts) for name, parts in pairs}


def main(argv: Sequence[str] | None = None) -> bool:
    """Go on for this call's minutes; whether everything is done."""
    args = options().parse_args(argv)
    args.device = machine.pick_device(args.device).type
    args.crisp = args.device == "cuda" if args.crisp is None else args.crisp
    args.world = args.world or known_world(args.fresh)
    state = _state(args)
    links = chain(args)
    if args.export:
        _export(links, state)
        return False
    ended = time.monotonic() + 60 * args.minutes_per_call if args.minutes_per_call else None
    whole = _go(links, state, ended, args.weights)
    LOSSES.write_text(json.dumps(gather(RUNS, LOSSES)), encoding="utf-8")
    for line in told(links, state):
        print(line, flush=True)
    return whole


def _go(links: list[Link], state: dict[str, Any], ended: float | None, weights: Path) -> bool:
    """Run what is not done, in order, as long as there is time; whether all of it is done."""
    for link in links:
        if is_done(link, state):
            continue
        left = None if ended is None else ended - MARGIN - time.monotonic()
        if left is not None and left < link.least and state["begun"]:
            return False
        state["begun"] = True
        finished = run(link, left)
        if finished:
            state["done"] = [*(name for name in state["done"] if name != link.name), link.name]
            check_weights(weights)
        write_file(STATE, json.dumps(state, indent=1).encode())
        if not finished:
            return False
    return True


def run(link: Link, seconds: float | None) -> bool:
    """Run one link in this process for at most so many seconds; whether it is finished."""
    print(f"== {link.name}: {link.module} {' '.join(link.options)}", flush=True)
    given = list(link.options)
    if link.pieces and seconds is not None:
        given += ["--piece", f"{max(seconds, 0.001):.3f}"]
    finished = main_of(link)(given)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return finished


def main_of(link: Link) -> Callable[[Sequence[str]], bool]:
    """The link's command."""
    entry: Callable[[Sequence[str]], bool] = importlib.import_module(
        f"pidiff_cli.mini.{link.module}"
    ).main
    return entry


def is_done(link: Link, state: dict[str, Any]) -> bool:
    """Whether a link is done, and what it made is on this machine."""
    return link.name in state["done"] and (link.product is None or link.product.exists())


def told(links: list[Link], state: dict[str, Any]) -> list[str]:
    """What is done and what is left, a line a link."""
    lines = []
    for link in links:
        if is_done(link, state):
            word = "done"
        elif link.minutes:
            spent = read_log(RUNS / link.name)[-1:]
            seconds = float(spent[0]["seconds"]) if spent else 0.0
            word = f"{min(seconds / (60 * link.minutes), 1):.0%} of {link.minutes:.1f} minutes"
        else:
            word = "to be made"
        lines.append(f"{link.name:15} {word}")
    return lines


def known_world(fresh: bool) -> str:
    """The world of the training that is under way, else of the bank that is there, else narrow."""
    if STATE.exists() and not fresh:
        settings = json.loads(STATE.read_text(encoding="utf-8"))["settings"]
        return str(settings.get("world", NARROW.name))
    return read_world(BANK)[0].name


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
    state["settings"].setdefault("world", NARROW.name)  # begun before there were two
    other = [name for name in FIXED if state["settings"][name] != now[name]]
    if other:
        was = ", ".join(f"--{name} {state['settings'][name]}" for name in other)
        raise SystemExit(f"The training that is under way has {was}. Give the same, or --fresh.")
    state["begun"] = False
    return state


def _export(links: list[Link], state: dict[str, Any]) -> None:
    """Write the weights of the network under way as they are."""
    for link in links:
        if not is_done(link, state) and link.minutes:
            main_of(link)([*link.options, "--export-only"])
            return


if __name__ == "__main__":
    main()
