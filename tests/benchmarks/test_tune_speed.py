"""The arithmetic of the tuning benchmarks; what they time is not timed here."""

from __future__ import annotations

import pytest
import torch

from benchmarks.speed import tune_speed


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
