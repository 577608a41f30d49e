"""The fuzzed inputs of `fuzz.py` as a row of the table."""

from __future__ import annotations

from tests.campaign import fuzz
from tests.campaign.registry import Outcome


def run(count: int, seed: int) -> list[Outcome]:
    """``count`` inputs, all readers."""
    found = fuzz.run(count, seed)
    figure = "fuzzed inputs: internal errors, hangs, growth over 200 MB"
    return [Outcome(figure, f"0 of {count}", found["inputs"], list(found["told"]))]
