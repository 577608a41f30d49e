"""`python -m tests.parity DIR`: check every .safetensors file of a folder; exit 0 if all agree."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from pathlib import Path


def check_file(path: Path) -> tuple[bool, str]:
    """Whether one file agrees, and the line to print; a file without a check does not."""
    name = f"{__package__}.{path.stem}"
    try:
        if not path.stem.isidentifier() or importlib.util.find_spec(name) is None:
            return False, f"{path.stem:18} FAIL  there is no check for this file"
        began = time.monotonic()
        error, tolerance = importlib.import_module(name).check(path, path.parent)
    except Exception as fault:  # a broken check is a failed one, and the others still run
        return False, f"{path.stem:18} FAIL  {type(fault).__name__}: {fault}"
    good = error <= tolerance  # also false for nan
    line = f"{path.stem:18} {'ok  ' if good else 'FAIL'}  error {error:.1e}  tolerance "
    return good, f"{line}{tolerance:.0e}  {time.monotonic() - began:.1f} s"


def main(arguments: list[str] | None = None) -> int:
    """Check a folder, or this package's own small vectors; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    own = Path(__file__).parent / "data"
    parser.add_argument("folder", type=Path, nargs="?", default=own, metavar="DIR")
    parser.add_argument("--only", nargs="*", help="names of files, without the ending")
    args = parser.parse_args(arguments)
    paths = sorted(args.folder.glob("*.safetensors"))
    if args.only:
        paths = [path for path in paths if path.stem in args.only]
    if not paths:
        print(f"{args.folder} holds no parity vectors", file=sys.stderr)
        return 1
    results = []
    for path in paths:
        good, line = check_file(path)
        print(line, flush=True)
        results.append(good)
    print(f"{sum(results)} of {len(results)} agree")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
