"""The disk refuses: one operation, or from one on every one that needs room."""

from __future__ import annotations

import errno
import os
import random

from tests.campaign.faults import ERRORS, NEEDS_ROOM, ours, watched
from tests.campaign.registry import Outcome
from tests.campaign.trial import Expected, child, judge, sentence, spread
from tests.campaign.world import LINES, Place, Ran, set_up, workplace


def run(count: int, seed: int) -> list[Outcome]:
    """``count`` failures, spread over all commands; half of them last."""
    outcome = Outcome("injected write failures: broken or stuck", f"0 of {count}")
    chance = random.Random(seed)
    with workplace() as folder:
        world = set_up(folder)
        try:
            expected = Expected(world)
            for name, instant in spread(world, count, seed):
                number, lasts = chance.choice(ERRORS), chance.random() < 0.5
                place = world.place("trial")
                ran = fail(place, name, instant, errno.ENOSPC if lasts else number, lasts)
                outcome.tried += 1
                faults = [*filter(None, [sentence(ran)]), *judge(place, name, expected)]
                how = "no room from" if lasts else f"{errno.errorcode[number]} at"
                outcome.add(f"{name}, {how} {instant}", faults)
                place.drop()
        finally:
            world.patch.undo()
    return [outcome]


def fail(place: Place, name: str, instant: int, number: int, lasts: bool) -> Ran:
    """Run a command whose k-th operation fails, or all from there on that need room."""

    def work() -> list[object]:
        left = [instant]

        def hit(kind: str, path: object) -> None:
            if not ours(path, str(place.folder)):
                return
            left[0] -= 1
            if left[0] == 0 or (lasts and left[0] < 0):
                if not lasts or kind in NEEDS_ROOM:
                    raise OSError(number, os.strerror(number), str(path))

        with watched(hit):
            ran = place.run(*LINES[name])
        return [ran.code, ran.out, ran.err]

    code, found = child(work)
    return Ran(*found) if found else Ran(code, "", "it ended without a word")
