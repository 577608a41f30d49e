"""Photographed people on mini: nothing is learnt where nothing could tell what it does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from pidiff_cli import api
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, at_step, kept_steps, use_step
from pidiff_cli.profile.describing import describe, told_step
from pidiff_cli.stages.tune import run as stage
from pidiff_cli.stages.tune.previews import PREVIEWS
from tests.support.tiny_person import Notes

RECIPE = """
name: tiny
base: mini
tune: {{steps: 3, batch: 1, rank: 0, lora_rank: 2, size: 64, preview_every: 2{more}}}
generate: {{steps: 2, size: 64}}
"""


@pytest.fixture
def photographed(untuned_home: Path) -> Profile:
    profile = Profile.open("alice", untuned_home)
    profile.update_stage("prepare", world="photographs")
    return profile


@pytest.fixture
def tune(photographed: Profile, tmp_path: Path) -> Any:
    home = photographed.folder.parent.parent

    def run(notes: Notes, more: str = "", **settings: Any) -> Any:
        recipe = tmp_path / "tiny.yaml"
        recipe.write_text(RECIPE.format(more=more))
        given = {"base": "mini", "recipe": str(recipe), "device": "cpu", **settings}
        return api.tune("alice", home=home, progress=notes, **given)

    return run


def moved(profile: Profile) -> bool:
    """Whether the LoRA changes anything."""
    kept = load_file(profile.folder / "lora" / "adapter_model.safetensors")
    return any(value.any() for name, value in kept.items() if "lora_B" in name)


def test_it_is_said_before_and_nothing_is_trained(
    photographed: Profile, tune: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "train", None)
    notes = Notes()
    result = tune(notes)
    (said,) = [text for text in notes.warnings if "nothing is learnt" in text]
    for part in ("pidiff models pull sd15", "--base sd15 --retune", "pidiff tune alice --steps 3"):
        assert part in said
    assert not any(text.startswith("Plan") for text in notes.lines)
    assert result.steps == 0 and result.report and result.report.is_file()
    assert result.likeness["learnt"] is False and result.likeness["told"] is False
    report = json.loads((photographed.folder / "reports" / "likeness.json").read_text())
    assert report["likeness"]["learnt"] is False and report["losses"] == []
    assert "Nothing was learnt" in result.report.read_text("utf-8")
    assert photographed.path(PREVIEWS).is_file() and not moved(photographed)
    assert photographed.verify() == []
    assert describe(photographed)["alike"] == "cannot be told"
    home = photographed.folder.parent.parent
    drawn = api.generate("alice", "as a chef", home=home, out=home / "pics", device="cpu", steps=2)
    assert drawn.images[0].path.is_file()


def test_again_it_is_done_already(photographed: Profile, tune: Any) -> None:
    tune(Notes())
    before = (photographed.folder / "profile.json").read_bytes()
    notes = Notes()
    assert tune(notes).steps == 0
    assert "is drawn by the general branch" in notes.lines[-1] and not notes.warnings
    assert (photographed.folder / "profile.json").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "settings"), [("", {"steps": 3}), (", always: true", {}), ("", {"steps": 5})]
)
def test_steps_by_hand_are_done_and_kept(
    photographed: Profile, tune: Any, more: str, settings: dict[str, int]
) -> None:
    tune(Notes())
    notes = Notes()
    steps = settings.get("steps", 3)
    result = tune(notes, more, **settings)
    assert result.steps == result.likeness["best_step"] == steps and moved(photographed)
    assert result.likeness["learnt"] is True
    assert any(f"whether {steps} steps" in text and "--retune" in text for text in notes.warnings)
    notes = Notes()
    assert tune(notes, more).steps == steps and "tuned already" in notes.lines[-1]
    assert tune(Notes(), retune=True).steps == 0 and not moved(photographed)


def test_a_recipe_with_always_and_a_hand_without(photographed: Profile, tune: Any) -> None:
    assert tune(Notes(), steps=2, always=False).steps == 0


def test_photos_that_came_later_are_told_and_no_fault(photographed: Profile, tune: Any) -> None:
    tune(Notes())
    first, *others = photographed.photos
    photographed.update(photos=(first, replace(first, key="09", source="9.jpg"), *others))
    notes = Notes()
    assert tune(notes).steps == 0
    assert "1 new photo is not learnt yet" in notes.lines[-1] and "--retune" in notes.lines[-1]
    with pytest.raises(InputError, match="cannot go on: 1 new photo"):
        tune(Notes(), steps=3)


def test_kept_steps_tell_no_number_either(photographed: Profile, tune: Any) -> None:
    result = tune(Notes(), steps=4, keep_checkpoints=2)
    assert result.checkpoints == (2, 4)
    steps = kept_steps(photographed)
    assert [(one.likeness, one.held_out) for one in steps] == [(None, None)] * 2
    use_step(photographed, 2)
    assert describe(photographed)["alike"] == "cannot be told"
    assert tune(Notes(), retune=True).checkpoints == () and not kept_steps(photographed)
    assert not (photographed.folder / "steps").exists() and photographed.verify() == []


def test_a_dry_run_says_it(photographed: Profile) -> None:
    notes = Notes()
    home = photographed.folder.parent.parent
    api.plan("alice", home=home, base="mini", progress=notes)
    assert any("nothing is learnt" in text for text in notes.warnings)


def test_without_a_branch_there_is_nothing_else_to_draw_with(
    photographed: Profile, tune: Any
) -> None:
    assert tune(Notes(), wplus="off").steps == 3


def test_steps_that_were_to_be_kept_are_not_there(photographed: Profile, tune: Any) -> None:
    for said in ("warnings", "lines"):  # before nothing is learnt, and when that is done already
        notes = Notes()
        assert tune(notes, keep_checkpoints=2).checkpoints == ()
        (told,) = [text for text in getattr(notes, said) if "no steps to keep" in text]
        assert "pidiff tune alice --steps 3 --keep-checkpoints 2" in told
    before = (photographed.folder / "profile.json").read_bytes()
    tune(Notes(), keep_checkpoints=2, retune=True)  # there would be none again
    assert (photographed.folder / "profile.json").read_bytes() == before
    with pytest.raises(InputError) as caught:
        at_step(photographed, 50)
    assert "--retune --steps 150 --keep-checkpoints 3" in caught.value.hint


def test_no_likeness_of_a_kept_step_is_told(photographed: Profile, tune: Any) -> None:
    assert tune(Notes(), steps=6, keep_checkpoints=2).checkpoints == (2, 4, 6)
    row = describe(photographed)
    assert row["alike"] == "cannot be told" and len(row["checkpoints"]) == 3
    assert {(one["likeness"], one["held_out"]) for one in row["checkpoints"]} == {(None, None)}
    assert not any("likeness" in told_step(one) for one in kept_steps(photographed))
