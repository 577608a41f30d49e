"""`tune-many`: everybody of a list, on an engine, with notes of what is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pidiff_cli.errors import StoppedError
from pidiff_cli.many.job import DONE, FAILED, KEPT, STOPPED, Outcome, TuneJob
from pidiff_cli.many.ledger import Ledger
from pidiff_cli.many.people import Somebody, check_settings, read_people
from pidiff_cli.many.share import Share, share_out
from pidiff_cli.stages.opening import Place


class Engine(Protocol):
    """What runs jobs."""

    def run(self, jobs: Iterable[TuneJob]) -> Iterator[tuple[TuneJob, Outcome]]:
        """Each person as he or she ends; jobs are taken as there is room for them."""

    def stop(self) -> None:
        """Begin nobody more; those under way end where they can be gone on with."""


@dataclass(frozen=True)
class ManyResult:
    """What came of everybody, in the list's order; those never begun are left out."""

    people: tuple[Outcome, ...]
    asked: int

    def count(self, *status: str) -> int:
        """How many ended so."""
        return sum(one.status in status for one in self.people)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those who failed, now or before."""
        return tuple(one for one in self.people if one.status == FAILED)


def jobs_of(people: list[Somebody], place: Place, settings: dict[str, Any]) -> list[TuneJob]:
    """A job each: the settings for everybody, under what the list says of one."""
    given = {key: value for key, value in settings.items() if value is not None}
    return [
        TuneJob(
            one.name, tuple(str(path.absolute()) for path in one.photos),
            {**given, **one.settings}, str(place.home), place.device, place.offline,
        )
        for one in people
    ]  # fmt: skip


def tune_many(
    source: Path,
    place: Place,
    settings: dict[str, Any],
    *,
    make_engine: Callable[[list[TuneJob]], tuple[Engine, str]],
    retry: bool = False,
    on_engine: Callable[[Engine], None] = lambda engine: None,
    on_person: Callable[[Outcome], None] = lambda outcome: None,
) -> ManyResult:
    """Learn everybody of a list; who fails is named and stops nobody.

    Args:
        source, settings: as `read_people`'s; `api.tune`'s for everybody.
        make_engine: the engine for those who are to be learnt, and a line that tells it.
        retry: those who failed before are tried again.
        on_engine: called with the engine before it runs. on_person: with each as it ends.

    Raises:
        InputError, UsageError: the list or the settings are at fault; nothing was begun.
        MissingWeightError, OutOfMemoryError: nobody could be learnt here.
        StoppedError: the engine was stopped; the same call goes on.
    """
    check_settings(settings)
    jobs = jobs_of(read_people(source), place, settings)
    ledger, found = Ledger(place.home, retry), dict[str, Outcome]()

    def take(outcome: Outcome) -> None:
        found[outcome.name] = outcome
        on_person(outcome)
        place.progress.advance("people", 1)

    place.progress.start("people", len(jobs))
    left = list[TuneJob]()
    for job in jobs:
        if known := ledger.known(job):
            take(known)
        else:
            left.append(job)
    if left:
        engine, told = make_engine(left)
        place.progress.line(told)
        on_engine(engine)
        for job, outcome in engine.run(left):
            ledger.note(job, outcome)
            take(outcome)
    result = ManyResult(tuple(found[job.name] for job in jobs if job.name in found), len(jobs))
    if result.count(STOPPED) or len(result.people) < len(jobs):
        done = result.count(DONE, KEPT)
        raise StoppedError(f"Stopped: {done} of {len(jobs)} people are done.", "")
    place.progress.finish("people", summary(result))
    return result


def summary(result: ManyResult) -> str:
    """ "98 of 100 people are done (40 before), 2 failed"."""
    before = result.count(KEPT)
    told = f"{result.count(DONE, KEPT)} of {result.asked} people are done"
    told += f" ({before} before)" if before else ""
    return told + (f", {len(result.failed)} failed" if result.failed else "")


def on_this_machine(workers: int | None) -> Callable[[list[TuneJob]], tuple[Engine, str]]:
    """The engine of this machine's cores and cards."""

    def make(jobs: list[TuneJob]) -> tuple[Engine, str]:
        from pidiff_cli.many.pool import Pool

        share = share_out(Pool().need(unlike(jobs)), len(jobs), workers)
        return Pool(share), told(share)

    return make


def unlike(jobs: list[TuneJob]) -> list[TuneJob]:
    """One job of each kind of settings: what they take in memory is the same."""
    return [*{str(job.settings.get("recipe")): job for job in reversed(jobs)}.values()]


def told(share: Share) -> str:
    """The line before a run."""
    where = f" on {len({*share.cards})} GPUs" if share.cards else ""
    people = "one person" if share.workers == 1 else f"{share.workers} people"
    threads = f"{share.threads} thread{'s' * (share.threads > 1)}"
    return f"{people.capitalize()} at a time{where}, {threads} each."
