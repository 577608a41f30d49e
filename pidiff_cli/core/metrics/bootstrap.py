"""Intervals of a mean, and of a difference of two means, over the pictures that were measured.

The expanded percentile bootstrap (Hesterberg 2015, "What teachers should know about the
bootstrap", section 4): the plain percentile interval is too narrow for few pictures, so its level
is widened to what a t interval would take. Seeded: the same pictures give the same interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 10_000
LEAST = 5  # pictures; of three the 95 % interval holds the mean 3 times in 4 only
LEVEL = 0.95
_BLOCK = 2_000_000  # drawn places at a time


def interval(
    values: Sequence[float] | np.ndarray, level: float = LEVEL, seed: int = 0
) -> tuple[float, float] | None:
    """The interval of the mean of `values` (N,); None below `LEAST`, and where all are equal."""
    found = np.asarray(values, np.float64)
    if len(found) < LEAST or np.ptp(found) == 0:
        return None
    return _ends(_means(found, np.random.default_rng(seed)), level, len(found))


def difference(
    ours: Sequence[float] | np.ndarray,
    theirs: Sequence[float] | np.ndarray,
    paired: bool,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, tuple[float, float] | None]:
    """Mean of `ours` less mean of `theirs`, and its interval (None as in `interval`).

    Args:
        paired: the two are values of the same prompts and seeds, in the same order: what is drawn
            again is the pair.
    """
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if paired:
        gaps = a - b
        return float(gaps.mean()), interval(gaps, level, seed)
    gap, least = float(a.mean() - b.mean()), min(len(a), len(b))
    if least < LEAST or (np.ptp(a) == 0 and np.ptp(b) == 0):
        return gap, None
    rng = np.random.default_rng(seed)
    return gap, _ends(_means(a, rng) - _means(b, rng), level, least)


def share_interval(hits: int, of: int, level: float = LEVEL) -> tuple[float, float] | None:
    """Wilson's interval of a share: a bootstrap of 12 of 12 would call it certain."""
    from scipy.stats import norm

    if of < LEAST:
        return None
    z2, share = float(norm.ppf(0.5 + level / 2)) ** 2, hits / of
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = (z2 * (share * (1 - share) / of + z2 / (4 * of**2))) ** 0.5 / (1 + z2 / of)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _means(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Means of RESAMPLES draws with replacement."""
    rows = max(1, _BLOCK // len(values))
    blocks = [
        values[rng.integers(0, len(values), (min(rows, RESAMPLES - done), len(values)))].mean(1)
        for done in range(0, RESAMPLES, rows)
    ]
    return np.concatenate(blocks)


def _ends(means: np.ndarray, level: float, count: int) -> tuple[float, float]:
    """The widened percentiles of the resampled means."""
    from scipy.stats import norm, t

    tail = (1 - level) / 2
    wide = float(norm.cdf((count / (count - 1)) ** 0.5 * t.ppf(tail, count - 1)))
    low, high = np.quantile(means, [wide, 1 - wide])
    return float(low), float(high)
