"""generate on a tiny base: names, records, the best of several, warnings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.core.diffusion import sampling
from pidiff_cli.core.images import read_photo, read_record, save_png
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.person import drawing
from pidiff_cli.stages.results import Picture
from tests.support.opened import run_generate, short_drawing
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes


@pytest.fixture
def home(tuned_home: Path) -> Path:
    return tuned_home


def test_pictures_are_told_as_they_come(home: Path, tmp_path: Path) -> None:
    seen: list[Picture] = []
    config = short_drawing(home, tmp_path, prompts=("as an astronaut", "as a chef"), count=2)
    result = run_generate(config, Notes(), Calls(on_picture=seen.append))
    assert list(result.images) == seen
    assert [(p.prompt, p.seed) for p in seen] == [
        ("as an astronaut", 7), ("as an astronaut", 8), ("as a chef", 7), ("as a chef", 8),
    ]  # fmt: skip
    assert seen[0].path.name == "alice-as-an-astronaut-7.png"
    assert all(p.likeness is not None and -1 <= p.likeness <= 1 for p in seen)
    assert read_photo(seen[0].path).shape == (SIZE, SIZE, 3)


def test_the_record_is_whole_and_the_bytes_repeat(home: Path, tmp_path: Path) -> None:
    bare = {"mark": "none"}
    first = run_generate(short_drawing(home, tmp_path / "a", **bare), Notes()).images[0].path
    more = short_drawing(home, tmp_path / "b", count=2, **bare)
    again = run_generate(more, Notes()).images[0].path
    assert first.read_bytes() == again.read_bytes()
    record = read_record(first)
    assert record["prompt"] == "as an astronaut" and record["seed"] == 7
    assert record["full_prompt"] == "a photo of a woman as an astronaut"
    assert record["settings"]["steps"] == 2 and record["base"]["name"] == "mini"
    assert {"profile", "versions"} <= record.keys() and str(home) not in str(record)


def test_an_older_picture_is_not_lost(home: Path, tmp_path: Path) -> None:
    config = short_drawing(home, tmp_path)
    first = run_generate(config, Notes()).images[0].path
    assert run_generate(config, Notes()).images[0].path == first
    other = run_generate(replace(config, guidance=2.0), Notes()).images[0].path
    assert other != first and first.is_file()
    save_png(first, np.zeros((4, 4, 3), np.uint8))  # somebody's own picture
    third = run_generate(config, Notes()).images[0].path
    assert third not in (first, other) and read_photo(first).shape == (4, 4, 3)


def test_only_the_best_are_kept(home: Path, tmp_path: Path) -> None:
    everything = run_generate(short_drawing(home, tmp_path / "a", count=4), Notes()).images
    best = run_generate(short_drawing(home, tmp_path / "b", count=4, best=2), Notes()).images
    wanted = sorted((p.likeness for p in everything), reverse=True)[:2]
    assert [p.likeness for p in best] == wanted
    assert len(list((tmp_path / "b" / "pics").iterdir())) == 2


def test_doubts_are_told(home: Path, tmp_path: Path) -> None:
    notes = Notes()
    config = short_drawing(
        home, tmp_path, name="bob", prompts=("on a zebra " + "in the snow " * 12,)
    )
    run_generate(config, notes)
    assert "bob is not tuned yet" in notes.warnings[0]
    assert "“zebra” (mini draws no animals)" in notes.warnings[1]
    assert "too long" in notes.warnings[2]


def test_edits_and_layers_of_another_change_the_picture(home: Path, tmp_path: Path) -> None:
    pictures = [
        run_generate(short_drawing(home, tmp_path, **settings), Notes()).images[0].path.read_bytes()
        for settings in (
            {},
            {"edits": (("smile", 3.0),)},
            {"style_from": "bob:fine"},
            {"style_from": "bob:fine=0.5"},
        )  # fmt: skip
    ]
    assert len(set(pictures)) == 4


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"name": "nobody"}, InputError, "no profile"),
        ({"prompts": (" ",)}, UsageError, "empty"),
        ({"prompts": ("a" * 10_000,)}, UsageError, "10000 characters"),
        ({"count": 0}, UsageError, "count is 0"),
        ({"size": 64 - 8}, UsageError, "size is 56"),
        ({"edits": (("smail", 1.0),)}, UsageError, "no edit"),
        ({"style_from": "bob"}, UsageError, "no layers"),
        ({"style_from": "bob:fine=much"}, UsageError, "no amount"),
    ],
)
def test_faults_are_sentences(
    home: Path, tmp_path: Path, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        run_generate(short_drawing(home, tmp_path, **settings), Notes())


def test_several_people_or_no_prompt_are_sentences_too(home: Path) -> None:
    with pytest.raises(UsageError, match="not possible yet"):
        api.generate("alice+bob", "as a chef", home=home)
    for prompts in ((), iter(())):
        with pytest.raises(InputError, match="no prompt"):
            api.generate("alice", prompts, home=home)


def test_a_file_in_the_way_of_the_folder_is_a_sentence(home: Path, tmp_path: Path) -> None:
    (tmp_path / "pics").write_text("a file")
    with pytest.raises(InputError, match="Cannot make the folder"):
        run_generate(short_drawing(home, tmp_path), Notes())


def test_prompts_are_taken_one_at_a_time(home: Path, tmp_path: Path) -> None:
    """Whoever sends them may look at a picture before the next prompt."""
    told: list[str] = []

    def prompts() -> Iterator[str]:
        for prompt in ("as an astronaut", "as a chef"):
            told.append(prompt)
            yield prompt

    calls = Calls(
        on_picture=lambda p: told.append(f"told {p.seed}"),
        on_prompt=lambda: told.append("done"),
        on_written=lambda path: told.append("written"),
    )
    run_generate(short_drawing(home, tmp_path, count=2), Notes(), calls, prompts())
    each = ["written", "told 7", "written", "told 8", "done"]
    assert told == ["as an astronaut", *each, "as a chef", *each]


def test_known_prompts_are_drawn_together(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a few are drawn at once they may be of several prompts; the pictures are the same."""
    config = short_drawing(home, tmp_path, prompts=("as an astronaut", "as a chef", "in the snow"))
    alone = run_generate(replace(config, out=tmp_path / "alone"), Notes()).images
    batches: list[int] = []
    draw = drawing.draw

    def counted(
        base: Any, prompts: Any, code: Any, seeds: list[int], *more: Any, **rest: Any
    ) -> Any:
        batches.append(len(seeds))
        return draw(base, prompts, code, seeds, *more, **rest)

    monkeypatch.setattr(drawing, "draw", counted)
    monkeypatch.setattr(drawing, "together", lambda *_: 2)
    monkeypatch.setattr(sampling, "together", lambda *_: 2)
    beside = run_generate(config, Notes()).images
    assert batches == [2, 1]
    assert [(p.prompt, p.seed) for p in beside] == [(p.prompt, p.seed) for p in alone]
    for one, other in zip(alone, beside, strict=True):
        assert np.abs(read_photo(one.path).astype(int) - read_photo(other.path)).max() <= 1


def test_a_prompt_that_comes_later_is_checked_too(home: Path, tmp_path: Path) -> None:
    prompts = iter(["as a chef", "x" * 5000])
    with pytest.raises(UsageError, match="characters"):
        run_generate(short_drawing(home, tmp_path), Notes(), prompts=prompts)
    assert len(list((tmp_path / "pics").iterdir())) == 1


def test_a_page_beside_the_pictures_knows_their_likeness(home: Path, tmp_path: Path) -> None:
    out, notes = tmp_path / "pics", Notes()
    asked: dict[str, Any] = {"home": home, "device": "cpu", "size": SIZE, "steps": 2, "out": out}
    drawn = api.generate("alice", "as a chef", gallery=True, **asked)
    assert drawn.gallery == out / "gallery.html" and drawn.gallery.is_file()
    api.generate("alice", "as a knight", score=False, **asked)
    later = api.generate("alice", "in the snow", count=2, gallery=True, **asked)
    shown = {p.path: p for p in api.gallery("alice", inside=out, home=home).pictures}
    assert len(shown) == 4 and {p.profile for p in shown.values()} == {"alice"}
    told = api.gallery(out, home=home, progress=notes)
    known = {p.path: p.likeness for p in told.pictures if p.likeness is not None}
    assert known == {p.path: p.likeness for p in (*drawn.images, *later.images)}
    measured = {p.path: p.likeness for p in api.gallery(out, home=home, measure=True).pictures}
    assert None not in measured.values() and known.items() <= measured.items()
    fresh = api.gallery(out, out=tmp_path / "new.html", home=home, measure=True)
    assert {p.path: p.likeness for p in fresh.pictures} == measured


def test_another_file_in_the_page_s_place_is_told_before_drawing(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "gallery.html").write_text("mine")
    with pytest.raises(InputError, match="no gallery of pidiff"):
        api.generate("alice", "as a chef", gallery=True, home=home, out=tmp_path, device="cpu")
    assert [path.name for path in tmp_path.glob("*.*")] == ["gallery.html"]
