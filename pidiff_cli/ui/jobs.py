"""The page's jobs: one after another in one worker, told while they run."""

from __future__ import annotations

import queue
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pidiff_cli.errors import InputError, PidiffError, StoppedError
from pidiff_cli.profile.manifest import folded
from pidiff_cli.stages.kept import Kept, keep_loaded
from pidiff_cli.stages.progress import Event

LINES, ENDED = 40, 30  # lines of a job, and ended jobs, that are remembered
OVER = ("done", "failed", "stopped")
LEARNS = ("tune",)  # kinds of jobs that change a person
ALL = (*LEARNS, "draw", "mix")
Work = Callable[["Job", Kept], None]
_Held = tuple[tuple[str, ...], tuple[str, ...]]  # people, and the kinds of jobs kept from them


@dataclass
class Job:
    """One piece of work, as every tab sees it.

    Attributes:
        kind: tune, draw, mix or start. who: the person's name, as the folder is called.
        people: the names of everybody whose profile it reads or makes, ``who`` aside or not.
        state: waiting, running, done, failed, or stopped (which can be gone on with).
        stage, step, of, left: as the last `Event` told, ``left`` in seconds.
        pictures: rows of pictures as they come, see `pidiff_cli.ui.drawing`.
        previews: how often a tuning has drawn previews. answer: what the page needs at the end.
        waits: why it cannot begin yet, in words; "" where nothing is in its way.
    """

    kind: str
    title: str
    who: str = ""
    people: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    state: str = "waiting"
    stage: str = ""
    step: int = 0
    of: int | None = None
    left: float | None = None
    waits: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)
    previews: int = 0
    error: dict[str, str] | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    began: float = 0.0
    stop: bool = False

    def involves(self, *known: str) -> bool:
        """Whether one of these people is among its own; capitals do not count."""
        own = {folded(name) for name in (self.who, *self.people) if name}
        return any(folded(name) in own for name in known if name)

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
        self._held: list[_Held] = []
        self._start = start
        self._thread = threading.Thread(target=self._serve, name="jobs", daemon=True)
        self._thread.start()

    def add(self, job: Job, work: Work) -> Job:
        """Put a job at the end of the queue. Raises InputError: one of its people is just being
        changed."""
        with self._lock:
            for names, kinds in self._held:
                if job.kind in kinds and job.involves(*names):
                    raise InputError(f"{names[0]} is just being changed.", "Try it again.")
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

    @contextmanager
    def alone_with(self, *names: str, kinds: tuple[str, ...] = ALL) -> Iterator[None]:
        """Let no job of these kinds work on these people meanwhile: the lock of a profile keeps
        other processes away, not this one's threads.

        Raises InputError: one does, or somebody else holds them.
        """
        mine = (tuple(filter(None, names)), kinds)
        with self._lock:
            for name in mine[0]:
                busy = any(self._in_the_way(job, (name,), kinds) for job in self._jobs)
                if busy or any(self._shuts_out(mine, other, name) for other in self._held):
                    raise InputError(
                        f"{name} is being worked on.", "Wait for it, or stop it first."
                    )
            self._held.append(mine)
        try:
            yield
        finally:
            with self._lock:
                self._held.remove(mine)

    @staticmethod
    def _shuts_out(one: _Held, other: _Held, name: str) -> bool:
        """Whether two cannot hold a person at a time; those who let others draw only read."""
        same = folded(name) in map(folded, other[0])
        return same and ALL in (one[1], other[1])

    @staticmethod
    def _in_the_way(job: Job, names: tuple[str, ...], kinds: tuple[str, ...]) -> bool:
        return job.state not in OVER and job.kind in kinds and job.involves(*names)

    def drop(self, who: str) -> None:
        """Remember no job of a person that is over."""
        with self._lock:
            self._jobs = [j for j in self._jobs if not j.involves(who) or j.state not in OVER]
        self.changed()

    def without(self, picture: str) -> None:
        """Show a picture, by its id, in no job any more: it was removed."""
        with self._lock:
            for job in self._jobs:
                job.pictures = [row for row in job.pictures if row["id"] != picture]
        self.changed(people=True)

    def renamed(self, who: str, name: str) -> None:
        """Call a person by another name in the jobs that are over."""
        with self._lock:
            for job in self._jobs:
                job.people = tuple(name if one == who else one for one in job.people)
                if job.who == who:
                    job.who = name
                    job.title = f"Learn {name}" if job.kind in LEARNS else job.title
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

    def busy_with(self, who: str, kinds: tuple[str, ...] = ALL) -> bool:
        """Whether a job of these kinds that is not over reads or makes this person."""
        with self._lock:
            return any(self._in_the_way(job, (who,), kinds) for job in self._jobs)

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
            kept.release()
            job.state, job.error = "failed", _unexpected(error)
        job.waits = ""
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


def _unexpected(error: Exception) -> dict[str, str]:
    """What is told of an error that no stage has put into words."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        advice = "Draw fewer or smaller pictures, or close other programs."
        return {"message": "There is not enough memory for this.", "hint": advice}
    traceback.print_exception(error)
    told = f"Something unexpected went wrong: {type(error).__name__}: {error}"
    return {"message": told, "hint": ""}
