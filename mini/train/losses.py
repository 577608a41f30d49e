"""The training logs, and their curves as one SVG.

``python -m mini.train.losses OUT.svg`` draws the runs that lie under `.mini/runs`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mini.train.common import RUNS

POINTS = 200  # of a curve
COLUMNS = 3
SIDES = ("step", "seconds", "per_second")
STYLE = {"font.size": 6, "svg.fonttype": "none", "svg.hashsalt": "pidiff", "axes.linewidth": 0.5}


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log, oldest first; a line that a kill cut off is left out."""
    path, found = folder / "log.jsonl", []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return found


def curve(lines: list[dict[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """A number's steps and values where it was logged; POINTS means over neighbours at most."""
    found = [(line["step"], line[name]) for line in lines if name in line]
    apart = -(-len(found) // POINTS)
    groups = [found[first : first + apart] for first in range(0, len(found), apart)]
    return [g[-1][0] for g in groups], [sum(value for _, value in g) / len(g) for g in groups]


def draw(runs: Path, path: Path) -> None:
    """Write one small plot a run of `runs`: what it logged, over its steps."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    logs = {log.parent.name: read_log(log.parent) for log in sorted(runs.glob("*/log.jsonl"))}
    rows = -(-len(logs) // COLUMNS)
    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            rows, COLUMNS, figsize=(7.2, 1.7 * rows), squeeze=False, layout="constrained"
        )
        for axis in axes.flat[len(logs) :]:
            axis.set_visible(False)
        for axis, (name, lines) in zip(axes.flat, logs.items(), strict=False):
            _plot(axis, name, lines)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _plot(axis: Any, name: str, lines: list[dict[str, Any]]) -> None:
    numbers = {k: None for line in lines for k, v in line.items() if not isinstance(v, str)}
    for key in (key for key in numbers if key not in SIDES):
        axis.plot(*curve(lines, key), linewidth=0.8, label=key)
    step, minutes = lines[-1]["step"], lines[-1]["seconds"] / 60
    axis.set_title(f"{name}: {step} steps, {minutes:.1f} minutes", fontsize=7)
    if all(min(line.get_ydata()) > 0 for line in axis.get_lines()):
        axis.set_yscale("log")
    axis.grid(True, linewidth=0.3, alpha=0.5)
    axis.legend(fontsize=4.5, frameon=False, ncols=2)
    axis.tick_params(which="both", labelsize=5)


if __name__ == "__main__":
    draw(RUNS, Path(sys.argv[1]))
