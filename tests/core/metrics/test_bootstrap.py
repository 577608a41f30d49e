"""Bootstrap intervals: the same every time, none of too few, as wide as they should be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from pidiff_cli.core.metrics.bootstrap import difference, interval, share_interval


def test_the_same_values_give_the_same_interval_about_their_mean() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, 40)
    low, high = interval(values) or (0.0, 0.0)
    assert interval(values) == (low, high)
    half = float(t.ppf(0.975, 39)) * values.std(ddof=1) / 40**0.5  # what a t interval says
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.004)
    wider = interval(values, level=0.99)
    assert wider and wider[0] < low and wider[1] > high


def test_few_or_equal_values_have_none() -> None:
    assert interval([0.1, 0.2, 0.3, 0.4]) is None
    assert interval([0.5] * 9) is None
    assert difference([0.1] * 3, [0.2] * 9, paired=False)[1] is None


def test_few_pictures_have_an_interval_that_holds_the_mean() -> None:
    rng = np.random.default_rng(2)
    held = [interval(rng.normal(0.5, 0.1, 8)) for _ in range(60)]
    assert sum(low <= 0.5 <= high for low, high in filter(None, held)) >= 52  # 57 on average


def test_pairs_find_what_the_spread_between_prompts_hides() -> None:
    rng = np.random.default_rng(1)
    prompts = rng.normal(0.5, 0.2, 12)
    ours, theirs = prompts + 0.05 + rng.normal(0, 0.01, 12), prompts
    gap, paired = difference(ours, theirs, paired=True)
    _, unpaired = difference(ours, theirs, paired=False)
    assert gap == pytest.approx(0.05, abs=0.01)
    assert paired and paired[0] > 0
    assert unpaired and unpaired[0] < 0 < unpaired[1]
    turned, ends = difference(theirs, ours, paired=True)
    assert turned == pytest.approx(-gap) and ends
    assert ends == pytest.approx((-paired[1], -paired[0]), abs=0.003)


def test_a_share_of_all_is_not_certain() -> None:
    low, high = share_interval(12, 12) or (0.0, 0.0)
    assert low == pytest.approx(0.757, abs=0.001) and high == 1.0  # Wilson 1927
    assert share_interval(2, 2) is None
