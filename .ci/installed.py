"""Exit 0 when the running environment has the package and every pin of constraints.txt."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PINS = (Path(__file__).parent.parent / "constraints.txt").read_text(encoding="utf-8").split()


def missing(pin: str) -> bool:
    """Whether this pin is not what is installed; a build's local suffix (+cpu) does not count."""
    name, wanted = pin.split("==")
    try:
        return version(name).split("+")[0] != wanted
    except PackageNotFoundError:
        return True


def main() -> int:
    """0: nothing to install."""
    try:
        version("pidiff-cli")
    except PackageNotFoundError:
        return 1
    return int(any(map(missing, PINS)))


if __name__ == "__main__":
    sys.exit(main())
