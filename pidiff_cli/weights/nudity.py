"""Where the network lies that looks for nudity in what real bases draw."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights.table import WEIGHTS

HINT = "Fetch it once (343 MB): pidiff models pull nudity. To draw without: --no-filter"


def nudity_folder(home: Path) -> Path:
    """Its folder, which may be missing."""
    return home / "models" / "nudity"


def check_nudity(home: Path) -> None:
    """Raise MissingWeightError where it is not on this machine; reads nothing."""
    folder = nudity_folder(home)
    if missing := [name for name in WEIGHTS["nudity"].makes if not (folder / name).is_file()]:
        raise MissingWeightError(
            "The network that looks for nudity in what this base draws is not on this machine "
            f"({missing[0]} is missing).",
            HINT,
        )
