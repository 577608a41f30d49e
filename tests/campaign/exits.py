"""The process ends right before its k-th operation on the disk, and nothing of it runs any more."""

from __future__ import annotations

import os

from tests.campaign.faults import ours, watched
from tests.campaign.registry import Outcome
from tests.campaign.trial import Expected, child, judge, spread
from tests.campaign.world import LINES, Place, set_up, workplace


def run(count: int, seed: int) -> list[Outcome]:
    """``count`` exits, spread over all commands."""
    outcome = Outcome("injected exits: profiles broken or stuck", f"0 of {count}")
    with workplace() as folder:
        world = set_up(folder)
        try:
            expected = Expected(world)
            for name, instant in spread(world, count, seed):
                place = world.place("trial")
                end(place, name, instant)
                outcome.tried += 1
                outcome.add(f"{name} at {instant}", judge(place, name, expected))
                place.drop()
        finally:
            world.patch.undo()
    return [outcome]


def end(place: Place, name: str, instant: int) -> int:
    """Run a command in a process that ends before its k-th operation; the exit code."""

    def work() -> int:
        left = [instant]

        def hit(kind: str, path: object) -> None:
            if ours(path, str(place.folder)):
                left[0] -= 1
                if left[0] == 0:
                    os._exit(137)

        with watched(hit):
            return place.run(*LINES[name]).code

    return child(work)[0]
