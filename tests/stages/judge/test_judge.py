"""Judging pictures, on panels of colour: numbers that can be worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.api import measuring
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.judge import run
from pidiff_cli.stages.judge.people import choose
from pidiff_cli.stages.judge.text import TextScorer
from pidiff_cli.stages.results import GenerateResult, JudgeResult, Picture
from tests.support.panels import Colour, panel_readers, put
from tests.support.tiny_person import Notes

RED, ROSE, PINK, BLUE, NOBODY = (
    (250, 90, 90),
    (240, 120, 90),
    (250, 90, 130),
    (90, 90, 250),
    (0, 0, 0),
)


@pytest.fixture(autouse=True)
def nets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that know panels, and nothing that scores text."""
    monkeypatch.setattr(run, "readers_for", panel_readers)
    monkeypatch.setattr(run, "open_scorer", lambda *_: (None, "no CLIP: pidiff models pull clip"))


def _judge(tmp_path: Path, *sets: Path, **given: Any) -> JudgeResult:
    photos = put(tmp_path / "learnt", [RED], [ROSE])
    values: dict[str, Any] = {"photos": photos, "home": tmp_path / "home", "out": tmp_path / "out"}
    return api.judge_pictures(sets, **{**values, **given})


def _unit(colour: Colour) -> np.ndarray:
    found = np.array(colour, np.float64) - 100
    return found / np.linalg.norm(found)


def _cosine(a: Colour, b: Colour) -> float:
    return float(_unit(a) @ _unit(b))


def test_every_number_of_a_set(tmp_path: Path) -> None:
    held = put(tmp_path / "held", [PINK])
    made = put(tmp_path / "made", [RED], [NOBODY], [PINK])
    result = _judge(tmp_path, made, held_out=held)
    (told,) = result.sets
    found = {name: row["value"] for name, row in told["measures"].items()}
    assert found["likeness"] == pytest.approx((_cosine(RED, PINK) + 1) / 2)
    copied = [(1 + _cosine(RED, ROSE)) / 2, (_cosine(PINK, RED) + _cosine(PINK, ROSE)) / 2]
    assert found["copied"] == pytest.approx(np.mean(copied))
    assert found["faces"] == pytest.approx(2 / 3) and told["measures"]["faces"]["n"] == 3
    theta = {pair: np.arccos(_cosine(*pair)) for pair in ((RED, PINK), (RED, ROSE), (ROSE, PINK))}
    between = (theta[RED, PINK] + theta[ROSE, PINK]) / 2
    pasted = [(theta[RED, PINK] - theta[RED, ROSE] / 2) / between, -1.0]
    assert found["copy_paste"] == pytest.approx(np.mean(pasted), abs=1e-3)
    assert found["text"] is None and "models pull clip" in told["measures"]["text"]["why"]
    beside = told["measures"]["likeness"]["beside"]
    assert beside["same_person"] == 0.5
    assert beside["own_lowest"] == pytest.approx(
        min(map(_cosine, (RED, RED, ROSE), (ROSE, PINK, PINK)))
    )
    assert set(told["encoders"]) == {"colour", "hue"}
    assert result.encoders[0]["sha256"] == "colour" * 8 and told["likeness_against"] == "held_out"
    assert "2 of 3" not in result.verdict[0] and "67% of 3 pictures" in result.verdict[-1]


def test_without_held_out_photos_copying_is_not_measured(tmp_path: Path) -> None:
    result = _judge(tmp_path, put(tmp_path / "made", [RED], [PINK]), gates=["copy_paste<0.5"])
    row = result.sets[0]["measures"]["copy_paste"]
    assert row["value"] is None and row["why"].startswith("give --held-out")
    assert any("not measured: give --held-out" in line for line in result.verdict)
    assert (
        result.sets[0]["measures"]["likeness"]["value"]
        == result.sets[0]["measures"]["copied"]["value"]
    )
    assert "which flatters" in result.verdict[0]
    assert not result.passed and "not measured (give --held-out" in result.gates[0]["told"]


def test_a_photo_on_both_sides_is_not_held_out(tmp_path: Path) -> None:
    held = put(tmp_path / "held", [RED], [PINK])
    result = _judge(tmp_path, put(tmp_path / "made", [RED]), held_out=held)
    (person,) = result.people
    assert (person["learnt_from"], person["held_out"]) == (2, 1)
    assert "the same file" in person["left_out"][0]["reason"]


def test_bad_files_are_left_out_with_their_reason_and_end_nothing(tmp_path: Path) -> None:
    made, notes = put(tmp_path / "made", [RED]), Notes()
    (made / "cut.png").write_bytes((made / "00.png").read_bytes()[:60])
    (made / "text.jpg").write_text("hello")
    (made / "empty.webp").write_bytes(b"")
    result = _judge(tmp_path, made, progress=notes)
    reasons = {row["file"]: row["reason"] for row in result.sets[0]["left_out"]}
    assert set(reasons) == {"cut.png", "text.jpg", "empty.webp"} and all(reasons.values())
    assert result.sets[0]["pictures"] == 1
    assert any("left out: text.jpg, not a picture" in line for line in notes.lines)
    (made / "00.png").unlink()
    with pytest.raises(InputError, match="No picture of made can be read"):
        _judge(tmp_path, made)


def test_photos_without_a_face_are_said(tmp_path: Path) -> None:
    made = put(tmp_path / "made", [RED])
    with pytest.raises(InputError, match="None of the photos can be used. 00.png: no face found"):
        _judge(tmp_path, made, photos=put(tmp_path / "nobody", [NOBODY]))
    with pytest.raises(InputError, match="None of the held-out photos"):
        _judge(tmp_path, made, held_out=put(tmp_path / "nobody", [NOBODY]))


def test_several_people_are_matched(tmp_path: Path) -> None:
    photos = {"ann": put(tmp_path / "a", [RED]), "ben": put(tmp_path / "b", [BLUE])}
    made = put(tmp_path / "made", [BLUE, PINK], [RED, BLUE], [RED])
    result = _judge(tmp_path, made, photos=photos, gates=["faces>=0.9"])
    first = result.sets[0]["each"][0]["people"]
    assert first["ann"]["colour"]["learnt_from"] == pytest.approx(_cosine(RED, PINK))
    assert first["ben"]["colour"]["learnt_from"] == pytest.approx(1.0)
    people = {one["name"]: one["measures"] for one in result.sets[0]["people"]}
    assert people["ann"]["faces"]["value"] == 1.0
    assert people["ben"]["faces"]["value"] == pytest.approx(2 / 3)
    assert result.sets[0]["measures"]["faces"]["value"] == pytest.approx(5 / 6)
    assert [(g["of"], g["passed"]) for g in result.gates] == [
        ("ann in made", True), ("ben in made", False)
    ]  # fmt: skip


def _shades(count: int, start: int) -> list[list[Colour]]:
    return [[(250, start + 7 * i, 90)] for i in range(count)]


def test_sets_are_compared_prompt_by_prompt_and_the_better_one_is_named(tmp_path: Path) -> None:
    seeds = {"prompt": ["as a chef"] * 6, "seed": [*range(6)]}
    good = put(tmp_path / "good", *_shades(6, 95), **seeds)
    bad = put(tmp_path / "bad", *_shades(6, 160), **seeds)
    odd = put(tmp_path / "odd", *_shades(6, 96), names=[f"x{i}.png" for i in range(6)])
    result = _judge(tmp_path, good, bad, odd, gates=["likeness>=0.97"])
    rows = {(d["first"], d["second"]): d for d in result.differences if d["measure"] == "likeness"}
    assert rows["good", "bad"]["paired"] and rows["good", "bad"]["excludes_0"]
    assert rows["good", "bad"]["value"] > 0.05 and rows["good", "bad"]["n"] == 6
    assert not rows["good", "odd"]["paired"] and not rows["good", "odd"]["excludes_0"]
    assert rows["good", "bad"]["level"] == pytest.approx(1 - 0.05 / 3)
    assert "good and odd cannot be told apart in likeness" in " ".join(result.verdict) or (
        "odd and good cannot be told apart in likeness" in " ".join(result.verdict)
    )
    assert "Beyond chance behind" in result.verdict[0] and "bad" in result.verdict[0]
    assert [gate["passed"] for gate in result.gates] == [True, False, True]
    two = _judge(tmp_path, bad, good)
    assert two.verdict[0].startswith("good is most alike: 0.99, +") and "6 pairs" in two.verdict[0]
    assert "beyond chance" in two.verdict[0]


def test_few_pictures_decide_nothing(tmp_path: Path) -> None:
    result = _judge(tmp_path, put(tmp_path / "a", [RED]), put(tmp_path / "b", [BLUE]))
    assert result.verdict[0].startswith("Too few pictures to tell: a is most alike")


def test_prompts_are_scored_where_something_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    scorer = TextScorer("CLIP", "c", "0" * 64, lambda _, prompt: asked.append(prompt) or 0.25)
    monkeypatch.setattr(run, "open_scorer", lambda *_: (scorer, ""))
    made = put(tmp_path / "made", [RED], [PINK])
    assert "--prompt" in _judge(tmp_path, made).sets[0]["measures"]["text"]["why"]
    (made / "00.txt").write_text("a chef")
    row = _judge(tmp_path, made, prompt="a knight").sets[0]["measures"]["text"]
    assert (row["value"], row["n"]) == (0.25, 2) and asked == ["a chef", "a knight"]


def test_the_page_and_the_table(tmp_path: Path) -> None:
    good, bad = put(tmp_path / "good", [RED], [PINK]), put(tmp_path / "<bad>", [BLUE])
    result = _judge(tmp_path, good, bad)
    page, table = result.report.read_text(), json.loads(result.table.read_text())
    assert result.report.name == "comparison.html" and str(tmp_path) not in page
    assert str(tmp_path) not in result.table.read_text()
    assert table["sets"][0]["measures"] == result.sets[0]["measures"]
    assert page.index(result.verdict[0][:20]) < page.index("<table>") and "&lt;bad&gt;" in page
    assert "<bad>" not in page and "colourcolour"[:12] in page
    sources = re.findall(r'(?:src|href)="([^"]{0,5})', page)
    assert sources and set(sources) == {"data:"}
    again = _judge(tmp_path, good, bad)
    assert again.report.read_text() == page
    assert _judge(tmp_path, good).report.name == "pictures-good.html"


def test_the_person_of_a_group_photo_is_who_is_in_the_others() -> None:
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert choose([[a], [b, a], [a]]) == [0, 1, 0]
    assert choose([[a], [b, a]]) == [0, 0]  # two photos outvote nobody
    assert choose([]) == []


def test_a_profile_is_drawn_before_it_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, asked = tmp_path / "home", []
    alice = Profile.create(home, "alice", "woman")
    (alice.folder / "identity.safetensors").write_bytes(b"")

    def generate(profile: str, prompts: Any, *, out: Path, **settings: Any) -> GenerateResult:
        asked.append((profile, prompts, settings["count"], settings["seed"]))
        put(out, [RED], [ROSE], [PINK])
        images = [Picture(out / name, "as a chef", 0) for name in ("00.png", "02.png")]
        return GenerateResult(tuple(images))

    monkeypatch.setattr(measuring, "generate", generate)
    made = put(tmp_path / "kohya", [BLUE])
    result = _judge(tmp_path, Path("alice"), made, prompt="as a chef", count=1, seed=3)
    assert asked == [("alice", ("as a chef",), 1, 3)]
    assert [(told["name"], told["pictures"]) for told in result.sets] == [
        ("alice", 2),
        ("kohya", 1),
    ]
