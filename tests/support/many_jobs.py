"""What workers of a test do with a job: named by the job, and nothing is learnt."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from pidiff_cli.many.job import DONE, STOPPED, Outcome, TuneJob


def idle(threads: int) -> None:
    """A worker's first act: none."""


def do(job: TuneJob, stop: Callable[[], bool]) -> Outcome:
    """Done at once; ``killed`` ends its own process, each time or (``once``) the first time;
    ``long`` waits until it is told to stop."""
    mark = Path(job.home) / job.name
    if job.name == "killed" or (job.name == "once" and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    mark.touch()
    while job.name == "long":
        time.sleep(0.01)
        if stop():
            return Outcome(job.name, STOPPED)
    return Outcome(job.name, DONE, resident_mb=os.getpid())


def ended(jobs: object) -> None:
    """Ends its own process, each time."""
    os.kill(os.getpid(), signal.SIGKILL)
