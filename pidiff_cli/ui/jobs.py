"""The page's jobs: one after another in one worker, told while they run."""

from __future__ import annotations

import queue
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pidiff_cli.errors import PidiffError, StoppedError
from pidiff_cli.stages.kept import Kept, keep_loaded
from pidiff_cli.stages.progress import Event

LINES, ENDED = 40, 30  # lines of a job, and ended jobs, that are remembered
OVER = ("done", "failed", "stopped")
Work = Callable[["Job", Kept], None]


@dataclass
class Job:
    """One piece of work, as every tab sees it.

    Attributes:
        kind: tune, draw, mix or start. who: the person's name.
        state: waiting, running, done, failed, or stopped (which can be gone on with).
        stage, step, of, left: as the last `Event` told, ``left`` in seconds.
        pictures: rows of pictures as they come, see `pidiff_cli.ui.drawing`.
        previews: how often a tuning has drawn previews. answer: what the page needs at the end.
    """

    kind: str
    title: str
    who: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    state: str = "waiting"
    stage: str = ""
    step: int = 0
    of: int | None = None
    left: float | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)
    previews: int = 0
    error: dict[str, str] | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    began: float = 0.0
    stop: bool = False

    def told(self) -> dict[str, Any]:
        """What the page reads."""
        hidden = ("began", "stop")
        values = {key: value for key, value in vars(self).items() if key not in hidden}
        return {**values, "stopping": self.stop and self.state not in OVER}


class Jobs:
    """The queue and its worker.

    Args:
        start: done first of all, before any job, as loading what the first one will need.
    """

    def __init__(self, start: Callable[[], None] | None = None) -> None:
        self.version = 0
        self.people = 0  # changes when profiles may have
        self._jobs: list[Job] = []
        self._works: queue.SimpleQueue[tuple[Job, Work] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._start = start
        self._thread = threading.Thread(target=self._serve, name="jobs", daemon=True)
        self._thread.start()

    def add(self, job: Job, work: Work) -> Job:
        """Put a job at the end of the queue."""
        with self._lock:
            self._jobs.append(job)
            over = [one for one in self._jobs if one.state in OVER]
            for old in over[: max(0, len(over) - ENDED)]:
                self._jobs.remove(old)
        self._works.put((job, work))
        self.changed()
        return job

    def unload(self) -> None:
        """Keep nobody loaded, once what runs now is over."""
        self._works.put((Job("unload", ""), lambda job, kept: kept.release()))

    def drop(self, who: str) -> None:
        """Remember no job of a person that is over."""
        with self._lock:
            self._jobs = [job for job in self._jobs if job.who != who or job.state not in OVER]
        self.changed()

    def told(self) -> list[dict[str, Any]]:
        """All jobs, the oldest first."""
        with self._lock:
            return [job.told() for job in self._jobs]

    def find(self, key: str) -> Job | None:
        """The job of an id."""
        with self._lock:
            return next((job for job in self._jobs if job.id == key), None)

    def stop(self, job: Job) -> None:
        """Ask a job to end where it can be gone on with; one that waits ends now."""
        job.stop = True
        if job.state == "waiting":
            job.state = "stopped"
        self.changed()

    def busy_with(self, who: str) -> Job | None:
        """A job of a person that is not over."""
        with self._lock:
            return next((j for j in self._jobs if j.who == who and j.state not in OVER), None)

    def changed(self, people: bool = False) -> None:
        """Say that something is new."""
        self.version += 1
        self.people += people

    def close(self, wait: float = 60.0) -> None:
        """Stop what runs where it can be gone on with, and wait for it."""
        with self._lock:
            for job in self._jobs:
                job.stop = True
        self._works.put(None)
        self._thread.join(wait)

    def _serve(self) -> None:
        with keep_loaded() as kept:
            if self._start is not None:
                self._quietly(self._start)
            while (item := self._works.get()) is not None:
                self._run(*item, kept)

    @staticmethod
    def _quietly(start: Callable[[], None]) -> None:
        try:
            start()
        except Exception:  # it only makes ready; who needs it will be told
            traceback.print_exc()

    def _run(self, job: Job, work: Work, kept: Kept) -> None:
        if job.state != "waiting" or job.stop:
            job.state = "stopped"
            self.changed()
            return
        job.state, job.began = "running", time.monotonic()
        self.changed()
        try:
            work(job, kept)
            job.state = "done"
        except StoppedError:
            kept.release()  # it may have been in the middle of a picture
            job.state = "stopped"
        except PidiffError as error:
            job.state, job.error = "failed", {"message": error.message, "hint": error.hint}
        except Exception as error:  # the worker serves the next job
            traceback.print_exc()
            kept.release()
            told = f"Something unexpected went wrong: {type(error).__name__}: {error}"
            job.state, job.error = "failed", {"message": told, "hint": ""}
        self.changed(people=True)

    def listen(self, job: Job, at_once: bool = False) -> Callable[[Event], bool]:
        """The callback of the Python API for a job: True where it is to stop.

        Args:
            at_once: it raises StoppedError instead, which ends the work where it is.
        """

        def hear(event: Event) -> bool:
            job.stage, job.step, job.of, job.left = (
                event.stage, event.step, event.of, event.seconds_left,
            )  # fmt: skip
            if event.text:
                job.lines.append({"text": event.text, "warning": event.warning})
                del job.lines[:-LINES]
            job.previews += event.preview is not None
            self.changed()
            if job.stop and at_once:
                raise StoppedError("Stopped.")
            return job.stop

        return hear
