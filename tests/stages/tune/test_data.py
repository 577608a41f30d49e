"""What is kept between tunings (latents, text, pace), and what is said of sizes and cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.training.memory_plan import Plan
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.faces import aligned_faces
from pidiff_cli.stages.progress import LOOK
from pidiff_cli.stages.tune import data, pace, plan, told
from pidiff_cli.stages.tune.data import LATENTS, material
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.remaining import TimeLeft, in_all
from pidiff_cli.stages.tune.settings import tune_values
from pidiff_cli.weights.locate import base_parts
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes, make_profile

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(scope="module")
def base(disc_base: Path) -> Base:
    return load_base(disc_base)


def _config(**settings: Any) -> TuneConfig:
    return TuneConfig(**{"size": SIZE, "batch": 2, **settings})


def _taken(
    profile: Profile, base: Base, config: TuneConfig, weights: str = "w"
) -> tuple[data.Material, bool]:
    """The material, and whether it was there."""
    own, notes = data.training_photos(profile)[0], Notes()
    found = material(profile, config, base, own, aligned_faces(profile), weights, notes)
    return found, any("earlier tuning" in line for line in notes.lines)


def test_the_second_tuning_takes_what_the_first_kept(tmp_path: Path, base: Base) -> None:
    profile = make_profile(tmp_path)
    first, there = _taken(profile, base, _config())
    assert not there and profile.verify() == []
    second, there = _taken(profile, base, _config(batch=4, learning_rate=0.5))
    assert there
    for one, other in zip(first.data, second.data, strict=True):
        assert torch.equal(one.latents, other.latents) and torch.equal(one.masks, other.masks)
        assert torch.equal(one.photo, other.photo)
    assert torch.equal(first.texts.tokens, second.texts.tokens)
    assert str(tmp_path).encode() not in profile.path(LATENTS).read_bytes()
    assert profile.size_mb() < 0.1 < profile.size_mb(photos=True)


@pytest.mark.parametrize("changes", [{"size": 2 * SIZE}, {"seed": 1}, {"weights": "other"}])
def test_another_content_is_made_anew(tmp_path: Path, base: Base, changes: dict[str, Any]) -> None:
    profile = make_profile(tmp_path)
    _taken(profile, base, _config())
    weights = changes.pop("weights", "w")
    assert not _taken(profile, base, _config(**changes), weights)[1]


def test_another_photo_or_a_damaged_file_is_made_anew(tmp_path: Path, base: Base) -> None:
    profile = make_profile(tmp_path)
    _taken(profile, base, _config())
    profile.path(LATENTS).write_bytes(b"nothing")
    assert not _taken(profile, base, _config())[1]
    assert _taken(profile, base, _config())[1]
    face = profile.photos[0].face
    profile.write(face, profile.path(profile.photos[1].face).read_bytes())
    assert not _taken(profile, base, _config())[1]


def test_nothing_is_kept_where_photos_are_not(tmp_path: Path, base: Base) -> None:
    profile = make_profile(tmp_path)
    profile.update(photos=tuple(replace(p, picture="", picture_mask="") for p in profile.photos))
    _taken(profile, base, _config())
    assert not profile.path(LATENTS).exists()


def test_forgetting_takes_the_latents_too(tmp_path: Path, base: Base) -> None:
    profile = make_profile(tmp_path)
    _taken(profile, base, _config())
    profile.forget()
    assert not profile.path(LATENTS).exists() and profile.verify() == []


def test_a_time_is_told_only_where_one_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "free_bytes", lambda device: 16_000_000_000)
    config = _config(home=tmp_path, steps=200)
    planned = plan.make_plan(config, "mini", CPU, torch.float32)
    assert planned.seconds is None and " for 200 steps" not in told.line(planned, config)
    key = pace.key_of(config, TuneInternals(), "mini", True, planned.plan, CPU)
    pace.note(tmp_path, key, [0.5] * (pace.ENOUGH - 1))
    assert pace.known(tmp_path, key) is None
    pace.note(tmp_path, key, [9.0, 0.2, 0.2, 0.2, 0.2])
    planned = plan.make_plan(config, "mini", CPU, torch.float32)
    assert planned.seconds == 40.0 and planned.document()["seconds"] == 40.0
    assert "about 40 s for 200 steps, as measured here before" in told.line(planned, config)
    other = replace(config, batch=3)
    assert plan.make_plan(other, "mini", CPU, torch.float32).seconds is None
    (tmp_path / pace.FILE).write_text("[")
    assert pace.known(tmp_path, key) is None


def test_the_first_steps_give_an_estimate_once() -> None:
    assert "About 90 s to go with previews and report" in pace.estimate(pace.ENOUGH, 90.0)
    assert pace.estimate(pace.ENOUGH - 1, 90.0) == pace.estimate(pace.ENOUGH + 1, 90.0) == ""
    assert pace.estimate(pace.ENOUGH, 4.0) == pace.estimate(pace.ENOUGH, None) == ""
    assert [pace.duration(s) for s in (42.4, 600, 9000)] == ["42 s", "10 min", "2.5 h"]


def test_one_time_left_with_previews_and_report() -> None:
    left = TimeLeft(steps=100, every=40, report=160, strip=30)
    assert left.at(0) is None
    left.drew(60.0, 60)  # a second a denoising step
    for seconds in (9.0, 2.0, 2.0):  # the first step warms up
        left.learnt(seconds)
    report = 160 / (1 - LOOK)
    assert left.at(3) == pytest.approx(97 * 2 + 3 * 30 + report)  # strips after 40, 80 and 100
    assert left.at(80) == pytest.approx(20 * 2 + 30 + report)
    assert left.at(100) == pytest.approx(report)
    config = replace(_config(), steps=100, preview_every=0)
    internals = TuneInternals(report_prompts=5)
    told = in_all(config, internals, 2.0, 1.0)
    assert told == pytest.approx(200 + 160 / (1 - LOOK))
    assert in_all(replace(config, preview_every=50), internals, 2.0, 1.0) == pytest.approx(
        told + 4 * 30  # one before the first step, which draws the base's own pictures too
    )
    assert in_all(config, internals, 2.0, None) is None


def test_a_size_is_rounded_down_and_said() -> None:
    notes, recipe, parts = Notes(), load_recipe("mini-cpu"), base_parts("mini", Path())
    assert tune_values(Path("alice"), parts, recipe, {"size": 131}, notes)["size"] == 128
    assert len(notes.warnings) == 1 and "131" in notes.warnings[0] and "128" in notes.warnings[0]
    assert tune_values(Path("alice"), parts, recipe, {"size": 128}, notes)["size"] == 128
    assert len(notes.warnings) == 1


def test_another_process_on_the_card_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Card X")
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 0)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (6_000_000_000, 16_000_000_000))
    config = _config(base="sd15", size=512)
    planned = plan.make_plan(config, "sd15", CUDA, torch.bfloat16)
    assert planned.free == 6_000_000_000 and planned.plan.peak < planned.free
    assert "other programs hold 9.4 GB of this card" in told.line(planned, config)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (15_500_000_000, 16_000_000_000))
    planned = plan.make_plan(config, "sd15", CUDA, torch.bfloat16)
    assert planned.others == 0 and "other programs" not in told.line(planned, config)


def test_a_pace_depends_on_the_plan() -> None:
    keys = {
        pace.key_of(_config(), TuneInternals(), "mini", True, plan, CPU)
        for plan in (Plan(2), Plan(1), Plan(2, True))
    }
    assert len(keys) == 3 and not any(" " in key for key in keys)


@pytest.mark.parametrize(
    ("base_name", "free", "recipe"),
    [
        ("mini", 1.0, "mini-cpu"), ("sd15", 3.5, "sd15-4gb"), ("sd15", 7.2, "sd15-8gb"),
        ("sd15", None, "sd15-8gb"), ("sdxl", 5.2, "sdxl-6gb"), ("sdxl", 9.0, "sdxl-10gb"),
        ("sdxl", 24.0, "sdxl-16gb"), ("sdxl", 1.0, "sdxl-6gb"),
    ],
)  # fmt: skip
def test_auto_takes_the_recipe_that_the_card_holds(
    base_name: str, free: float | None, recipe: str
) -> None:
    assert load_recipe("auto", base_name, free).name == recipe
