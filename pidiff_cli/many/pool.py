"""The engine of one machine: worker processes of the standard library's executor.

Where the system allows (a fork server), networks' code is imported once and every worker begins
from there; a base's weights are the file's own pages, which all workers share. Each worker loads
the base once and keeps it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.many.job import FAILED, Outcome, TuneJob, work
from pidiff_cli.many.share import Need, Share, need_of

Does = Callable[[TuneJob, Callable[[], bool]], Outcome]
_KILLED = "The process that learnt this person was ended from outside, twice."
_LESS = "It may have had no memory: fewer at a time, --workers 1"


class Pool:
    """Worker processes, a person at a time each.

    Args:
        share: how many, and what each may use; None is one, for looking only.
        does: what a worker does with a job, told when to stop; another one for tests.
        prepare: what it does first, with its count of threads.
    """

    def __init__(
        self,
        share: Share | None = None,
        does: Does | None = None,
        prepare: Callable[[int], None] | None = None,
    ) -> None:
        self._share, self._does = share or Share(1, 1), does or work
        self._prepare = prepare or prepare_process
        self._context = _context(loaded=prepare is None)
        self._stop = self._context.Event()

    def stop(self) -> None:
        """Let every person under way end where it can be gone on with, and begin no other."""
        self._stop.set()

    def need(self, jobs: list[TuneJob]) -> Need:
        """`need_of` in a process of its own: this one stays small, and never touches a card.

        Raises OutOfMemoryError: that process was ended from outside, twice.
        """
        for _ in range(2):
            with self._executor(1) as executor:
                try:
                    return executor.submit(need_of, jobs).result()
                except BrokenProcessPool:
                    pass
        raise OutOfMemoryError(
            "The process that looks what a person takes was ended from outside, twice.",
            "It may have had no memory: close other programs.",
        )

    def run(self, jobs: Iterable[TuneJob]) -> Iterator[tuple[TuneJob, Outcome]]:
        """Each person as he or she ends, in whatever order; jobs are taken as workers are free.

        Where a worker is ended from outside (by the system, for memory) the executor ends all of
        them: those under way are tried once more, one by one, so that it shows whose doing it is.
        """
        coming = iter(jobs)
        while True:
            running: dict[Future[Outcome], TuneJob] = {}
            with self._executor(self._share.workers) as executor:
                try:
                    yield from self._runs(executor, running, coming)
                    return
                except BrokenProcessPool:
                    pass
            for job in running.values():
                yield job, self._by_itself(job)

    def _runs(
        self,
        executor: ProcessPoolExecutor,
        running: dict[Future[Outcome], TuneJob],
        coming: Iterator[TuneJob],
    ) -> Iterator[tuple[TuneJob, Outcome]]:
        while True:
            while len(running) < self._share.workers and not self._stop.is_set():
                if (job := next(coming, None)) is None:
                    break
                running[_submitted(executor, self._does, job)] = job
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda one: one.exception() is not None):
                outcome = future.result()
                yield running.pop(future), outcome

    def _by_itself(self, job: TuneJob) -> Outcome:
        with self._executor(1) as executor:
            try:
                return executor.submit(_work, self._does, job).result()
            except BrokenProcessPool:
                return Outcome(job.name, FAILED, error=_KILLED, hint=_LESS, exit_code=5)

    def _executor(self, workers: int) -> ProcessPoolExecutor:
        share, slots = self._share, self._context.Queue()
        for i in range(workers):
            slots.put(share.cards[i] if share.cards else None)
        with _one_thread():  # what numpy begins with; torch is told in `_begin`
            return ProcessPoolExecutor(
                workers, mp_context=self._context, initializer=_begin,
                initargs=(self._prepare, share, slots, self._stop),
            )  # fmt: skip


def _submitted(executor: ProcessPoolExecutor, does: Does, job: TuneJob) -> Future[Outcome]:
    """The job's future, broken where the executor is by now."""
    try:
        return executor.submit(_work, does, job)
    except BrokenProcessPool as error:
        broken: Future[Outcome] = Future()
        broken.set_exception(error)
        return broken


def _context(loaded: bool) -> Any:
    """The fork server's; ``loaded``: it imports the networks' code first, for all workers."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pidiff_cli.many.loaded"] if loaded else [])
    return context


class _one_thread:
    """Inside, processes that begin are told to compute on one thread, unless somebody said so."""

    def __enter__(self) -> None:
        self._was = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = self._was or "1"

    def __exit__(self, *error: object) -> None:
        if self._was is None:
            del os.environ["OMP_NUM_THREADS"]


_stopped: Any = None
_memory: dict[str, float] = {}
_kept = ExitStack()


def _begin(prepare: Callable[[int], None], share: Share, slots: Any, stop: Any) -> None:
    """A worker's first act: its card, its threads, its base to keep."""
    global _stopped, _memory
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches everybody; the parent tells us
    os.dup2(2, 1)  # nothing it says is a result
    card = slots.get()
    if card is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = _visible(card)
    prepare(share.threads)
    _memory = {"memory": share.memory} if share.memory else {}
    _stopped = stop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def prepare_process(threads: int) -> None:
    """A process that is to learn one person after another: its threads, its base to keep."""
    import logging
    import warnings

    import cv2
    import torch

    from pidiff_cli.stages.base import base_kept

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    warnings.simplefilter("ignore")
    for name in ("bitsandbytes", "transformers", "diffusers", "peft"):
        logging.getLogger(name).setLevel(logging.ERROR)
    _kept.enter_context(base_kept())


def _visible(card: int) -> str:
    """The card's name among those that this process may see."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = [name for name in seen.split(",") if name]
    return names[card] if card < len(names) else str(card)


def _work(does: Does, job: TuneJob) -> Outcome:
    return does(replace(job, settings={**_memory, **job.settings}), _stopped.is_set)


def _end_with_parent() -> None:
    """Where the parent is gone (killed, the machine's memory) stop, and then be gone too."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    _stopped.set()
    threading.Event().wait(600)  # the step under way, and its checkpoint
    os._exit(1)
