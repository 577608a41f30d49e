"""Time of `pidiff --help` against a process that only imports typer and rich.

    python -m benchmarks.speed.help_start

Both alternate in one run after one round that warms the files up; medians of 7 and their ratio.
Where the cores are shared with others the CPU time says more.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

from benchmarks.commands import command_line

HELP = ("-m", "pidiff_cli", "--help")
BARE = ("-c", "import typer, rich")


def seconds(words: tuple[str, ...]) -> tuple[float, float]:
    """Wall and CPU seconds of one Python process from start to end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], capture_output=True, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(runs: int) -> dict[str, float]:
    """Median seconds of `--help` and of the bare import, and their ratios."""
    rounds = [(seconds(HELP), seconds(BARE)) for _ in range(runs + 1)][1:]
    ours, bare = (
        [statistics.median(clock) for clock in zip(*taken, strict=True)]
        for taken in zip(*rounds, strict=True)
    )
    return {
        "seconds": ours[0], "imports": bare[0], "ratio": ours[0] / bare[0],
        "cpu_seconds": ours[1], "cpu_imports": bare[1], "cpu_ratio": ours[1] / bare[1],
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = command_line("benchmarks.speed.help_start", __doc__)
    parser.add_argument("--runs", type=int, default=7)
    found = measure(parser.parse_args().runs)
    print("| clock | pidiff --help | import typer, rich | ratio |\n|---|---|---|---|")
    for clock, key in (("wall", ""), ("CPU", "cpu_")):
        ours, bare, ratio = (found[key + name] for name in ("seconds", "imports", "ratio"))
        print(f"| {clock} | {ours:.3f} s | {bare:.3f} s | {ratio:.2f} |")


if __name__ == "__main__":
    main()
