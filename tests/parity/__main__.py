"""`python -m tests.parity DIR`: check every .safetensors file of a folder; exit 0 if all agree.

A line a file: its largest absolute error and the tolerance from the README beside it. A file is
checked by the module of its name, or of the beginning of it (`wproj_2` by `wproj`).
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

OWN = Path(__file__).parent / "data"
CHECKS = (
    "align_face", "arcface_irse50", "e4e_encoder", "edits", "stylegan2_1024", "stylegan2_64",
    "train_wild_loss", "wplus_attn", "wplus_unet_tiny", "wproj",
)  # fmt: skip


def check_file(path: Path) -> tuple[bool, str]:
    """Whether one file agrees, and the line to print; a file without a check does not."""
    name = f"{path.stem:18}"
    fits = [check for check in CHECKS if _is_of(path.stem, check)]
    if not fits:
        return False, f"{name} FAIL  there is no check for this file"
    began = time.monotonic()
    try:
        module = importlib.import_module(f"{__package__}.{max(fits, key=len)}")
        error, tolerance = module.check(path, path.parent)
    except Exception as fault:  # a broken check is a failed one, and the others still run
        return False, f"{name} FAIL  {type(fault).__name__}: {fault}"
    good = error <= tolerance  # also false for nan
    line = f"{name} {'ok  ' if good else 'FAIL'}  error {error:.1e}  tolerance "
    return good, f"{line}{tolerance:.0e}  {time.monotonic() - began:.1f} s"


def _is_of(stem: str, check: str) -> bool:
    return stem.startswith(check) and not stem[len(check) : len(check) + 1].isalnum()


def main(arguments: list[str] | None = None) -> int:
    """Check a folder, or this package's own copy of the vectors; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=OWN, metavar="DIR")
    parser.add_argument("--only", nargs="*", help="names of files, without the ending")
    args = parser.parse_args(arguments)
    paths = sorted(args.folder.glob("*.safetensors"))
    absent = sorted(set(args.only or ()) - {path.stem for path in paths})
    if args.only:
        paths = [path for path in paths if path.stem in args.only]
    results = [False] * len(absent)
    for name in absent:
        print(f"{name:18} FAIL  there is no such file in {args.folder}")
    for path in paths:
        good, line = check_file(path)
        print(line, flush=True)
        results.append(good)
    if not results:
        print(f"{args.folder} holds no parity vectors", file=sys.stderr)
        return 1
    print(f"{sum(results)} of {len(results)} agree")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
