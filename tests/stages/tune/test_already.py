"""What another `tune` may change of a profile that is tuned already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pidiff_cli.config import TuneConfig
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile
from pidiff_cli.recipe import Recipe, load_recipe
from pidiff_cli.stages.tune.already import by_hand, check_kept, remembered
from pidiff_cli.weights.locate import BaseParts


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe("mini-cpu", "mini")


@pytest.fixture
def config(recipe: Recipe) -> TuneConfig:
    return TuneConfig(
        recipe="mini-cpu", rank=4, **{k: v for k, v in recipe.tune.items() if k != "rank"}
    )


@pytest.fixture
def tuned(tmp_path: Path, config: TuneConfig, recipe: Recipe) -> Profile:
    profile = Profile.create(tmp_path, "alice", "woman")
    profile.update(photos=(Photo("01", "1.jpg"), Photo("02", "2.jpg")))
    profile.write("adapter/adapter_config.json", b"{}")
    profile.update(base={"name": "mini"}, recipe={"name": "mini-cpu", "rank": 4, "seed": 0})
    profile.update_stage(
        "tune", done=True, base="mini", recipe="mini-cpu", by_hand=by_hand(config, recipe),
        result={"steps": config.steps}, photos=["01", "02"],
    )  # fmt: skip
    return profile


@pytest.fixture
def parts(tmp_path: Path) -> BaseParts:
    return BaseParts("mini", "mini", tmp_path, None, tmp_path, None, None)


def test_settings_by_hand_are_remembered(tuned: Profile) -> None:
    assert tuned.stage_state("tune")["by_hand"] == {"rank": 4}
    assert remembered(tuned, "mini", "mini-cpu", {"steps": None}) == {"rank": 4}
    assert remembered(tuned, "mini", "mini-cpu", {"rank": 8, "steps": 9}) == {"rank": 8, "steps": 9}
    assert remembered(tuned, "mini", "quality", {}) == {}
    assert remembered(tuned, "mini", "mini-cpu", {"restart": True}) == {"restart": True}
    assert remembered(None, "mini", "mini-cpu", {"rank": 2}) == {"rank": 2}


def test_the_same_again_is_kept_by_its_digest(
    tuned: Profile, config: TuneConfig, parts: BaseParts
) -> None:
    assert check_kept(tuned, config, parts, {}) == ""
    assert check_kept(tuned, replace(config, steps=999), parts, {"steps": 999}) == ""  # goes on


def test_another_setting_by_hand_is_named_and_refused(
    tuned: Profile, config: TuneConfig, parts: BaseParts
) -> None:
    other = replace(config, rank=8)
    with pytest.raises(InputError, match="rank 4 → 8") as caught:
        check_kept(tuned, other, parts, {"rank": 8})
    assert "pidiff tune alice --retune" in caught.value.hint
    for word in ("restart", "retune"):
        assert check_kept(tuned, replace(other, **{word: True}), parts, {"rank": 8}) == ""


def test_a_newer_recipe_is_told(tuned: Profile, config: TuneConfig, parts: BaseParts) -> None:
    told = check_kept(tuned, replace(config, rank=8), parts, {})
    assert "alice stays as it is tuned: settings have changed since (rank 4 → 8)" in told


def test_new_photos_are_told_and_not_learnt(
    tuned: Profile, config: TuneConfig, parts: BaseParts
) -> None:
    tuned.update(photos=(*tuned.photos, Photo("03", "3.jpg")))
    assert "1 new photo is not learnt yet" in check_kept(tuned, config, parts, {})
    with pytest.raises(InputError, match="cannot go on"):
        check_kept(tuned, replace(config, steps=999), parts, {"steps": 999})
    assert check_kept(tuned, replace(config, retune=True), parts, {}) == ""


def test_what_is_not_finished_goes_on(tuned: Profile, config: TuneConfig, parts: BaseParts) -> None:
    tuned.update_stage("tune", done=False)
    assert check_kept(tuned, replace(config, rank=8), parts, {"rank": 8}) == ""
