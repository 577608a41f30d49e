"""Cells kept as files, means with intervals, and the Markdown tables."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RESAMPLES, SEED = 4000, 0
Cell = Mapping[str, Any]
Interval = tuple[float, float, float]  # mean, lower and upper end


@dataclass(frozen=True)
class Figure:
    """One measured quantity: how it is taken from cells, and which way is better.

    Attributes:
        key: of a cell, or of the numerator where ``over`` names the denominator: then it is the
            ratio of the sums over the people.
        better: +1 up, -1 down, 0 neither.
    """

    name: str
    key: str
    better: int
    digits: int = 2
    over: str = ""


FIGURES = (
    Figure("rank-1", "rank1", 1),
    Figure("likeness", "likeness", 1),
    Figure("stranger margin", "margin", 1),
    Figure("right caption", "right", 1),
    Figure("background change", "background", -1, 3),
    Figure("localisation IoU", "iou", 1),
    Figure("diversity", "diversity", 1, 3),
    Figure("copy-paste", "copied", -1, 2, over="copied_of"),
    Figure("CPU s", "seconds", -1, 0),
    Figure("parameters", "parameters", -1, 0),
)


class Cells:
    """Finished cells in a folder, one JSON file for each settings, case and method."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, case: str, method: str, digest: str) -> Path:
        """Of one cell; ``digest`` is of all that it depends on."""
        return self.folder / case / f"{method}-{digest}.json"

    def read(self, case: str, method: str, digest: str) -> dict[str, Any] | None:
        """A finished cell; None where there is none, or half of one."""
        try:
            found = json.loads(self.path(case, method, digest).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, case: str, method: str, digest: str, cell: Cell) -> None:
        """Keep a cell, whole or not at all."""
        path = self.path(case, method, digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(cell, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, path)


def digest_of(*parts: Any) -> str:
    """Twelve letters that change with any of the parts (JSON values)."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def interval(figure: Figure, cells: Sequence[Cell]) -> Interval | None:
    """Mean over the people with the ends of its 95 % interval, by bootstrap over the people.

    A cell without the figure is left out; None where all are.
    """
    found = [c for c in cells if c.get(figure.key) is not None]
    if not found:
        return None
    top = np.asarray([float(c[figure.key]) for c in found])
    under = np.asarray([float(c[figure.over]) if figure.over else 1.0 for c in found])
    return _bootstrap(top, under)


def difference(figure: Figure, ours: Sequence[Cell], theirs: Sequence[Cell]) -> Interval | None:
    """Ours less theirs, both cells of the same people in the same order, with its interval."""
    pairs = [
        (a, b) for a, b in zip(ours, theirs, strict=True)
        if a.get(figure.key) is not None and b.get(figure.key) is not None
    ]  # fmt: skip
    if not pairs:
        return None
    top = np.asarray([float(a[figure.key]) - float(b[figure.key]) for a, b in pairs])
    under = np.asarray([float(a[figure.over]) if figure.over else 1.0 for a, _ in pairs])
    return _bootstrap(top, under)


def ratio(figure: Figure, ours: Sequence[Cell], theirs: Sequence[Cell]) -> Interval | None:
    """Ours over theirs (sums over the same people), with its interval.

    None where theirs is not above zero: a share of nothing says nothing.
    """
    pairs = [
        (float(a[figure.key]), float(b[figure.key])) for a, b in zip(ours, theirs, strict=True)
        if a.get(figure.key) is not None and b.get(figure.key) is not None
    ]  # fmt: skip
    if not pairs or sum(b for _, b in pairs) <= 0:
        return None
    top, under = np.asarray(pairs).T
    return _bootstrap(top, under)


def _bootstrap(top: np.ndarray, under: np.ndarray) -> Interval:
    rng = np.random.default_rng(SEED)
    picks = rng.integers(0, len(top), (RESAMPLES, len(top)))
    means = top[picks].sum(1) / np.maximum(under[picks].sum(1), 1e-9)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(top.sum() / max(under.sum(), 1e-9)), float(low), float(high)


def shown(figure: Figure, found: Interval | None) -> str:
    """A figure as a cell of the table."""
    if found is None:
        return "none"
    mean, low, high = found
    if figure.digits == 0:
        return f"{mean:,.0f}"
    d = figure.digits
    return f"{mean:.{d}f} [{low:.{d}f}, {high:.{d}f}]"


def markdown(
    rows: Sequence[tuple[str, Sequence[Cell]]], figures: Sequence[Figure] = FIGURES
) -> str:
    """A table: a method a line, a figure a column."""
    head = "| method | " + " | ".join(figure.name for figure in figures) + " |"
    lines = [head, "|---" * (len(figures) + 1) + "|"]
    for name, cells in rows:
        values = [shown(figure, interval(figure, cells)) for figure in figures]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def verdicts(
    ours: Sequence[Cell], rivals: Mapping[str, Sequence[Cell]], figures: Sequence[Figure] = FIGURES
) -> list[dict[str, Any]]:
    """For each figure with a direction: the best rival, and whether ours is worse beyond noise."""
    found = []
    for figure in figures:
        if figure.better == 0:
            continue
        best = _best(figure, rivals)
        if best is None or interval(figure, ours) is None:
            continue
        gap = difference(figure, ours, rivals[best])
        if gap is None:
            continue
        gains = sorted(figure.better * end for end in gap[1:])
        word = "better" if gains[0] > 0 else "worse" if gains[1] < 0 else "within noise"
        found.append({"figure": figure.name, "rival": best, "difference": gap, "ours_is": word})
    return found


def _best(figure: Figure, rivals: Mapping[str, Sequence[Cell]]) -> str | None:
    means = {name: interval(figure, cells) for name, cells in rivals.items()}
    known = {name: mean[0] for name, mean in means.items() if mean is not None}
    pick: Callable[..., str] = max if figure.better > 0 else min
    return pick(known, key=lambda name: known[name]) if known else None
