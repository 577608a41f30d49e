"""The training logs as one small table, and its curves as one SVG for the model card.

``python -m mini.train.losses .mini/losses.json docs/images/mini_losses.svg`` draws them.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

POINTS = 200  # of a curve
COLUMNS = 3
SIDES = ("step", "seconds", "per_second", "side", "held", "end", "psnr")
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


def gather(runs: Path, before: Path | None = None) -> dict[str, Any]:
    """Run name -> {"step": […], "seconds": […], each number: […]}, POINTS of each at most.

    A point is the mean of the lines that it stands for, at the last one's step.

    "end" is the last line's step and seconds.
    Numbers that are not in every line (validation) are under "held", name -> [step, value] pairs.
    `before` is an earlier table: its runs stay where the logs are not on this machine.
    """
    table: dict[str, Any] = {}
    if before is not None and before.exists():
        table = json.loads(before.read_text(encoding="utf-8"))
    for folder in sorted(path.parent for path in runs.glob("*/log.jsonl")):
        if lines := read_log(folder):
            table[folder.name] = _curves(lines)
    return table


def _curves(lines: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = Counter(tuple(k for k in line if is_number(line[k])) for line in lines)
    shared = max(kinds, key=lambda names: (kinds[names], "loss" in names))
    steady = [line for line in lines if all(name in line for name in shared)]
    apart = max(1, -(-len(steady) // POINTS))
    groups = [steady[first : first + apart] for first in range(0, len(steady), apart)]
    out: dict[str, Any] = {name: [_point(group, name) for group in groups] for name in shared}
    held: dict[str, list[list[float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in shared and is_number(value):
                held.setdefault(name, []).append([line["step"], value])
    return {**out, "held": held, "end": [lines[-1]["step"], lines[-1]["seconds"]]}


def _point(group: list[dict[str, Any]], name: str) -> float:
    if name in ("step", "seconds"):
        return group[-1][name]
    return round(sum(line[name] for line in group) / len(group), 6)


def is_number(value: Any) -> bool:
    """Whether a log's value can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def draw(table: dict[str, Any], path: Path) -> None:
    """Write one small plot a network of `gather`'s table: its losses over the steps."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    names = list(table)
    rows = -(-len(names) // COLUMNS)
    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            rows, COLUMNS, figsize=(7.2, 1.7 * rows), squeeze=False, layout="constrained"
        )
        for axis in axes.flat[len(names) :]:
            axis.set_visible(False)
        for axis, name in zip(axes.flat, names, strict=False):
            _plot(axis, name, table[name])
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _plot(axis: Any, name: str, curves: dict[str, Any]) -> None:
    for key, values in curves.items():
        if key not in SIDES:
            axis.plot(curves["step"], values, linewidth=0.8, label=key)
    step, seconds = curves["end"]
    axis.set_title(f"{name}: {step} steps, {seconds / 60:.1f} minutes", fontsize=7)
    lines = axis.get_lines()
    if all(min(line.get_ydata()) > 0 for line in lines):
        axis.set_yscale("log")
    axis.grid(True, linewidth=0.3, alpha=0.5)
    if len(lines) > 1:
        axis.legend(fontsize=4.5, frameon=False, ncols=2)
    axis.tick_params(which="both", labelsize=5)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the table, draw it."""
    parser = argparse.ArgumentParser(prog="mini.train.losses", description=__doc__)
    parser.add_argument("losses", type=Path)
    parser.add_argument("svg", type=Path)
    args = parser.parse_args(argv)
    draw(json.loads(args.losses.read_text(encoding="utf-8")), args.svg)


if __name__ == "__main__":
    main()
