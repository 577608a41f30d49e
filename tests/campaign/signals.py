"""SIGTERM, SIGHUP and SIGINT: the command says so, ends with 128 + n, and has cleaned up."""

from __future__ import annotations

import os
import random
import signal
import time

from tests.campaign.registry import Outcome
from tests.campaign.trial import LEFT, Expected, instants, judge
from tests.campaign.world import LINES, Place, set_up, workplace

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def run(count: int, seed: int) -> list[Outcome]:
    """``count`` signals, at operations of long and short commands."""
    outcome = Outcome("signals: not cleaned up, or another exit code", f"0 of {count}")
    chance = random.Random(seed)
    with workplace() as folder:
        world = set_up(folder)
        try:
            expected = Expected(world)
            names = [n for n in LINES if n.split()[0] in ("prepare", "tune", "import", "export")]
            lengths = {name: instants(world, name) for name in names}
            while outcome.tried < count:
                name = chance.choice(names)
                number = SIGNALS[outcome.tried % len(SIGNALS)]
                place = world.place("trial")
                code = stop(place, name, number, chance.randint(2, lengths[name] * 2 // 3))
                outcome.tried += 1
                left = [p.name for p in place.folder.rglob(".*") if LEFT.match(p.name)]
                left = [name for name in left if not name.startswith((".change", ".gone"))]
                faults = [] if code in (0, 128 + number) else [f"exit {code}"]
                faults += [f"left: {item}" for item in left]
                faults += judge(place, name, expected)
                outcome.add(f"{signal.Signals(number).name} to {name}", faults)
                place.drop()
        finally:
            world.patch.undo()
    return [outcome]


def stop(place: Place, name: str, number: int, instant: int) -> int:
    """Run a command that gets the signal at its k-th operation; its exit code."""
    from pidiff_cli.cli import signals
    from tests.campaign.faults import ours, watched

    if (pid := os.fork()) == 0:
        left = [instant]

        def hit(kind: str, path: object) -> None:
            if ours(path, str(place.folder)):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), number)
                    time.sleep(0)  # it arrives between two steps of the interpreter

        signal.signal(signal.SIGINT, signal.default_int_handler)
        signals.install()
        code = 70
        try:
            with watched(hit):
                code = place.run(*LINES[name]).code
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
