"""What a tuning's arguments name, opened once; with the W+ branch and without."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pidiff_cli import api
from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import parse_recipe
from pidiff_cli.stages.opening import Place
from pidiff_cli.stages.tune.settings import OpenedTuning, open_tuning
from tests.support.tiny_person import Notes, make_profile
from tests.support.weights_fake import fill


def opened(home: Path, *sources: Any, **given: Any) -> tuple[OpenedTuning, list[str]]:
    notes = Notes()
    place = Place(home, "cpu", False, notes)
    name, base = given.pop("name", None), given.pop("base", "auto")
    return open_tuning(place, sources, name, base, "auto", given), notes.lines


def test_photos_and_profiles_are_told_apart(home: Path, photos: Path) -> None:
    new, _ = opened(home, photos, name="alice", refine=None)
    assert new.profile is None and new.photos == (photos,)
    assert new.config.name == str(home / "profiles/alice") == new.reading.name
    make_profile(home).update_stage("invert", refine=7, seed=3)
    old, _ = opened(home, "alice", steps=9)
    assert old.profile is not None and old.config.steps == 9
    assert (old.reading.refine, old.reading.seed, old.reading.base) == (7, 3, "mini")
    again, _ = opened(home, photos, name="alice")  # the profile of that name
    assert again.profile is None and again.reading.refine == 7


def test_wplus_reaches_the_base(home: Path) -> None:
    make_profile(home)
    assert opened(home, "alice")[0].parts.wplus is not None
    without = opened(home, "alice", wplus="off")[0]
    assert without.parts.wplus is None and without.config.wplus == "off"
    with pytest.raises(UsageError, match="wplus is 'maybe'; it can be auto, on, off.*steps is 0"):
        opened(home, "alice", wplus="maybe", steps=0)


def test_that_the_w_plus_networks_are_used_is_told_with_their_licence(home: Path) -> None:
    make_profile(home)
    fill(home, "sd15-base")
    told = "With the W+ networks (NVIDIA, non-commercial); without them: --wplus off"
    assert told not in opened(home, "alice", base="sd15")[1]
    with pytest.raises(MissingWeightError, match="are not here"):
        opened(home, "alice", base="sd15", wplus="on")
    fill(home, "e4e")
    assert told in opened(home, "alice", base="sd15")[1]
    assert told not in opened(home, "alice", base="sd15", wplus="on")[1]  # asked for
    assert told not in opened(home, "alice", base="mini")[1]  # its own are free


def test_without_them_no_code_is_made(
    home: Path, photos: Path, stages: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(stages["invert"], "inverted", lambda *given, **_: calls.append(given))
    api.tune(photos, "alice", home=home, wplus="off")
    assert not calls and not (home / "profiles/alice/identity.safetensors").exists()
    assert stages["tune"].configs[-1].wplus == "off"
    api.tune("alice", home=home)
    assert len(calls) == 1 and stages["tune"].configs[-1].wplus == "auto"


def test_the_option(pidiff: Any, photos: Path, home: Path, stages: dict[str, ModuleType]) -> None:
    assert pidiff("tune", photos, "--name", "alice", "--wplus", "off").code == 0
    assert stages["tune"].configs[-1].wplus == "off"
    assert not Profile.open("alice", home).stage_state("invert")
    ran = pidiff("tune", "alice", "--wplus", "never")
    assert ran.code == 2 and "it can be auto, on, off" in ran.err
    assert pidiff("tune", "alice", "--wplus", "on", "--dry-run").code == 0


def test_it_is_no_recipe_s_to_set() -> None:
    with pytest.raises(InputError, match="tune.wplus is unknown"):
        parse_recipe("name: a\nbase: mini\ntune: {wplus: 'on'}\n", "a.yaml")


def test_who_was_learnt_without_stays_without(home: Path) -> None:
    profile = make_profile(home)
    assert opened(home, "alice", base="mini")[0].parts.has_branch
    profile.update(base={"name": "mini", "wplus": "off"})
    assert not opened(home, "alice", base="mini")[0].parts.has_branch
    assert opened(home, "alice", base="mini", wplus="on")[0].parts.has_branch
