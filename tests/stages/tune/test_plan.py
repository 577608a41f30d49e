"""The plan as a person meets it: the line, --dry-run, and what cannot fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.training.fast_step import FastStep
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.errors import OutOfMemoryError
from pidiff_cli.stages.tune import plan as plan_module
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.plan import make_plan
from pidiff_cli.stages.tune.told import describe, line

GB = 1_000_000_000
CUDA, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets how much memory is free."""

    def there_are(gigabytes: float) -> None:
        monkeypatch.setattr(plan_module, "free_bytes", lambda device: int(gigabytes * GB))

    return there_are


@pytest.fixture
def base(disc_base: Path) -> Base:
    return load_base(disc_base)


def _config(**settings: Any) -> TuneConfig:
    return TuneConfig(**{"base": "sd15", "size": 512, "batch": 4, "rank": 16, **settings})


def _plan(config: TuneConfig, family: str = "sd15", **given: Any) -> Plan:
    return make_plan(config, family, CUDA, torch.bfloat16, **given).plan


def test_a_large_card_gets_the_fastest_plan(free: Any) -> None:
    free(24)
    assert replace(_plan(_config()), peak=0) == Plan(4)


def test_less_memory_a_smaller_plan(free: Any) -> None:
    peaks = []
    for gigabytes in (5.0, 4.0, 3.0):
        free(gigabytes)
        plan = _plan(_config())
        assert plan.peak <= gigabytes * GB
        peaks.append(plan.peak)
    assert peaks == sorted(peaks, reverse=True)
    assert _plan(_config()).checkpointing


@pytest.mark.parametrize(("card", "nf4"), [(8, False), (6, True)])
def test_sdxl_is_quantised_where_nothing_else_fits(free: Any, card: int, nf4: bool) -> None:
    free(card)
    config = _config(size=1024, batch=1)
    plan = _plan(config, "sdxl")
    assert plan.nf4 == nf4 and plan.checkpointing and plan.peak <= card * GB
    if nf4:
        with pytest.raises(OutOfMemoryError):
            _plan(replace(config, quantise="never"), "sdxl")


LORA = {"lora_rank": 4, "batch": 1, "checkpointing": "always"}


@pytest.mark.parametrize(("family", "size", "most"), [("sd15", 512, 2.8), ("sdxl", 1024, 7.5)])
def test_a_lora_alone_fits_small_cards(free: Any, family: str, size: int, most: float) -> None:
    free(most)
    config = _config(size=size, quantise="never", **LORA)
    plan = _plan(config, family, branch=False)
    assert not plan.nf4 and plan.peak <= most * GB
    free(4.8)
    plan = _plan(replace(config, quantise="nf4"), family, branch=False)
    assert plan.nf4 and plan.peak <= 4.8 * GB


def test_what_learns_decides_the_peak(free: Any) -> None:
    free(24)
    bare, branch, both = (
        _plan(_config(lora_rank=rank), branch=has).peak
        for rank, has in ((8, False), (0, True), (8, True))
    )
    assert bare < both and branch < both
    assert _plan(_config(size=1024, lora_rank=4), "sdxl", branch=False).unfused is False
    free(8.5)
    assert _plan(_config(size=1024, **LORA), "sdxl", branch=False).unfused


def test_a_plan_reaches_the_lora(base: Base) -> None:
    base.lora = add_lora(base.unet, 2, 2.0)
    with base.lora.fused():
        assert base.lora._fused
    plan_module.apply(Plan(1, unfused=True), base, FastStep())
    with base.lora.fused():
        assert not base.lora._fused, "PEFT's layers draw"


def test_settings_that_are_given_stay(free: Any) -> None:
    free(24)
    assert _plan(_config(checkpointing="always")).checkpointing
    assert _plan(_config(), internals=TuneInternals(micro_batch=1)).micro_batch == 1
    assert _plan(_config(memory=3.0)).peak <= 3 * GB
    free(3)
    with pytest.raises(OutOfMemoryError, match="at the least"):
        _plan(_config(checkpointing="never"), internals=TuneInternals(micro_batch=4))
    assert make_plan(_config(quantise="nf4"), "sd15", CPU, torch.bfloat16).plan.nf4


def test_what_cannot_fit_is_refused_with_what_would(free: Any) -> None:
    free(2.2)
    with pytest.raises(OutOfMemoryError, match=r"1024 px needs 2\.\d GB.* 2\.2 are free") as caught:
        _plan(_config(size=1024))
    side = int(caught.value.hint.split("size: ")[1].split()[0])
    assert 512 <= side < 1024 and _plan(_config(size=side)).peak <= 2.2 * GB
    free(0.5)
    with pytest.raises(OutOfMemoryError) as caught:
        _plan(_config())
    assert "--base mini" in caught.value.hint


@pytest.mark.parametrize(
    ("others", "limit", "passing"), [(0, 0, False), (3, 0, True), (1, 0, False), (3, 0.4, False)]
)
def test_a_refusal_says_whether_it_will_pass(
    free: Any, monkeypatch: pytest.MonkeyPatch, others: float, limit: float, passing: bool
) -> None:
    free(0.5)
    monkeypatch.setattr(plan_module, "held_by_others", lambda device: int(others * GB))
    with pytest.raises(OutOfMemoryError, match="0.[45] are free") as caught:
        _plan(_config(memory=limit))
    assert caught.value.passing is passing
    assert (f"other programs hold {others:.1f} GB" in caught.value.message) is bool(others)


def test_the_line_says_it(free: Any) -> None:
    free(4)
    config = _config()
    planned = make_plan(config, "sd15", CUDA, torch.bfloat16)
    assert line(planned, config).startswith("Plan: ") and " of 4.0 free." in line(planned, config)
    assert describe(Plan(2, True), 4) == "2 of 4 pictures at a time, activations computed twice"
    assert describe(Plan(1), 1) == "1 picture at a time"


def test_a_base_nobody_counted_has_smaller_plans_too() -> None:
    planned = make_plan(_config(), "other", CPU, torch.float32)
    assert planned.plan == Plan(4) and not planned.plan.peak
    assert planned.smaller == (Plan(4, True), Plan(2, True), Plan(1, True))


def test_on_a_cpu_the_process_itself_counts(free: Any) -> None:
    free(16)
    config = _config(base="mini", size=128)
    there, here = (
        make_plan(config, "mini", device, torch.float32).plan.peak for device in (CUDA, CPU)
    )
    assert here - there > 0.5 * GB


@pytest.mark.usefixtures("stages")
def test_dry_run_tells_and_makes_nothing(pidiff: Any, photos: Path, home: Path) -> None:
    ran = pidiff("--json", "tune", photos, "--name", "alice", "--dry-run")
    assert ran.code == 0 and "Plan: 4 pictures at a time" in ran.err
    assert ran.json["base"] == "mini" and ran.json["batch"] == 4
    assert {"at_once", "checkpointing", "peak_mb", "free_mb"} <= ran.json["plan"].keys()
    assert not (home / "profiles").exists()


@pytest.mark.usefixtures("stages")
def test_a_limit_too_small_is_refused_before_anything(
    pidiff: Any, photos: Path, home: Path
) -> None:
    ran = pidiff("tune", photos, "--name", "alice", "--dry-run", "--memory", "0.1")
    assert ran.code == 5 and "Tuning at 128 px needs 0." in ran.err
    assert "0.1 are free" in ran.err
