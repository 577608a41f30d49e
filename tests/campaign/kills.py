"""Real SIGKILLs of real processes, at random moments of each command."""

from __future__ import annotations

import os
import random
import signal
import time

from tests.campaign.registry import Outcome
from tests.campaign.trial import Expected, judge
from tests.campaign.world import LINES, Place, set_up, workplace


def run(count: int, seed: int) -> list[Outcome]:
    """``count`` kills: what they break, and what they leave after the next command."""
    broken = Outcome("real SIGKILLs: broken", f"0 of {count}")
    left = Outcome("real SIGKILLs: leftovers after the next command", "0")
    chance = random.Random(seed)
    with workplace() as folder:
        world = set_up(folder)
        try:
            expected, lengths = Expected(world), dict[str, float]()
            while broken.tried < count:
                name = list(LINES)[broken.tried % len(LINES)]
                if name not in lengths:
                    place = world.place("long")
                    lengths[name] = kill(place, name, 60)[1]
                place = world.place("trial")
                killed, _ = kill(place, name, chance.random() * lengths[name])
                if not killed:
                    lengths[name] *= 0.9
                    continue  # it was done before; another moment
                broken.tried, left.tried = broken.tried + 1, left.tried + 1
                faults = judge(place, name, expected)
                for outcome, mine in ((left, True), (broken, False)):
                    own = [fault for fault in faults if fault.startswith("left:") is mine]
                    outcome.add(name, own)
                place.drop()
        finally:
            world.patch.undo()
    return [broken, left]


def kill(place: Place, name: str, after: float) -> tuple[bool, float]:
    """Run a command in a process and kill it after so many seconds; whether it was running still,
    and how long it ran."""
    began = time.perf_counter()
    if (pid := os.fork()) == 0:
        try:
            os._exit(place.run(*LINES[name]).code)
        finally:
            os._exit(70)
    while time.perf_counter() - began < after:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return False, time.perf_counter() - began
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL, after
