"""What a benchmark ran on, and its figures as a table and beside those that are kept."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def cpu_name() -> str:
    """The processor's model where the system tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine(device: str = "cpu") -> dict[str, Any]:
    """What was measured on, and when; of torch only where it is loaded."""
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }
    if torch := sys.modules.get("torch"):
        found |= {"torch": torch.__version__, "threads": torch.get_num_threads()}
        found |= {"gpu": torch.cuda.get_device_name()} if device == "cuda" else {}
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(row[key]) for key in columns) + " |" for row in rows]
    return "\n".join(lines)


def keep(out: Path, name: str, found: dict[str, Any]) -> None:
    """Put a measurement beside the others in the file."""
    data = json.loads(out.read_text()) if out.is_file() else {}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({**data, name: found}, indent=1) + "\n")
