"""The loss log of a tuning, ``reports/loss.jsonl``, and the memory it took."""

from __future__ import annotations

import json
import sys

import torch

from pidiff_cli.profile import Profile

LOG = "reports/loss.jsonl"


def write_log(profile: Profile, losses: list[dict[str, float]]) -> None:
    """Write the log, one line a step."""
    lines = (json.dumps({"step": i + 1, **values}) + "\n" for i, values in enumerate(losses))
    profile.write(LOG, "".join(lines).encode())


def read_log(profile: Profile) -> list[dict[str, float]]:
    """The losses in the log; empty when it is not there or damaged."""
    try:
        lines = profile.path(LOG).read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return []
    return [{k: v for k, v in entry.items() if k != "step"} for entry in entries]


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
