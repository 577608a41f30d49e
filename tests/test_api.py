"""The Python API: cheap to import, the commands' results, events, and a stop that can go on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import pidiff_cli
from pidiff_cli import Event, api
from pidiff_cli.errors import PidiffError, StoppedError, UsageError
from pidiff_cli.profile import Profile

README = Path(__file__).parent.parent / "README.md"
SHORT: dict[str, Any] = {
    "steps": 6, "size": 64, "batch": 2, "rank": 2, "checkpoint_every": 2, "preview_every": 3,
    "device": "cpu",
}  # fmt: skip


def test_importing_it_is_cheap() -> None:
    code = (
        "import sys, pidiff_cli\nassert set(pidiff_cli.__all__) <= {*dir(pidiff_cli)}\n"
        "assert callable(pidiff_cli.tune) and callable(pidiff_cli.generate)\n"
        "print([m for m in ('torch', 'numpy', 'typer', 'rich', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout == "[]\n", done.stderr


def test_everything_it_names_is_there_and_nothing_else() -> None:
    assert all(getattr(pidiff_cli, name) for name in pidiff_cli.__all__)
    with pytest.raises(AttributeError, match="compose"):
        pidiff_cli.compose  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.usefixtures("stages")
def test_the_readme_s_example_runs(
    tmp_path: Path, home: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIDIFF_HOME", str(home))
    photos.rename(tmp_path / "my_photos")
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line]) == 8
    exec(code, {})
    assert "prepare 2 of 2" in capsys.readouterr().out
    assert Profile.open("alice", home).photos


def test_a_callback_hears_every_step_and_sees_previews(untuned_home: Path) -> None:
    heard: list[Event] = []
    result = api.tune("alice", home=untuned_home, progress=heard.append, **SHORT)
    steps = [event for event in heard if event.stage == "tune" and event.info]
    assert [(event.step, event.of) for event in steps] == [(i, 6) for i in range(1, 7)]
    assert all(event.seconds_left is not None and "loss" in event.info for event in steps)
    report = [event for event in heard if event.stage == "report" and not event.text]
    left = [event.seconds_left for event in report[1:] if event.seconds_left is not None]
    assert (report[-1].step, report[-1].of) == (10, 10)  # pictures
    assert steps[-1].seconds_left and left[0] > left[-1] == 0  # with the report
    previews = [event.preview for event in heard if event.preview]
    assert len(previews) == 3 and all(path.is_file() for path in previews)
    assert result.steps == 6 and result.report and result.report.is_file()
    drawn = api.generate(
        "alice", ["as an astronaut"], home=untuned_home, device="cpu", size=64, steps=2,
        out=str(untuned_home / "pics"), keep_background=0.5, edits={},
    )  # fmt: skip
    assert drawn.images[0].path.is_file() and drawn.images[0].likeness is not None


def test_a_callback_stops_it_where_the_same_call_goes_on(
    untuned_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import shutil

    whole = tmp_path_factory.mktemp("whole") / "home"
    shutil.copytree(untuned_home, whole)
    api.tune("alice", home=whole, **SHORT)

    with pytest.raises(StoppedError, match="Stopped at step 3 of 6") as stopped:
        api.tune("alice", home=untuned_home, progress=lambda event: event.step == 3, **SHORT)
    assert isinstance(stopped.value, PidiffError) and stopped.value.exit_code == 130
    lines: list[str] = []
    api.tune("alice", home=untuned_home, progress=lambda e: lines.append(e.text), **SHORT)
    assert "Going on from step 3." in lines
    ours, theirs = (
        load_file(Profile.open("alice", place).folder / "adapter/adapter_model.safetensors")
        for place in (untuned_home, whole)
    )
    assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch": 0, "alpha": 0.0}, "batch is 0.*alpha is 0"),
        ({"stepps": 3}, "no setting stepps"),
        ({"warmup": 3}, "no setting warmup"),  # a benchmark's to replace
        ({"recipe": "slow"}, "no recipe 'slow'"),
    ],
)
def test_settings_are_refused_before_anything_is_made(
    untuned_home: Path, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        api.tune("alice", home=untuned_home, **settings)
    assert Profile.open("alice", untuned_home).stage_state("tune") == {}


def test_dropped_keys_of_a_recipe_are_read_over_and_said(untuned_home: Path) -> None:
    old = untuned_home / "old.yaml"
    old.write_text("name: old\nbase: mini\ntune: {steps: 2, size: 64, feedback: 3, warmup: 5}\n")
    heard: list[str] = []
    told = api.plan(
        "alice", recipe=str(old), home=untuned_home, progress=lambda e: heard.append(e.text)
    )
    assert told.recipe == "old" and told.size == 64
    assert [text for text in heard if "no longer exist: feedback, warmup" in text]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"count": "2", "best": "3"}, "count is '2'; a whole number.*best is '3'"),
        (
            {"steps": 2.5, "guidance": "a"},
            "guidance is 'a'; a number.*steps is 2.5; a whole number",
        ),
        ({"count": True, "seed": 2**70}, "count is True.*seed is"),
        ({"edits": {"smile": float("nan")}, "negative": 3}, "negative is 3; text.*edit smile"),
        ({"edits": "smile=1"}, "edits is 'smile=1'"),
    ],
)
def test_values_of_another_type_are_refused(
    untuned_home: Path, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        api.generate("alice", "as a chef", home=str(untuned_home), out="nowhere", **settings)
    with pytest.raises(UsageError, match="text is expected"):
        api.generate("alice", 5, home=untuned_home)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="A prompt is 5"):
        api.evaluate("alice", [5], home=untuned_home)  # type: ignore[list-item]
    assert not Path("nowhere").exists()


def test_one_prompt_is_one_everywhere(untuned_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pidiff_cli.stages import evaluate

    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(evaluate, "run", lambda _, config, *rest: asked.append(config.prompts))
    api.evaluate("alice", "as a chef", home=untuned_home)
    assert asked == [("as a chef",)]


def test_the_same_photos_go_on_with_the_profile_s_recipe_and_refined_codes(
    untuned_home: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "photo.png"
    recipe.write_bytes(b"not looked at: the plan needs no picture")
    assert api.plan(str(recipe), "new", home=untuned_home).recipe == "mini-cpu"
    Profile.open("alice", untuned_home).update_stage("tune", base="mini", recipe="fast", done=False)
    assert api.plan(str(recipe), "alice", home=untuned_home).recipe == "fast"
    api.invert("alice", home=untuned_home, device="cpu", refine=2, seed=3)
    codes = Profile.open("alice", untuned_home).load_identity().codes
    api.tune("alice", home=untuned_home, **SHORT)
    assert np.array_equal(codes, Profile.open("alice", untuned_home).load_identity().codes)
