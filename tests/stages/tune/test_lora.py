"""Tunings with a LoRA on the base's own attention, beside the branch and without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from pidiff_cli.core.images import read_photo
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages import evaluate, stylemix
from pidiff_cli.stages.base import fingerprints
from pidiff_cli.stages.generate import run as generate
from pidiff_cli.stages.opening import base_of, open_person
from pidiff_cli.stages.results import TuneResult
from pidiff_cli.stages.tune import run as tune
from pidiff_cli.weights.locate import BaseParts
from tests.stages.tune.test_tune import StopAt
from tests.support.opened import TuneSettings, run_tune, short_drawing, short_tuning
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes, install, make_profile


@pytest.fixture
def home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, disc_base)
    return tmp_path


def _short(home: Path, **more: object) -> TuneSettings:
    return short_tuning(home, **{"lora_rank": 2, "lora_rate": 1e-2, **more})


def _bare(home: Path, profile: Profile) -> BaseParts:
    return replace(base_of(home, profile), identity=None, wplus=None)


def _tune_bare(home: Path, profile: Profile, notes: Notes, **more: object) -> TuneResult:
    config, internals = _short(home, name=profile.name, **more)
    parts = _bare(home, profile)
    recipe = load_recipe("mini-cpu")
    with profile.lock():
        return tune.run(profile, config, parts, fingerprints(parts), recipe, notes, internals)


def _weights(profile: Profile, part: str) -> dict[str, np.ndarray]:
    return load_file(profile.folder / part / "adapter_model.safetensors")


def test_both_parts_are_learnt_and_kept(home: Path) -> None:
    profile = make_profile(home)
    run_tune(_short(home), Notes())
    assert any(v.any() for k, v in _weights(profile, "lora").items() if "lora_B" in k)
    assert any(v.any() for k, v in _weights(profile, "adapter").items() if "lora_B" in k)
    assert profile.verify() == []


@pytest.mark.parametrize("rank", [2, 0])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(home: Path, rank: int) -> None:
    whole, cut = make_profile(home, "whole"), make_profile(home, "cut")
    run_tune(_short(home, name="whole", rank=rank), Notes())
    with pytest.raises(KeyboardInterrupt):
        run_tune(_short(home, name="cut", rank=rank), StopAt(3))
    run_tune(_short(home, name="cut", rank=rank), Notes())
    for key, value in _weights(whole, "lora").items():
        assert np.array_equal(value, _weights(cut, "lora")[key])
    assert (whole.folder / "adapter").is_dir() == (rank > 0)


def test_a_part_that_is_left_out_goes(home: Path) -> None:
    profile = make_profile(home)
    run_tune(_short(home), Notes())
    run_tune(short_tuning(home, retune=True), Notes())
    assert not (profile.folder / "lora").exists() and profile.verify() == []


def test_without_w_plus_networks_it_is_the_lora_alone(home: Path) -> None:
    profile = make_profile(home)
    profile.remove("identity.safetensors")
    result = _tune_bare(home, profile, Notes(), preview_every=3)
    assert result.likeness["background"] is not None and result.likeness["energy_off"] is None
    assert not (profile.folder / "adapter").exists()
    opened, notes = open_person("alice", home), Notes()
    config = short_drawing(home, home)
    drawn = generate.run(opened, config, _bare(home, opened), notes)
    assert read_photo(drawn.images[0].path).shape == (SIZE, SIZE, 3)
    with pytest.raises(InputError, match="without W"):
        edits = short_drawing(home, home, edits=(("smile", 1.0),))
        generate.run(opened, edits, _bare(home, opened), notes)


def test_without_scale_the_picture_is_the_bases_own(home: Path) -> None:
    profile = make_profile(home)
    _tune_bare(home, profile, Notes())
    other = make_profile(home, "bob")
    pictures = []
    for person in (profile, other):
        config = short_drawing(home, home, name=person.name, identity_scale=0.0)
        made = generate.run(person, config, _bare(home, person), Notes()).images[0]
        pictures.append(read_photo(made.path))
    assert np.array_equal(*pictures)


def test_evaluate_measures_it(home: Path) -> None:
    from pidiff_cli.config import EvaluateConfig

    profile = make_profile(home)
    _tune_bare(home, profile, Notes())
    config = EvaluateConfig(
        home=home, name="alice", size=SIZE, steps=1, count=1, out=home / "out", device="cpu"
    )
    result = evaluate.run(profile, config, _bare(home, profile), Notes())
    assert result.measures["energy_off"]["value"] is None


@pytest.mark.parametrize("given", [{"rank": 0}, {"wplus": "off"}])
def test_a_tuning_that_would_learn_nothing_is_refused(home: Path, given: dict[str, object]) -> None:
    from pidiff_cli import api

    make_profile(home)
    with pytest.raises(UsageError, match="Nothing would be learnt"):
        api.tune("alice", home=home, **{"lora_rank": 0, **given})
    assert not Profile.open("alice", home).stage_state("tune")


def test_it_is_drawn_beside_the_base_where_no_recipe_says_how(home: Path) -> None:
    from pidiff_cli.config import GenerateConfig
    from pidiff_cli.stages.opening import draw_values

    profile = make_profile(home)
    profile.update(recipe={"name": "sd15-8gb"})
    parts = replace(base_of(home, profile), family="sd15")
    assert "hold" not in draw_values(profile, parts, GenerateConfig, {})  # as it ever was
    run_tune(_short(home), Notes())
    profile.update(recipe={"name": "sd15-8gb"})
    assert draw_values(profile, parts, GenerateConfig, {})["hold"] == 1.0
    assert draw_values(profile, parts, GenerateConfig, {"keep_background": 0.2})["hold"] == 0.2


def test_a_style_mix_needs_a_code(home: Path) -> None:
    from pidiff_cli.config import StylemixConfig

    profile, other = make_profile(home), make_profile(home, "bob")
    _tune_bare(home, profile, Notes())
    config = StylemixConfig(home=home, a="alice", b="bob", out=home / "mix")
    for pair in ((profile, other), (other, profile)):
        with pytest.raises(InputError, match="alice was learnt without"):
            stylemix.run(*pair, config, base_of(home, other), Notes())
    assert not (home / "mix").exists()


def test_what_an_import_noted_goes_with_its_lora(home: Path) -> None:
    profile = make_profile(home)
    profile.update_stage("lora", trigger="ohwx")
    run_tune(_short(home), Notes())
    assert Profile.open("alice", home).stage_state("lora") == {}
