"""The benchmarks' command lines, and pidiff run as a person would, in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def command_line(module: str, about: str | None) -> argparse.ArgumentParser:
    """The options of ``python -m module``, its docstring as their help."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}", description=about, formatter_class=argparse.RawTextHelpFormatter
    )


@dataclass(frozen=True)
class Done:
    """A finished command: stdout, wall and CPU seconds, peak resident megabytes (10^6 bytes)."""

    out: str
    seconds: float
    cpu: float
    peak_mb: float

    def document(self) -> Any:
        """The JSON on stdout; the last line's when there are several."""
        try:
            return json.loads(self.out)
        except json.JSONDecodeError:
            return [json.loads(line) for line in self.out.splitlines() if line.strip()]


def pidiff(*words: str, home: Path, stdin: str = "", threads: int = 0, before: str = "") -> Done:
    """Run one pidiff command in its own process, with so many CPU threads (0: as it likes).

    ``before``: Python that runs ahead of it, to change what no option sets.

    Raises:
        RuntimeError: it failed; the message ends with its last lines.
    """
    watcher = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr); sys.exit(code)"
    )
    start = f"import runpy; {before}; runpy.run_module('pidiff_cli', run_name='__main__')"
    what = ["-c", start] if before else ["-m", "pidiff_cli"]
    command = [sys.executable, "-c", watcher, sys.executable, *what]
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
    kb, cpu = done.stderr.split()[-2:]
    return Done(done.stdout, seconds, float(cpu), int(kb) * 1024 / 1e6)
