"""Sets beside each other: the one that is best, and by how much more than each of the others."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pidiff_cli.core.metrics.bootstrap import LEVEL, difference
from pidiff_cli.stages.judge.look import JudgedSet
from pidiff_cli.stages.judge.summary import MEASURES, series


@dataclass(frozen=True)
class Difference:
    """A measure of one set less that of another.

    Attributes:
        low, high: its interval; None for fewer than five pictures.
        paired: the pictures were compared prompt by prompt and seed by seed.
        n: pairs, or the pictures of the smaller set. level: of the interval.
        excludes_0: whether the interval does.
    """

    measure: str
    first: str
    second: str
    value: float
    low: float | None
    high: float | None
    paired: bool
    n: int
    level: float
    excludes_0: bool


def differences(sets: Sequence[JudgedSet], encoder: str) -> list[Difference]:
    """Every two sets in every measure that both have.

    All of a measure's intervals hold together (Bonferroni): with many sets one of them would look
    better by chance.
    """
    pairs = list(combinations(sets, 2))
    level = 1 - (1 - LEVEL) / max(len(pairs), 1)
    found = (
        _difference(one, other, measure, encoder, level)
        for measure in MEASURES
        for one, other in pairs
    )
    return [item for item in found if item is not None]


def _difference(
    one: JudgedSet, other: JudgedSet, measure: str, encoder: str, level: float
) -> Difference | None:
    ours, theirs = series(one, measure, encoder), series(other, measure, encoder)
    both = paired_values(_keys(one), ours, _keys(other), theirs)
    a, b = both or ([v for v in ours if v is not None], [v for v in theirs if v is not None])
    if not a or not b:
        return None
    value, ends = difference(a, b, both is not None, level)
    low, high = ends or (None, None)
    apart = ends is not None and (ends[0] > 0 or ends[1] < 0)
    return Difference(
        measure, one.name, other.name, value, low, high, both is not None, min(len(a), len(b)),
        level, apart,
    )  # fmt: skip


def _keys(judged: JudgedSet) -> list[Hashable]:
    return [picture.key for picture in judged.pictures]


def paired_values(
    keys: Sequence[Hashable],
    values: Sequence[float | None],
    other_keys: Sequence[Hashable],
    other_values: Sequence[float | None],
) -> tuple[list[float], list[float]] | None:
    """The values of counterparts, in one order, as far as both are there; None where the two sets
    are not of the same prompts and seeds, each once."""
    if len(set(keys)) != len(keys) or set(keys) != set(other_keys) or len(other_keys) != len(keys):
        return None
    theirs = dict(zip(other_keys, other_values, strict=True))
    both = [(value, theirs[key]) for key, value in zip(keys, values, strict=True)]
    known = np.array([(a, b) for a, b in both if a is not None and b is not None])
    return (known[:, 0].tolist(), known[:, 1].tolist()) if len(known) else None
