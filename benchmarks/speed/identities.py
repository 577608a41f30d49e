"""What 1, 10 and 100 identities cost: to tune, to store, to load, to swap on a kept-loaded base.

    python -m benchmarks.speed.identities  # mini, one thread
    python -m benchmarks.speed.identities --tuned 10 --steps 150

`--tuned` people are really tuned, each by `pidiff tune` in a process of its own, with `--steps`
optimizer steps (2 unless given: how the cost grows with the count of people is looked at here, not
how long a tuning takes); their CPU seconds, the first against the last, show whether it grows. 10
and 100 are that many times the median, and the table says so. For the other rows as many profiles
as are asked for are written with random adapters of the recipe's rank. A swap is all that stands
between two people on one base: the profile opened, its W+ code read, its adapter put in the place
of the last one. `load` puts an adapter on a base that has none. Milliseconds are medians, wall time
and the thread's CPU time, which other programs disturb less.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from benchmarks.commands import command_line, pidiff
from benchmarks.drawings import identities
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS, WEIGHTS
from benchmarks.quality.people import write_photos
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    load_adapter,
    remove_adapter,
    save_adapter,
    swap_adapter,
    trainable_parameters,
)
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe

RESULTS = MEASUREMENTS / "identities.json"
COUNTS = (1, 10, 100)
ASKED_MS = 50


def tune_people(home: Path, count: int, steps: int) -> list[dict[str, float]]:
    """Wall and CPU seconds of one `pidiff tune` a person, in order."""
    taken = []
    for person in identities(count):
        photos = write_photos(person, home / "photos" / f"t{person}")
        words = ("tune", str(photos), "--name", f"t{person}", "--steps", str(steps))
        done = pidiff(*words, home=home, threads=1)
        taken.append({"wall": round(done.seconds, 2), "cpu": round(done.cpu, 2)})
    return taken


def write_profiles(home: Path, count: int) -> list[str]:
    """So many tuned profiles with random weights, as `tune` leaves them."""
    rank = int(load_recipe("mini-cpu").tune["rank"])
    base = load_base(WEIGHTS)
    model = add_adapter(base.unet, rank, rank)
    names = []
    for number in range(count):
        generator = torch.Generator().manual_seed(number)
        with torch.no_grad():
            for parameter in trainable_parameters(model).values():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
        code = torch.randn(base.rows, base.dim, generator=generator).numpy()
        profile = Profile.create(home, f"r{number}", "person")
        profile.save_identity(code[None], np.ones(1, np.float32), code)
        profile.write_folder("adapter", lambda folder: save_adapter(model, folder))
        names.append(profile.name)
    return names


def timed(call: Callable[[], Any]) -> dict[str, float]:
    """Milliseconds of one call: wall, and this thread's CPU time."""
    wall, cpu = time.perf_counter(), time.thread_time()
    call()
    return {"wall": (time.perf_counter() - wall) * 1e3, "cpu": (time.thread_time() - cpu) * 1e3}


def medians(taken: list[dict[str, float]]) -> dict[str, float]:
    """Medians of wall and CPU time."""
    return {key: round(statistics.median(one[key] for one in taken), 1) for key in ("wall", "cpu")}


def measure_load(home: Path, base: Base, names: list[str]) -> dict[str, float]:
    """Putting an adapter on a base that has none."""
    taken: list[dict[str, float]] = []
    made: list[Any] = []

    def load(folder: Path) -> None:
        made.append(load_adapter(base.unet, folder))

    for name in names:
        taken.append(timed(partial(load, Profile.open(name, home).folder / "adapter")))
        remove_adapter(made.pop())
    return medians(taken[1:])


def measure_swaps(home: Path, base: Base, names: list[str]) -> dict[str, Any]:
    """Going from person to person, and what of the process is resident on the way."""
    process = psutil.Process()
    model = [load_adapter(base.unet, Profile.open(names[0], home).folder / "adapter")]

    def swap(name: str) -> None:
        profile = Profile.open(name, home)
        torch.from_numpy(np.array(profile.load_identity().mean))
        model[0] = swap_adapter(model[0], profile.folder / "adapter")

    taken, resident = [], {}
    for number in range(1, max(COUNTS) + 1):
        taken.append(timed(partial(swap, names[number % len(names)])))
        if number in COUNTS:
            gc.collect()
            resident[str(number)] = round(process.memory_info().rss / 1e6, 1)
    slowest = {key: round(max(one[key] for one in taken[1:]), 1) for key in ("wall", "cpu")}
    return {"swap_ms": medians(taken[1:]), "slowest_swap_ms": slowest, "resident_mb": resident}


def measure(tuned: int, steps: int, count: int) -> dict[str, Any]:
    """All of it in a fresh home."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        people = tune_people(home, tuned, steps)
        names = write_profiles(home, count)
        sizes = [Profile.open(name, home).size_mb() * 1e6 for name in names]
        taken = timed(lambda: load_base(WEIGHTS))
        base = load_base(WEIGHTS)
        found = {
            "base": "mini", "threads": torch.get_num_threads(), "tune_steps": steps,
            "tune_seconds": people,
            "stored_bytes": {str(n): round(sum(sizes[:n])) for n in COUNTS if n <= count},
            "load_base_ms": {key: round(value, 1) for key, value in taken.items()},
            "load_ms": measure_load(home, base, names[:11]),
        }  # fmt: skip
        return {**found, **measure_swaps(home, base, names)}


def print_table(found: dict[str, Any]) -> None:
    """The costs as Markdown."""
    seconds = statistics.median(one["cpu"] for one in found["tune_seconds"])
    told = f"CPU s to tune, {found['tune_steps']} steps (n times one person's median)"
    print("| identities | 1 | 10 | 100 | |\n|---|---|---|---|---|")
    print(f"| {told} | " + " | ".join(f"{n * seconds:.0f}" for n in COUNTS) + " | |")
    stored = (f"{found['stored_bytes'][str(n)] / 1e6:.2f}" for n in COUNTS)
    print("| MB stored, without photos | " + " | ".join(stored) + " | |")
    resident = (f"{found['resident_mb'][str(n)]:.0f}" for n in COUNTS)
    print("| MB resident after so many swaps | " + " | ".join(resident) + " | flat |")
    swap, load = found["swap_ms"], found["load_ms"]
    print(f"| ms to swap, wall (CPU) | {swap['wall']} ({swap['cpu']}) | | | <= {ASKED_MS} |")
    print(f"| ms to load on a bare base, wall (CPU) | {load['wall']} ({load['cpu']}) | | | |")


def plot(found: dict[str, Any], path: Path) -> None:
    """Stored bytes and resident memory against the number of people."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    stored = [found["stored_bytes"][str(n)] / 1e6 for n in COUNTS]
    axes[0].loglog(COUNTS, stored, "o-", color="#5b7a99")
    axes[0].set_title("MB stored, without photos", fontsize=9)
    axes[1].semilogx(COUNTS, [found["resident_mb"][str(n)] for n in COUNTS], "o-", color="#5b7a99")
    axes[1].set_ylim(0, 1.3 * max(found["resident_mb"].values()))
    axes[1].set_title("MB resident after so many swaps", fontsize=9)
    for axis in axes:
        axis.set_xlabel("identities")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, keep, print, plot."""
    parser = command_line("benchmarks.speed.identities", __doc__)
    parser.add_argument("--tuned", type=int, default=3, help="people who are really tuned")
    parser.add_argument("--steps", type=int, default=2, help="optimizer steps of each")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = measure(args.tuned, args.steps, max(COUNTS))
    found |= {**machine(), "script": "benchmarks.speed.identities"}
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print_table(found)
    plot(found, args.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
