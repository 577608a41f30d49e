"""One person as a job: what every engine runs, in whatever process, and what comes back."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pidiff_cli.errors import PidiffError, StoppedError
from pidiff_cli.stages.prepare.inputs import photo_digests
from pidiff_cli.stages.progress import Progress

DONE, KEPT, FAILED, STOPPED = "done", "kept", "failed", "stopped"


@dataclass(frozen=True)
class TuneJob:
    """One person to learn; plain values, so that any queue can carry it.

    Attributes:
        settings: `api.tune`'s, beside name and photos.
        key: changes with the photos and the settings: what was done under it is done.
    """

    name: str
    photos: tuple[str, ...]
    settings: dict[str, Any]
    home: str
    device: str = "auto"
    offline: bool = False

    @property
    def key(self) -> str:
        """16 hex digits. Raises InputError where a photo cannot be read."""
        digests = sorted(photo_digests(tuple(map(Path, self.photos))).values())
        given = {k: v for k, v in self.settings.items() if v is not None}
        text = json.dumps([digests, given], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outcome:
    """What came of one person; one line of JSON. Keys are a contract.

    Attributes:
        status: done; kept (was done before); failed; stopped (the same command goes on).
        resumed: the step that this run went on from.
        seconds, cpu_seconds: of this run, wall and the process's CPU. peak_mb: of the tuning.
        resident_mb: of the process afterwards, decimal MB.
        likeness: with the photos held out (else those learnt from), None where it tells nothing.
        warnings: advice that the tuning gave.
        error, hint, exit_code: of one that failed, as `pidiff tune` tells them.
    """

    name: str
    status: str
    profile: str = ""
    steps: int = 0
    resumed: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    resident_mb: float = 0.0
    likeness: float | None = None
    report: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    exit_code: int = 0

    def document(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@dataclass
class Listening(Progress):
    """A job's progress: keeps the advice, and asks whether to stop.

    Attributes:
        at_step: called after every step of the tuning.
        resumed: the step that the tuning went on from.
    """

    stop: Callable[[], bool] = lambda: False
    at_step: Callable[[], None] = lambda: None
    warnings: list[str] = field(default_factory=list)
    resumed: int = 0

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        """The first of a tuning that goes on tells all steps of before."""
        if task == "tune" and not info:
            self.resumed = int(n)

    def warn(self, text: str) -> None:
        """Keep it."""
        self.warnings.append(text)

    def stopping(self) -> bool:
        """Whether the work should end where it can be gone on with; asked after every step."""
        self.at_step()
        return self.stop()


def work(
    job: TuneJob,
    stop: Callable[[], bool] = lambda: False,
    at_step: Callable[[], None] = lambda: None,
) -> Outcome:
    """Learn one person; whatever goes wrong is an outcome, so that the others go on.

    In a process that keeps its base (`stages.base.base_kept`) the next one needs no loading.
    """
    from pidiff_cli import api

    wall, cpu = time.perf_counter(), time.process_time()
    listening = Listening(stop, at_step)
    try:
        if stop():
            raise StoppedError("Stopped before it began.")
        result = api.tune(
            [*job.photos], job.name, home=job.home, device=job.device, offline=job.offline,
            progress=listening, **job.settings,
        )  # fmt: skip
        told: dict[str, Any] = {
            "status": DONE, "profile": str(result.profile), "steps": result.steps,
            "peak_mb": result.peak_mb, "likeness": likeness_of(result.likeness),
            "report": str(result.report or ""),
        }  # fmt: skip
    except StoppedError as error:
        told = {"status": STOPPED, "error": error.message, "exit_code": error.exit_code}
    except PidiffError as error:
        told = _failed(error.message, error.hint, error.exit_code)
    except Exception as error:
        text = " ".join(str(error).split())[:160]
        told = _failed(f"Something inside went wrong ({type(error).__name__}: {text}).", "", 1)
    _give_back()
    return Outcome(
        job.name, seconds=round(time.perf_counter() - wall, 2),
        cpu_seconds=round(time.process_time() - cpu, 2), resident_mb=_resident_mb(),
        warnings=tuple(listening.warnings), resumed=listening.resumed, **told,
    )  # fmt: skip


def likeness_of(measured: dict[str, Any]) -> float | None:
    """The likeness worth telling, of a tuning's measures."""
    if not measured.get("told", True):
        return None
    held_out, learnt = measured.get("held_out"), measured.get("learnt_from")
    return held_out if held_out is not None else learnt


def _give_back() -> None:
    """This person's memory to the system, before the next one comes on top.

    Networks hold each other until they are collected. What the C library then has free it keeps,
    in pieces; glibc can be told to return them.
    """
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _failed(message: str, hint: str, code: int) -> dict[str, Any]:
    return {"status": FAILED, "error": message, "hint": hint, "exit_code": code}


def _resident_mb() -> float:
    import psutil

    return round(psutil.Process().memory_info().rss / 1e6, 1)
