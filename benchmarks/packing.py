"""What storing mini's small networks in one byte a weight changes in their output.

    python benchmarks/packing.py FILE.safetensors [...]   # float16 files, before they are packed

Prints each file's size before and after, and the relative error of its weights.
``--write`` packs the files in place.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from safetensors.torch import load_file, save_file

from pidiff_cli.core.packed import pack, unpack


def main() -> None:
    """Pack, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    for path in args.files:
        plain = unpack(load_file(path))
        packed = pack(plain)
        again = unpack(packed)
        gap = sum(float((again[k] - v).square().sum()) for k, v in plain.items() if v.ndim > 1)
        size = sum(float(v.square().sum()) for v in plain.values() if v.ndim > 1)
        before = path.stat().st_size
        temporary = path.with_suffix(".packing")
        save_file(packed, temporary)
        after = temporary.stat().st_size
        if args.write:
            temporary.chmod(0o644)
            os.replace(temporary, path)
        else:
            temporary.unlink()
        print(f"{path.name:28s} {before:>9d} -> {after:>9d} bytes, error {(gap / size) ** 0.5:.4f}")


if __name__ == "__main__":
    main()
