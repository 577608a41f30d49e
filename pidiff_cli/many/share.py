"""How many people at a time: what the memory plan leaves room for, on cores and cards."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.many.job import TuneJob

if TYPE_CHECKING:
    from pidiff_cli.stages.results import PlanResult

ROOM = 0.9  # of the free memory; the rest is for what the plan does not know
CONTEXT = 600_000_000  # bytes that CUDA itself takes for a process (`stages.tune.plan`)
#: People at a time on one card: mini leaves most of a card idle, Stable Diffusion fills it, and a
#: second one works while the first one's pictures are looked at. Not measured on a card.
A_CARD = {"mini": 8}
OTHER = 2
_OF_PHOTOS = ("noun", "keep_photos", "consent")  # nothing of it changes the plan


@dataclass(frozen=True)
class Need:
    """What one person takes, as the plan says, and what there is.

    Attributes:
        peak, free: bytes; 0 where the base's sizes are unknown. On a card: of its memory.
        cards: CUDA cards here; 0 means the CPU.
        card: bytes of a whole card.
    """

    family: str
    peak: int
    free: int
    cards: int = 0
    card: int = 0


@dataclass(frozen=True)
class Share:
    """How the machine is shared out.

    Attributes:
        workers: processes, one person at a time each. threads: CPU threads of each.
        cards: the card of each worker; empty without any.
        memory: GB of a card that each may take; None leaves it to the plan.
    """

    workers: int
    threads: int
    cards: tuple[int, ...] = ()
    memory: float | None = None


def need_of(jobs: list[TuneJob]) -> Need:
    """What the largest of these people takes; nothing is loaded, but torch is imported.

    Raises:
        MissingWeightError, OutOfMemoryError, UsageError, InputError: as `api.plan`.
    """
    from pidiff_cli.core.device import may_have_cuda
    from pidiff_cli.weights.locate import base_parts

    plans = [_plan(job) for job in jobs]
    peak = max(int(one.plan["peak_mb"] * 1e6) for one in plans)
    free = min(int(one.plan["free_mb"] * 1e6) for one in plans)
    family = base_parts(plans[0].base, Path(jobs[0].home), "auto").family
    if jobs[0].device in ("auto", "cuda") and may_have_cuda():
        import torch

        if torch.cuda.is_available():
            count, whole = torch.cuda.device_count(), torch.cuda.mem_get_info(0)[1]
            return Need(family, peak, free, count, whole)
    return Need(family, peak, free)


def _plan(job: TuneJob) -> PlanResult:
    from pidiff_cli import api

    kept = {k: v for k, v in job.settings.items() if k not in _OF_PHOTOS}
    return api.plan(
        [*job.photos], job.name, home=job.home, device=job.device, offline=job.offline, **kept
    )


def share_out(need: Need, people: int, workers: int | None = None) -> Share:
    """Workers and threads for so many people on this machine.

    Args:
        workers: at most so many; None is as many as there is room for.
    """
    cores = usable_cores()
    most = min(people, workers or people)
    if need.cards:
        each = _on_a_card(need, max(1, cores // need.cards))
        count = max(1, min(most, each * need.cards))
        cards = tuple(i % need.cards for i in range(count))
        beside = math.ceil(count / need.cards)
        memory = None if beside == 1 else round(ROOM * need.free / beside / 1e9, 2)
        return Share(count, max(1, cores // count), cards, memory)
    room = int(ROOM * need.free // need.peak) if need.peak else 1
    count = max(1, min(most, workers or cores, room))
    return Share(count, max(1, cores // count))


def _on_a_card(need: Need, cores: int) -> int:
    if not need.peak:
        return 1
    room = int(ROOM * need.free // (need.peak + CONTEXT))
    return max(1, min(room, cores, A_CARD.get(need.family, OTHER)))


def usable_cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
