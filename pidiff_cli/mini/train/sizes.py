"""How large mini's weights are: `python -m pidiff_cli.mini.train.sizes --weights new`.

Prints a Markdown table, a line a network, and ends with code 1 where a file or all of them are too
large. Weights of one step are as large as trained ones, so a plan can be checked before it is run:

    python -m pidiff_cli.mini.train.all --world wide --unet large --pictures 16 --steps 1 \\
        --batch 4 --workers 1 --weights new        # in an empty folder, half a minute
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

from pidiff_cli.core.packed import SCALE
from pidiff_cli.mini.train.carry import TOTAL_LIMIT, check_weights
from pidiff_cli.mini.train.common import FILE_LIMIT, WEIGHTS


@dataclass(frozen=True)
class Size:
    """One file: its name in the folder, the numbers in it, its bytes; numbers 0 where it is no
    network."""

    name: str
    values: int
    size: int


def sizes(folder: Path) -> list[Size]:
    """Every file of a weights folder, the largest first."""
    found = []
    for path in (p for p in folder.rglob("*") if p.is_file()):
        values = _values(path) if path.suffix == ".safetensors" else 0
        found.append(Size(path.relative_to(folder).as_posix(), values, path.stat().st_size))
    return sorted(found, key=lambda row: -row.size)


def _values(path: Path) -> int:
    """How many weights a file holds, scales of packed ones not counted."""
    total = 0
    with safe_open(path, "pt") as file:
        keys = set(file.keys())
        for key in keys:
            if key.endswith(SCALE) and key.removesuffix(SCALE) in keys:
                continue
            count = 1
            for side in file.get_slice(key).get_shape():
                count *= side
            total += count
    return total


def table(rows: Sequence[Size]) -> str:
    """The networks as Markdown, the other files in one line, and the sum."""
    nets, others = [r for r in rows if r.values], [r for r in rows if not r.values]
    lines = ["| file | weights | bytes |", "|---|---:|---:|"]
    lines += [f"| {row.name} | {row.values:,} | {row.size:,} |" for row in nets]
    lines.append(f"| {len(others)} others | | {sum(r.size for r in others):,} |")
    total = sum(row.values for row in rows), sum(row.size for row in rows)
    return "\n".join([*lines, f"| all | {total[0]:,} | {total[1]:,} |"])


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table; SystemExit where the limits are not kept."""
    parser = argparse.ArgumentParser(prog="pidiff_cli.mini.train.sizes", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    folder = parser.parse_args(argv).weights
    print(table(sizes(folder)))
    try:
        left = TOTAL_LIMIT - check_weights(folder)
    except ValueError as error:
        raise SystemExit(f"{error}") from error
    print(f"\nno file of {FILE_LIMIT:,} bytes or more; {left:,} bytes left of {TOTAL_LIMIT:,}")


if __name__ == "__main__":
    main()
