"""Draw the loss curves of a training as one SVG for the model card.

``python -m mini.train.cards .mini/losses.json docs/images/mini_losses.svg``
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLUMNS = 3
SIDES = ("step", "seconds", "per_second", "side", "held", "end", "psnr")
STYLE = {"font.size": 6, "svg.fonttype": "none", "svg.hashsalt": "pidiff", "axes.linewidth": 0.5}


def draw(table: dict[str, Any], path: Path) -> None:
    """Write one small plot a network of `losses.gather`'s table: its losses over the steps."""
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
    parser = argparse.ArgumentParser(prog="mini.train.cards", description=__doc__)
    parser.add_argument("losses", type=Path)
    parser.add_argument("svg", type=Path)
    args = parser.parse_args(argv)
    draw(json.loads(args.losses.read_text(encoding="utf-8")), args.svg)


if __name__ == "__main__":
    main()
