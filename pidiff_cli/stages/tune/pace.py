"""How long a step takes on this machine, as measured by earlier tunings; nothing is guessed.

``cache/pace.json`` under the home folder: seconds a step by everything that changes them.
"""

from __future__ import annotations

import contextlib
import json
import statistics
from pathlib import Path
from typing import Annotated

import torch
from msgspec import Meta

from pidiff_cli import files
from pidiff_cli.config import TuneConfig
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json
from pidiff_cli.stages.tune.internals import TuneInternals

FILE = "cache/pace.json"
ENOUGH = 5  # steps that a median is taken of
LONG = 10.0  # seconds; less is not worth a line
KEPT = 100  # entries; the oldest are dropped
_SETTINGS = (
    *("size", "batch", "rank", "lora_rank", "lora_layers", "trained_blocks", "preserve_share"),
    "optimizer",
)
_INTERNALS = ("precision", "fast_step", "self_attention", "skip_dropped")


def key_of(
    config: TuneConfig,
    internals: TuneInternals,
    family: str,
    branch: bool,
    plan: Plan,
    device: torch.device,
) -> str:
    """What a step's time depends on, in words without spaces. ``branch``: the base has one."""
    where = str(device.type)
    if device.type == "cuda" and torch.cuda.is_available():
        where = torch.cuda.get_device_name(device).replace(" ", "-")
    how = [plan.micro_batch, plan.checkpointing, plan.nf4, torch.get_num_threads()]
    settings = [getattr(config, name) for name in _SETTINGS]
    settings += [getattr(internals, name) for name in _INTERNALS]
    return "/".join([family if branch else f"{family}-bare", where, *map(str, [*how, *settings])])


def known(home: Path, key: str) -> float | None:
    """Seconds a step, where a tuning has measured it here."""
    value = _entries(home).get(key, 0.0)
    return value if value > 0 else None


def of_drawing(key: str) -> str:
    """Under what a denoising step's time is kept, where that of a training step is ``key``."""
    return f"{key}/drawing"


def note(home: Path, key: str, seconds: list[float], least: int = ENOUGH) -> None:
    """Keep the median of a run's steps, of ``least`` and more; a disk that refuses is no fault of
    the tuning."""
    if len(seconds) < least:
        return
    entries = {k: v for k, v in _entries(home).items() if k != key}
    entries[key] = round(statistics.median(seconds), 4)
    kept = dict(list(entries.items())[-KEPT:])
    with contextlib.suppress(OSError, InputError):
        path = home / FILE
        files.write_file(path, (json.dumps(kept, indent=1) + "\n").encode())


def estimate(done: int, left: float | None) -> str:
    """A line on the seconds left, after the first ``ENOUGH`` steps; "" where there is none."""
    if done != ENOUGH or left is None or left < LONG:
        return ""
    return f"About {duration(left)} to go with previews and report, by the pace so far."


def duration(seconds: float) -> str:
    """ "40 s", "12 min", "3.5 h"."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _entries(home: Path) -> dict[str, float]:
    try:
        return read_json(home / FILE, dict[str, Annotated[float, Meta(ge=0, le=1e9)]])
    except Refused:
        return {}
