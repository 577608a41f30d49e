"""A tuning that was killed and goes on is the one that was not, bit for bit."""

from __future__ import annotations

import os
import signal
import time

from tests.campaign.registry import Outcome
from tests.campaign.world import LINES, Place, World, set_up, workplace


def run(count: int, seed: int) -> list[Outcome]:
    """Real tunings on the tiny base, killed after their first checkpoint."""
    outcome = Outcome("resumed tune against unbroken: other bits", "0")
    with workplace() as folder:
        world = set_up(folder, learns=True)
        try:
            for name in ("tune", "tune --retune", "tune --restart")[: max(count, 3)]:
                outcome.tried += 1
                outcome.add(name, list(filter(None, [_compared(world, name)])))
        finally:
            world.patch.undo()
    return [outcome]


def _compared(world: World, name: str) -> str:
    whole, broken = world.place("whole"), world.place("broken")
    whole.run(*LINES[name])
    if not _killed_at_checkpoint(broken, name):
        return "it was not killed"
    again = [word for word in LINES[name] if word != "--restart"]
    ran = broken.run(*again)
    if ran.code or "Going on from step" not in ran.err:
        return f"it did not go on: {ran.err.strip()[-200:]}"
    return "" if _bits(whole) == _bits(broken) else "other bits"


def _killed_at_checkpoint(place: Place, name: str) -> bool:
    person = "carol" if name == "tune" else "alice"
    state = place.home / "profiles" / person / "checkpoint" / "state.json"
    if (pid := os.fork()) == 0:
        try:
            place.run(*LINES[name])
        finally:
            os._exit(0)
    while not state.is_file():
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


def _bits(place: Place) -> dict[str, bytes]:
    found = {}
    for person in ("alice", "carol"):
        folder = place.home / "profiles" / person
        for part in ("adapter", "lora", "steps", "identity.safetensors"):
            files = [folder / part, *(folder / part).rglob("*.safetensors")]
            found |= {
                f"{person}/{p.relative_to(folder)}": p.read_bytes() for p in files if p.is_file()
            }
    return found
