"""Runs pidiff as a person would, in its own process, with wall time and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """A finished command: stdout, wall seconds, peak resident megabytes (10^6 bytes)."""

    out: str
    seconds: float
    peak_mb: float

    def document(self) -> Any:
        """The JSON on stdout; the last line's when there are several."""
        try:
            return json.loads(self.out)
        except json.JSONDecodeError:
            return [json.loads(line) for line in self.out.splitlines() if line.strip()]


def pidiff(*words: str, home: Path, stdin: str = "", threads: int = 0) -> Done:
    """Run one pidiff command in its own process, with so many CPU threads (0: as it likes).

    Raises:
        RuntimeError: it failed; the message ends with its last lines.
    """
    watcher = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss;"
        "print(f'peak_kb={used}', file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", watcher, sys.executable, "-m", "pidiff_cli"]
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--home", str(home), *words],
        input=stdin, capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-8:])
        raise RuntimeError(f"pidiff {' '.join(words)} ended with {done.returncode}:\n{said}")
    kb = int(done.stderr.rsplit("peak_kb=", 1)[1].split()[0])
    return Done(done.stdout, seconds, kb * 1024 / 1e6)
