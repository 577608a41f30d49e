"""The settings and the arithmetic of the tuning benchmarks; what they time is not timed here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.machine import table
from benchmarks.rivals.shop import Shop
from benchmarks.speed import tune_speed
from benchmarks.speed.tune_steps import Case, Steps, halves, random_person
from benchmarks.tuning import drawing, parse, tuning
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.recipe import load_recipe
from tests.support.tiny_base import DIM, ROWS, SIZE, make_base


def test_parts_of_a_step_are_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune_speed, "timed", lambda act, count, device: (act(), 2 * act()))
    cases: dict[str, Case] = {
        "a": [(1.0, lambda: 4.0)], "b": [(0.75, lambda: 2.0), (0.25, lambda: 6.0)],
        "c": [(1.0, lambda: 1.0), (0.0, lambda: pytest.fail("no part of this step"))],
    }  # fmt: skip
    rows = tune_speed.race(cases, "a", 3, 1, torch.device("cpu"))
    assert [row["ratio"] for row in rows] == [1.0, 0.75, 0.25]
    assert rows[1]["ms"] == 3000.0 and rows[1]["cpu_ms"] == 6000.0
    assert "| b | 3000.0 |" in table(rows)


def test_a_line_of_settings_reaches_recipe_internals_and_drawing() -> None:
    values = parse("rank=4 tune_code=false hold=0.5 trained_blocks=up")
    config, internals = tuning("mini-cpu", values)
    assert (config.rank, config.trained_blocks, internals.tune_code) == (4, "up", False)
    assert drawing(DrawSettings(), values) == DrawSettings(keep_background=0.5)
    assert Shop().settings.keep_background == load_recipe("mini-cpu").generate["hold"] > 0


def test_a_timed_step_is_one_of_the_loop(tmp_path: Path) -> None:
    settings = tuning("mini-cpu", {"size": SIZE, "batch": 2, "rank": 2})
    base = load_base(make_base(tmp_path))
    steps = Steps(base, "mini", settings, random_person(SIZE, base.latent_channels, (ROWS, DIM)))
    for share, act in halves(steps):
        assert share in (0.25, 0.75)
        act()
    assert steps.current.step == 2
    assert ["preserve" in losses for losses in steps.current.losses] == [False, True]
