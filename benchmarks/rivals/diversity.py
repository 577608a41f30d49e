"""How unlike two pictures of one prompt can be while they show one person, on true drawings.

    python -m benchmarks.rivals.diversity --people 20

The table's diversity is 1 - cosine of the judge's features between the two seeds of a prompt. Of
the base's own pictures it counts two people, too. Here both are drawn truly, what the eight prompts
ask for: twice the same person, and two people. Their difference is what one person costs any
method that follows the prompt; what a method loses beyond it, or less, is its own.
"""

from __future__ import annotations

import json

import numpy as np

from benchmarks.commands import command_line
from benchmarks.drawings import Drawings
from benchmarks.rivals import run
from benchmarks.rivals.cases import draw_set, table_people
from benchmarks.rivals.measure import diversity
from benchmarks.rivals.table import Figure, Interval, interval
from benchmarks.rivals.traits.drawings import ASKED

SEEDS = 2
DIVERSITY = Figure("diversity", "diversity", 1, 3)


def drawn(people: list[int]) -> np.ndarray:
    """Pictures (prompts, people, seeds, 128, 128, 3) uint8 of what the prompts ask for."""
    made: list[Drawings] = [
        draw_set(f"asked-{place}", people, SEEDS, place, **{"style": "photo", **facts})
        for place, facts in enumerate(ASKED)
    ]
    return np.stack([one.rgb.reshape(len(people), SEEDS, *one.rgb.shape[1:]) for one in made])


def of_each(pictures: np.ndarray) -> list[float]:
    """The diversity of each person's pictures, (prompts, people, seeds, …)."""
    flat = pictures.swapaxes(0, 1).reshape(pictures.shape[1], -1, *pictures.shape[3:])
    return [diversity(run.shop(), one, SEEDS) for one in flat]


def over_people(values: list[float]) -> Interval | None:
    """The mean with its 95 % interval."""
    return interval(DIVERSITY, [{"diversity": value} for value in values])


def main() -> None:
    """Draw, measure, print."""
    parser = command_line("benchmarks.rivals.diversity", __doc__)
    parser.add_argument("--people", type=int, default=20)
    pictures = drawn(table_people(parser.parse_args().people))
    others = np.stack([pictures[:, :, 0], np.roll(pictures[:, :, 1], 1, axis=1)], axis=2)
    same, two = of_each(pictures), of_each(others)
    found = {
        "one person": over_people(same),
        "two people": over_people(two),
        "what one person costs": over_people([b - a for a, b in zip(same, two, strict=True)]),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
