"""evaluate on a tiny base: every measure, its yardstick, or the reason why there is none."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pidiff_cli.config import EvaluateConfig
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.faces import aligned_faces
from pidiff_cli.stages.report import page, summary
from pidiff_cli.stages.report.evaluators import Evaluators, open_evaluators
from pidiff_cli.stages.report.measure import EvaluatedImage
from pidiff_cli.weights import locate
from tests.support.opened import run_evaluate
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes, colour_reader, install, install_judge, make_profile


@pytest.fixture
def home(tuned_home: Path) -> Path:
    return tuned_home


def _config(home: Path, out: Path, **settings: Any) -> EvaluateConfig:
    values: dict[str, Any] = {
        "home": home, "name": "alice", "prompts": ("as an astronaut", "in snow"), "count": 2,
        "seed": 5, "out": out / "evaluation", "size": SIZE, "steps": 2, "device": "cpu",
    }  # fmt: skip
    return EvaluateConfig(**{**values, **settings})


def test_every_measure_is_there_with_its_yardstick(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_judge(monkeypatch)
    result = run_evaluate(_config(home, tmp_path), Notes())
    assert list(result.measures) == list(summary.TITLES) == list(page.MEANING)
    values = {name: row["value"] for name, row in result.measures.items()}
    assert values.pop("copy_paste") is None  # every face of the colour reader is the same
    assert all(value is not None for value in values.values()), values
    for name in ("likeness", "stranger_margin", "text", "diversity", "faces", "right_prompt"):
        assert result.measures[name]["beside"] is not None
    assert "held-out" in result.measures["likeness"]["beside_is"]
    assert "1 other profile" in result.measures["stranger_margin"]["beside_is"]
    assert values["text_drop"] == pytest.approx(
        result.measures["text"]["beside"] - values["text"], abs=1e-6
    )
    assert values["right_prompt"] == 0.5  # the judge always prefers the first prompt
    assert [(row["name"], row["pictures"]) for row in result.seeds] == [(5, 2), (6, 2)]
    assert len(result.prompts) == 2 and len(result.pictures) == 4


def test_the_report_is_one_file_with_pictures_plots_and_tables(home: Path, tmp_path: Path) -> None:
    result = run_evaluate(_config(home, tmp_path), Notes())
    page = result.report.read_text()
    assert page.count("data:image/png;base64,") == 4 + 2 + 2 + 4 + 4  # photos, first, maps, all
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', page)
    assert sources and all(source.startswith(("data:", "#")) for source in sources)
    assert "<svg" in page and "currentColor" in page and "held back" in page
    assert "#010203" not in page and str(home) not in page
    table = json.loads(result.table.read_text())
    assert table["measures"] == result.measures and table["base"] == "mini"
    assert str(home) not in result.table.read_text()


def test_the_same_run_again_says_the_same(home: Path, tmp_path: Path) -> None:
    first = run_evaluate(_config(home, tmp_path / "a"), Notes())
    again = run_evaluate(_config(home, tmp_path / "b"), Notes())
    assert first.report.read_bytes() == again.report.read_bytes()


def test_without_a_judge_text_is_not_measured_and_the_next_command_is_said(
    home: Path, tmp_path: Path
) -> None:
    profile = Profile.open("alice", home)
    parts = replace(locate.base_parts("mini", home), judge=None)  # as on a real base
    tools = open_evaluators(profile, aligned_faces(profile), parts, home, colour_reader())
    assert tools.judge is None and "pidiff models pull clip" in tools.missing["text"]
    measured = summary.summarise([_image(0.5, text=None, plain_text=None)], tools)
    for name in ("text", "text_drop", "right_prompt", "perceptual", "diversity"):
        assert measured[name].value is None and "models pull clip" in measured[name].why
    assert measured["likeness"].value == 0.5


def test_what_cannot_be_measured_says_why(
    tuned: Path, tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, disc_base, reads=False)
    result = run_evaluate(_config(tuned, tmp_path), Notes())
    for name in ("likeness", "stranger_margin", "background", "iou", "energy_off", "copy_paste"):
        row = result.measures[name]
        assert row["value"] is None and "models pull faces" in row["why"], name
    words = {a: b for a, b, _ in page.table_rows(result.measures)}
    assert "models pull faces" in words["likeness"]


def test_without_photos_or_others_there_is_nothing_to_compare(
    tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, disc_base)
    profile = make_profile(tmp_path, held_out=0)
    result = run_evaluate(_config(tmp_path, tmp_path), Notes())  # untuned: the general branch
    assert "learnt-from" in result.measures["likeness"]["beside_is"]
    assert "another profile" in result.measures["stranger_margin"]["why"]
    profile.forget()
    result = run_evaluate(_config(tmp_path, tmp_path), Notes())
    assert "no photos" in result.measures["likeness"]["why"]
    assert result.measures["background"]["value"] is not None


def test_standard_prompts_are_drawn_when_none_is_given(home: Path, tmp_path: Path) -> None:
    result = run_evaluate(_config(home, tmp_path, prompts=(), count=1, steps=1), Notes())
    assert len(result.prompts) >= 4 and len(result.pictures) == len(result.prompts)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"name": "nobody"}, InputError, "no profile"),
        ({"prompts": (" ",)}, UsageError, "empty"),
        ({"size": 56}, UsageError, "size is 56; 64 px is the least"),
    ],
)
def test_faults_are_sentences(
    home: Path, tmp_path: Path, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        run_evaluate(_config(home, tmp_path, **settings), Notes())


def _image(likeness: float | None, **values: Any) -> EvaluatedImage:
    blank = np.zeros((8, 8, 3), np.uint8)
    given = {"background": 0.1, "text": 0.5, "plain_text": 0.75, **values}
    return EvaluatedImage("a", 0, blank, blank, blank[..., 0] / 1.0, likeness, **given)


def test_the_summary_of_known_pictures() -> None:
    photos = torch.eye(2)[[0, 0]]
    poses = (np.full(4, 2.0),)
    tools = Evaluators(
        colour_reader(), reference=photos, held_out=True, photos=photos,
        strangers=torch.eye(2)[[1]], strangers_are="one", poses=poses,
    )  # fmt: skip
    calm = {"plain_pose": np.zeros(4), "strangers": 0.25}
    some = [
        _image(0.5, pose=np.ones(4), **calm), _image(0.7, pose=np.ones(4), **calm),
        _image(0.6, pose=np.ones(4), **calm), _image(None, plain_pose=np.zeros(4)),
    ]  # fmt: skip
    measured = summary.summarise(some, tools)
    assert measured["likeness"].value == pytest.approx(0.6)
    assert measured["likeness"].plus_minus == pytest.approx(1.96 * 0.1 / 3**0.5)
    assert measured["likeness"].beside == pytest.approx(1.0)
    assert measured["stranger_margin"].value == pytest.approx(0.35)
    assert measured["stranger_margin"].beside == pytest.approx(1.0)
    assert measured["faces"].value == 0.75 and measured["faces"].beside == 1.0
    assert measured["text_drop"].value == pytest.approx(0.25)
    assert measured["copy_paste"].value == pytest.approx(0.5)
    assert summary.copies(measured)  # all of it half of the way, without any doubt
    unsure = {**measured, "copy_paste": summary.Measured(0.6, 0.5)}
    assert not summary.copies(unsure)
