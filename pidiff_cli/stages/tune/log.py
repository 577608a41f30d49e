"""The loss log of a tuning, ``reports/loss.jsonl``, and the memory it took."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable

import torch

from pidiff_cli.profile import Profile
from pidiff_cli.profile.contents import LOG as LOG_BYTES
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_lines

LOG = "reports/loss.jsonl"


def write_log(profile: Profile, losses: list[dict[str, float]]) -> None:
    """Write the log, one line a step."""
    lines = (json.dumps({"step": i + 1, **values}) + "\n" for i, values in enumerate(losses))
    profile.write(LOG, "".join(lines).encode())


def read_log(profile: Profile) -> list[dict[str, float]]:
    """The losses in the log; empty when it is not there or damaged."""
    try:
        entries = read_lines(profile.stored(LOG), dict[str, float | None], LOG_BYTES)
    except Refused:
        return []
    if not all("loss" in entry for entry in entries):
        return []
    return as_losses(entries)


def as_losses(entries: Iterable[dict[str, float | None]]) -> list[dict[str, float]]:
    """Losses of JSON: null is what was no number."""
    return [
        {k: math.nan if v is None else v for k, v in entry.items() if k != "step"}
        for entry in entries
    ]


def peak_mb(device: torch.device) -> float:
    """Most memory used so far: of the GPU, or of the process; 0 where it cannot be told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
