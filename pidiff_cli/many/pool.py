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
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from pidiff_cli.many.job import FAILED, Outcome, TuneJob, work
from pidiff_cli.many.share import Need, Share, need_of

TRIES = 2  # of a person whose process was ended from outside
_KILLED = "The process that learnt this person was ended from outside, twice."
_LESS = "It may have had no memory: fewer at a time, --workers 1"


class Pool:
    """Worker processes, a person at a time each.

    Args:
        share: how many, and what each may use; None is one, for looking only.
    """

    def __init__(self, share: Share | None = None) -> None:
        self._share = share or Share(1, 1)
        self._context = _context()
        self._stop = self._context.Event()

    def stop(self) -> None:
        """Let every person under way end where it can be gone on with, and begin no other."""
        self._stop.set()

    def need(self, jobs: list[TuneJob]) -> Need:
        """`need_of` in a process of its own: this one stays small, and never touches a card."""
        with self._executor() as executor:
            return executor.submit(need_of, jobs).result()

    def run(self, jobs: Iterable[TuneJob]) -> Iterator[tuple[TuneJob, Outcome]]:
        """Each person as he or she ends, in whatever order; jobs are taken as workers are free."""
        coming, again = iter(jobs), list[TuneJob]()
        killed: dict[str, int] = {}
        while True:
            with self._executor() as executor:
                try:
                    yield from self._runs(executor, again, coming)
                    return
                except _Killed as ended:
                    executor.shutdown(wait=True, cancel_futures=True)
                    for job in ended.jobs:
                        killed[job.name] = killed.get(job.name, 0) + 1
            again = [job for job in ended.jobs if killed[job.name] < TRIES]
            for job in ended.jobs:
                if killed[job.name] >= TRIES:
                    yield job, Outcome(job.name, FAILED, error=_KILLED, hint=_LESS, exit_code=5)

    def _runs(
        self, executor: ProcessPoolExecutor, again: list[TuneJob], coming: Iterator[TuneJob]
    ) -> Iterator[tuple[TuneJob, Outcome]]:
        running: dict[Future[Outcome], TuneJob] = {}
        while True:
            while len(running) < self._share.workers and not self._stop.is_set():
                job = again.pop() if again else next(coming, None)
                if job is None:
                    break
                running[executor.submit(_work, job)] = job
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    raise _Killed([*running.values(), *again]) from None
                yield running.pop(future), outcome

    def _executor(self) -> ProcessPoolExecutor:
        share, slots = self._share, self._context.Queue()
        for i in range(share.workers):
            slots.put(share.cards[i] if share.cards else None)
        with _one_thread():  # what numpy begins with; torch is told in `_begin`
            return ProcessPoolExecutor(
                share.workers, mp_context=self._context, initializer=_begin,
                initargs=(share, slots, self._stop),
            )  # fmt: skip


class _Killed(Exception):
    """A worker was ended from outside; the executor has ended the others with it."""

    def __init__(self, jobs: list[TuneJob]) -> None:
        super().__init__()
        self.jobs = jobs


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pidiff_cli.many.loaded"])
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


def _begin(share: Share, slots: Any, stop: Any) -> None:
    """A worker's first act: its card, its threads, its base to keep; nothing it says is a result."""
    global _stopped, _memory
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches everybody; the parent tells us
    os.dup2(2, 1)
    card = slots.get()
    if card is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = _visible(card)
    prepare_process(share.threads)
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


def _work(job: TuneJob) -> Outcome:
    return work(replace(job, settings={**_memory, **job.settings}), _stopped.is_set)


def _end_with_parent() -> None:
    """Where the parent is gone (killed, the machine's memory) stop, and then be gone too."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    _stopped.set()
    threading.Event().wait(600)  # the step under way, and its checkpoint
    os._exit(1)
