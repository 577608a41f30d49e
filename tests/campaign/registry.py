"""The campaigns by name; another one registers itself by being named here."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What a campaign found.

    Attributes:
        figure: what was counted, as a row of the table. tried: how often. asked: what to reach.
        faults: one sentence each.
    """

    figure: str
    asked: str
    tried: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, what: str, faults: list[str]) -> None:
        """Note what is wrong with one trial, and say it at once."""
        if self.tried % 25 == 0:
            print(f"  {self.figure}: {self.tried} tried", file=sys.stderr, flush=True)
        if faults:
            self.faults.append(f"{what}: {'; '.join(faults)}")
            print(f"  {self.faults[-1]}", file=sys.stderr, flush=True)

    def row(self) -> str:
        """| figure | to reach | measured |"""
        return f"| {self.figure} | {self.asked} | {len(self.faults)} of {self.tried} |"


#: Name → module of this package with `run(count, seed) -> list[Outcome]`.
CAMPAIGNS = {
    "exits": "tests.campaign.exits",
    "failures": "tests.campaign.failures",
    "kills": "tests.campaign.kills",
    "pairs": "tests.campaign.pairs",
    "signals": "tests.campaign.signals",
    "places": "tests.campaign.places",
    "resumed": "tests.campaign.resumed",
    "fuzz": "tests.campaign.fuzzed",
    "left": "tests.campaign.left",
}
COUNTS = {"exits": 500, "failures": 500, "kills": 50, "pairs": 12, "signals": 18, "fuzz": 10_000}


def run(name: str, count: int, seed: int) -> list[Outcome]:
    """One campaign, with about so many trials."""
    return importlib.import_module(CAMPAIGNS[name]).run(count, seed)
