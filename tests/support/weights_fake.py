"""Stand-ins for weights, where they would lie."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.weights import records
from pidiff_cli.weights.table import WEIGHTS


def fill(home: Path, *names: str) -> None:
    """Put files there that only have the names."""
    for name in names:
        weight = WEIGHTS[name]
        for made in weight.makes:
            path = home / "models" / weight.folder / made
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")


def record(home: Path, name: str) -> None:
    """Note them as a pull does."""
    weight = WEIGHTS[name]
    folder = records.folder_of(weight, home)
    files = {made: records.measured(folder / made) for made in weight.makes}
    entry = records.Entry(weight.licence, "d", "s", "", {}, files)
    records.write_entry(folder, name, entry)
