"""The arithmetic of the tuning benchmarks; what they time is not timed here."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import _tune_tricks
import same_rank1
import tune_speed

from pidiff_cli.config import TuneConfig, check


def test_the_same_rank1_is_told_where_both_first_have_it() -> None:
    theirs = {75: [(10.0, 0.1), (14.0, 0.3)], 150: [(20.0, 0.4), (28.0, 0.4)],
              300: [(50.0, 0.4), (50.0, 0.2)]}  # fmt: skip
    ours = {0: [(3.0, 0.3), (3.0, 0.3)], 50: [(6.0, 0.5), (8.0, 0.3)]}
    found = same_rank1.verdict(theirs, ours)
    assert found["dreambooth_steps"] == 150 and found["dreambooth_s"] == 24.0
    assert found["pidiff_steps"] == 50 and found["ratio"] == pytest.approx(7 / 24, abs=1e-3)
    never = same_rank1.verdict(theirs, {0: [(3.0, 0.3)]})
    assert never["ratio"] is None and never["rank1"] == 0.4


def test_parts_of_a_step_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune_speed, "timed", lambda act, count, device: (act(), 2 * act()))
    cases = {
        "a": [(1.0, lambda: 4.0)], "b": [(0.75, lambda: 2.0), (0.25, lambda: 6.0)],
        "c": [(1.0, lambda: 1.0), (0.0, lambda: pytest.fail("no part of this step"))],
    }  # fmt: skip
    rows = tune_speed.race(cases, "a", 3, 1, torch.device("cpu"))
    assert [row["ratio"] for row in rows] == [1.0, 0.75, 0.25]
    assert rows[1]["ms"] == 3000.0 and rows[1]["cpu_ms"] == 6000.0
    assert "| b | 3000.0 |" in tune_speed.table(rows)


def test_tricks_add_up_to_the_default() -> None:
    known, names = _tune_tricks.variants(), {item.name for item in fields(TuneConfig)}
    for changes in known.values():
        assert set(changes) <= names
        check(_tune_tricks.config_of("mini-cpu", **changes))
    final = known[_tune_tricks.ADDED[-1][0]]
    default = _tune_tricks.config_of("mini-cpu")
    same = ("skip_dropped", "preserve_weight", "preserve_share")
    assert all(getattr(default, key) == final[key] for key in same)
    before = known[_tune_tricks.FIRST]
    assert before["preserve_weight"] * before["preserve_share"] == (
        final["preserve_weight"] * final["preserve_share"]
    )
