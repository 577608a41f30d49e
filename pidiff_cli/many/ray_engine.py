"""The engine of many machines: Ray's tasks, each the same job as on one machine.

A machine that is lost (preempted, broken) takes no person along: Ray begins the task elsewhere, and
the job goes on from its last checkpoint, bit for bit as if nothing had been. Without a store the
home is a folder that all machines see; with one, profiles go there and come from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.files import make_folder
from pidiff_cli.many.job import DONE, FAILED, STOPPED, Outcome, TuneJob, work
from pidiff_cli.many.pool import prepare_process
from pidiff_cli.many.share import Need, Share, need_of, share_out
from pidiff_cli.many.store import Store, leave, local_home
from pidiff_cli.stages.prepare.inputs import list_photos

RETRIES = 10  # of a person whose machine was lost
BESIDE = 1.15  # memory that is asked for, against the plan's
WAITING = 2  # tasks submitted for each that can run, so that no machine waits for the next one
_LOST = "Its machine was lost, {} times in all."


def on_ray(
    address: str | None, store: str | None, workers: int | None
) -> Callable[[list[TuneJob]], tuple[RayEngine, str]]:
    """The engine of a Ray cluster.

    Args:
        address: of the cluster; None begins one on this machine (or takes RAY_ADDRESS).
        store: a URL that fsspec opens; None: all machines see the home folder.
        workers: people at a time at most.

    Raises:
        UsageError: Ray is not installed. InputError: the store cannot be written to.
    """
    if find_spec("ray") is None:
        raise UsageError(
            "--engine ray needs Ray, which is not installed.",
            "Install it: pip install 'pidiff-cli[ray]'",
        )
    place = Store(store) if store else None
    if place is not None:
        place.check()

    def make(jobs: list[TuneJob]) -> tuple[RayEngine, str]:
        from pidiff_cli.many.run import unlike

        ray = connected(address)
        need = _need(ray, unlike(jobs), place)
        engine = RayEngine(ray, cluster_share(ray, need, len(jobs), workers), need, place, workers)
        return engine, engine.told()

    return make


def connected(address: str | None) -> Any:
    """The module of Ray, connected to a cluster. Raises InputError: there is none."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        return ray
    try:
        ray.init(
            address=address, include_dashboard=False, log_to_driver=False, configure_logging=False
        )
    except TypeError:
        ray.init(address=address, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        if isinstance(error, ValueError) and "connecting to an existing cluster" in str(error):
            ray.init(address=address, log_to_driver=False, configure_logging=False)
            return ray
        raise InputError(
            f"There is no Ray cluster at {address}: {error}", "Begin one: ray start --head"
        ) from error
    return ray


def cluster_share(ray: Any, need: Need, people: int, workers: int | None) -> Share:
    """Threads and part of a card of each person, of the cluster's smallest machine."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cores = sum(int(node.get("CPU", 0)) for node in nodes)
    least = min((int(node["CPU"]) for node in nodes if node.get("CPU")), default=1)
    if need.cards:
        with_cards = [node for node in nodes if node.get("GPU")]
        cards = sum(int(node["GPU"]) for node in with_cards) or 1
        each = share_out(replace(need, cards=cards), people, workers)
        return replace(each, threads=max(1, min(each.threads, least)))
    count = max(1, min(people, workers or people, cores))
    return Share(count, max(1, min(cores // count, least)))


class RayEngine:
    """Ray tasks, a person each.

    Args:
        ray: the module, connected. share: threads, memory and cards of each. need: as planned.
        store: where profiles go; None: the home is shared. workers: people at a time at most.
    """

    def __init__(
        self, ray: Any, share: Share, need: Need, store: Store | None, workers: int | None = None
    ) -> None:
        self._ray, self._share, self._need, self._store = ray, share, need, store
        self._most, self._stopped = workers, False

    def told(self) -> str:
        """The line before a run."""
        nodes = sum(node["Alive"] for node in self._ray.nodes())
        asked = ", ".join(f"{k} {v:g}" for k, v in self._asked().items())
        return f"A Ray cluster of {nodes} machine{'s' * (nodes != 1)}; each person takes {asked}."

    def stop(self) -> None:
        """Begin nobody more; those under way end at once, their last checkpoint stays."""
        self._stopped = True

    def run(self, jobs: Iterable[TuneJob]) -> Iterator[tuple[TuneJob, Outcome]]:
        """Each person as he or she ends; a stop leaves the others to the next run."""
        task = self._ray.remote(max_retries=RETRIES, max_calls=0, **self._options())(ray_work)
        url = self._store.url if self._store else None
        coming, running = iter(jobs), dict[Any, TuneJob]()
        while True:
            while len(running) < self._window() and not self._stopped:
                if (job := next(coming, None)) is None:
                    break
                if self._store:
                    self._store.put_photos(job.name, list_photos(tuple(map(Path, job.photos))))
                running[task.remote(job, self._share, url)] = job
            if self._stopped:
                for ref in running:
                    self._ray.cancel(ref, force=False)
            if not running:
                return
            done, _ = self._ray.wait([*running], timeout=1.0)
            for ref in done:
                job = running.pop(ref)
                yield job, self._outcome(ref, job)

    def _outcome(self, ref: Any, job: TuneJob) -> Outcome:
        try:
            outcome: Outcome = self._ray.get(ref)
        except self._ray.exceptions.TaskCancelledError:
            return Outcome(job.name, STOPPED)
        except self._ray.exceptions.RayError as error:
            why = " ".join(str(error).split())[:160]
            told = f"{_LOST.format(RETRIES + 1)} {type(error).__name__}: {why}"
            return Outcome(job.name, FAILED, error=told, exit_code=1)
        if self._store and outcome.status == DONE:
            folder = Path(job.home) / "profiles" / job.name
            try:
                self._store.get_person(job.name, folder)
            except PidiffError as error:  # locked here, or in use: the others go on
                told = f"Learnt, and not brought here: {error.message}"
                return Outcome(
                    job.name, FAILED, error=told, hint=error.hint, exit_code=error.exit_code
                )
            report = folder / "reports" / "likeness.html"
            return replace(outcome, profile=str(folder), report=str(report))
        return outcome

    def _window(self) -> int:
        """How many may be submitted now: the cluster may have grown."""
        if self._most:
            return self._most
        cores = float(self._ray.cluster_resources().get("CPU", 1))
        return max(1, int(WAITING * cores / self._share.threads))

    def _asked(self) -> dict[str, float]:
        asked: dict[str, float] = {"CPUs": self._share.threads}
        if self._need.cards:
            asked["GPUs"] = self._part_of_a_card()
        elif self._need.peak:
            asked["GB"] = round(BESIDE * self._need.peak / 1e9, 2)
        return asked

    def _options(self) -> dict[str, Any]:
        """Of a task: what it takes, so that Ray puts no more on a machine than it has."""
        options: dict[str, Any] = {"num_cpus": self._share.threads}
        if self._need.cards:
            options["num_gpus"] = self._part_of_a_card()
        elif self._need.peak:
            options["memory"] = int(BESIDE * self._need.peak)
        return options

    def _part_of_a_card(self) -> float:
        cards = max(1, len({*self._share.cards}))
        return 1 / max(1, -(-self._share.workers // cards))


_ready = False


def ray_work(job: TuneJob, share: Share, url: str | None) -> Outcome:
    """A person in a process of Ray's, which keeps its base for the next one.

    A task whose machine is taken for lost may live on for a moment: the lock lets the one that goes
    on wait for its end.
    """
    from filelock import FileLock

    _get_ready(share.threads)
    if share.memory:
        job = replace(job, settings={"memory": share.memory, **job.settings})
    if url:
        return _with_store(job, Store(url))
    lock = Path(job.home) / "many" / f".{job.name}.lock"
    make_folder(lock.parent)
    with FileLock(lock, timeout=600):
        return work(job)


def _get_ready(threads: int) -> None:
    global _ready
    if not _ready:
        prepare_process(threads)
        _ready = True


def _with_store(job: TuneJob, store: Store) -> Outcome:
    """The person on this machine's own disk; every checkpoint goes to the store."""
    here = localised(job, store)
    folder = Path(here.home) / "profiles" / job.name
    store.get_person(job.name, folder)
    checkpoint, kept = folder / "checkpoint" / "state.json", [0]

    def at_step() -> None:
        try:
            written = checkpoint.stat().st_mtime_ns
        except OSError:
            return
        if written != kept[0]:
            store.put_person(folder)
            kept[0] = written

    outcome = work(here, at_step=at_step)
    if outcome.status == DONE:
        store.put_person(folder)
    if outcome.status in (DONE, FAILED):  # a later try begins with what is in the store
        leave(Path(here.home), job.name)
    return outcome


def localised(job: TuneJob, store: Store) -> TuneJob:
    """The job with its photos, and weights, on this machine's own disk."""
    home = local_home(store.url)
    store.get_models(home)
    photos = store.get_photos(job.name, home / "photos" / job.name)
    return replace(job, photos=tuple(photos), home=str(home))


def _need(ray: Any, jobs: list[TuneJob], store: Store | None) -> Need:
    """What a person takes, as a machine of the cluster plans it: one with a card, where any has."""
    if store:
        for job in jobs:
            store.put_photos(job.name, list_photos(tuple(map(Path, job.photos))))
    cards = 1 if ray.cluster_resources().get("GPU") and jobs[0].device in ("auto", "cuda") else 0
    task = ray.remote(num_cpus=1, num_gpus=cards, max_calls=0)(_planned)
    try:
        return ray.get(task.remote(jobs, store.url if store else None))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error


def _planned(jobs: list[TuneJob], url: str | None) -> Need:
    if not url:
        return need_of(jobs)
    here = [localised(job, Store(url)) for job in jobs]
    try:
        return need_of(here)
    finally:
        for job in here:
            leave(Path(job.home), job.name)
