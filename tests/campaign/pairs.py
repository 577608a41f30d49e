"""Two commands at once: one waits or is told; nothing is lost, and neither lies."""

from __future__ import annotations

import json
import os
import random
import time
from functools import cache
from typing import Any

from tests.campaign.registry import Outcome
from tests.campaign.trial import state, verified
from tests.campaign.world import LINES, Place, Ran, World, set_up, workplace

_TUNE = LINES["tune --retune"]
SHOW = ("profile", "show", "alice")
#: Kind → two command lines on the same people.
PAIRS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "prepare + prepare": (LINES["prepare"], ("prepare", "{1}/other", "--name", "bob")),
    "prepare --force + tune": (LINES["prepare --force"], _TUNE),
    "import + show": (LINES["import --force"], SHOW),
    "import --force + export": (LINES["import --force"], LINES["export"]),
    "forget + tune": (LINES["forget"], _TUNE),
    "rename + tune": (LINES["rename"], _TUNE),
    "copy + tune": (LINES["copy"], _TUNE),
    "stylemix --name twice": (LINES["stylemix --name"], LINES["stylemix --name"]),
    "export + tune": (LINES["export"], _TUNE),
    "delete + tune": (LINES["delete"], _TUNE),
    "two tunes": (LINES["tune"], LINES["tune"]),
    "two imports": (LINES["import"], LINES["import"]),
}
TURNS = 4  # of each kind: at the same instant, and one some moments after the other


def run(count: int, seed: int) -> list[Outcome]:
    """Each kind several times; a kind counts once."""
    kinds = list(PAIRS)[:count]
    outcome = Outcome("pairs of writers: lost or lied to", f"0 of {len(kinds)} kinds")
    chance = random.Random(seed)
    with workplace() as folder:
        world = set_up(folder)
        try:
            for kind in kinds:
                outcome.tried += 1
                faults: list[str] = []
                for turn in range(TURNS):
                    place = world.place("pair")
                    faults += _tried(world, place, kind, turn * chance.random() * 0.2)
                    place.drop()
                outcome.add(kind, sorted(set(faults)))
        finally:
            world.patch.undo()
    return [outcome]


def _tried(world: World, place: Place, kind: str, later: float) -> list[str]:
    lines = PAIRS[kind]
    found = at_once(place, lines, later)
    faults = []
    for line, ran in zip(lines, found, strict=True):
        told = "working on" in ran.err or "there already" in ran.err or "not there" in ran.err
        gone = "no profile" in ran.err or "holds no photo" in ran.err or "made of other" in ran.err
        if ran.code and not (ran.code == 3 and (told or gone)):
            faults.append(f"{line[:3]}: {ran.code} {ran.err.strip()[-200:]}")
    now = state(place)
    if now not in _one_after_another(world, kind, *(ran.code == 0 for ran in found)):
        faults.append(f"{[ran.code for ran in found]} and not as one after another: {now}")
    return faults + verified(place)


@cache
def _one_after_another(world: World, kind: str, *done: bool) -> list[dict[str, Any]]:
    """The states that those of the commands that said they were done leave, in either order."""
    wanted = []
    for order in ((0, 1), (1, 0)):
        place = world.place("in-turn")
        for i in order:
            if done[i]:
                place.run(*PAIRS[kind][i])
        wanted.append(state(place))
        place.drop()
    return wanted


def at_once(place: Place, lines: tuple[tuple[str, ...], ...], later: float = 0.0) -> list[Ran]:
    """Run command lines in processes of their own, the second some seconds later."""
    began = []
    for number, line in enumerate(lines):
        read, write = os.pipe()
        if (pid := os.fork()) == 0:
            try:
                time.sleep(later if number else 0.0)
                ran = place.run(*line)
                os.write(write, json.dumps([ran.code, ran.out, ran.err]).encode())
            finally:
                os._exit(0)
        os.close(write)
        began.append((pid, read))
    found = []
    for pid, read in began:
        with os.fdopen(read, "rb") as pipe:
            text = pipe.read()
        os.waitpid(pid, 0)
        found.append(Ran(*json.loads(text)) if text else Ran(70, "", "it ended without a word"))
    return found
