"""What is told of a prompt before anything is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.core.images import read_photo, read_record
from pidiff_cli.errors import UsageError
from pidiff_cli.stages import checks, person
from pidiff_cli.stages.generate.calls import Calls
from pidiff_cli.stages.person import drawing
from pidiff_cli.stages.recorded import recorded_settings
from tests.support.opened import run_generate, short_drawing
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes


@pytest.fixture
def home(tuned_home: Path) -> Path:
    return tuned_home


def told(home: Path, out: Path, *prompts: str, **settings: Any) -> list[str]:
    """The warnings of one run."""
    notes = Notes()
    run_generate(short_drawing(home, out, prompts=prompts, **settings), notes)
    return notes.warnings


def test_a_word_that_is_not_known_is_told_with_the_nearest(home: Path, tmp_path: Path) -> None:
    line, where = told(home, tmp_path, "as a viking, smiling")
    assert "“viking” (the nearest is “as a knight”)" in line and "pidiff words" in where
    assert told(home, tmp_path, "as an astronaut, smiling") == []


@pytest.mark.parametrize(
    ("prompt", "alone"),
    [
        ("como un pirata en el mar", True), ("宇宙飛行士として", True),
        ("a woman as a zombie", True),
        ("as a viking, smiling", False), ("as a zombie with a beard", False),
    ],
)  # fmt: skip
def test_where_nothing_is_known_it_says_what_comes(
    home: Path, tmp_path: Path, prompt: str, alone: bool
) -> None:
    lines = told(home, tmp_path, prompt)
    assert any("Not known to mini" in line for line in lines)
    assert any("draws the person alone. It reads English" in line for line in lines) is alone


def test_unknown_words_of_a_medium_are_left_out(home: Path, tmp_path: Path) -> None:
    """Spelt by letters before "photo" they turned every face red."""
    prompts = ("LinkedIn photo in a suit", "as a chef, Flemish oil painting", "smiling")
    result = run_generate(short_drawing(home, tmp_path, prompts=prompts), Notes())
    drawn = [read_record(picture.path)["full_prompt"] for picture in result.images]
    assert drawn[0] == "a photo of a woman in a suit"
    assert "LinkedIn" in result.notes[0].text and "in a business suit" in result.notes[0].text
    assert drawn[1].endswith("oil painting of a woman as a chef") and "Flemish" not in drawn[1]
    literal = short_drawing(home, tmp_path / "b", prompts=prompts[:1], literal=True)
    path = run_generate(literal, Notes()).images[0].path
    assert read_record(path)["full_prompt"] == "a LinkedIn photo of a woman in a suit"


def test_what_is_told_is_in_the_result_too(home: Path, tmp_path: Path) -> None:
    """And comes to a listener prompt by prompt, the negative prompt's with the first."""
    heard: list[list[str]] = []
    settings = {"prompts": ("as a chef", "as a viking"), "negative": "a zeppelin"}
    result = run_generate(
        short_drawing(home, tmp_path, **settings), Notes(),
        Calls(on_notes=lambda notes: heard.append([note.prompt for note in notes])),
    )  # fmt: skip
    first, second = result.notes
    assert first.prompt == "" and first.text.startswith("--negative: Not known to mini")
    assert second.prompt == "as a viking" and "the nearest is “as a knight”" in second.text
    assert heard == [[""], ["as a viking"]]


def test_all_doubts_come_before_the_first_picture(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says which prompt it is about."""
    seen: list[int] = []
    draw, notes = drawing.draw, Notes()

    def counted(*words: Any, **more: Any) -> Any:
        seen.append(len(notes.warnings))
        return draw(*words, **more)

    monkeypatch.setattr(drawing, "draw", counted)
    prompts = ("as a chef", "as a viking", "a photo, " * 20 + "in the snow")
    run_generate(short_drawing(home, tmp_path, prompts=prompts), notes)
    assert len(notes.warnings) == 3 and set(seen) == {3}
    assert notes.warnings[0].startswith("'as a viking': Not known")
    assert "too long" in notes.warnings[1] and "in the snow”" in notes.warnings[1]
    assert notes.warnings[1].startswith("'a photo, a photo, a photo")


def test_a_cut_prompt_that_loses_the_person_says_so(home: Path, tmp_path: Path) -> None:
    line = told(home, tmp_path, "in the snow " * 20 + ", a woman")[0]
    assert line.endswith("a woman”, and with it the person: name them earlier.")


def test_the_negative_prompt_is_told_too(home: Path, tmp_path: Path) -> None:
    lines = told(home, tmp_path, "as a chef", negative="(snow:1.2), zebra")
    assert [line[:12] for line in lines] == ["--negative: "] * 2
    assert "(snow:1.2)" in lines[0] and "zebra" in lines[1]


def test_brackets_and_calls_are_told_and_not_drawn(home: Path, tmp_path: Path) -> None:
    made = [
        run_generate(short_drawing(home, tmp_path, prompts=(p,), **more), Notes()).images[0].path
        for p, more in (
            ("as a chef, smiling", {}),
            ("as a chef, (smiling:1.3) <lora:x:1>", {}),
            ("as a chef, (smiling:1.3) <lora:x:1>", {"literal": True}),
        )
    ]
    pictures = [read_photo(path) for path in made]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
    assert read_record(made[1])["prompt"] == "as a chef, (smiling:1.3) <lora:x:1>"


def test_looks_become_edits(home: Path, tmp_path: Path) -> None:
    """The picture is the one of these edits; an edit that is given comes before."""
    wished = run_generate(short_drawing(home, tmp_path, prompts=("with long hair",)), Notes())
    record = read_record(wished.images[0].path)
    assert record["edits_from_words"] == [["hair_length", 4.0]]
    pictures = {}
    for name, settings in {
        "words": {}, "edit": {"literal": True, "edits": (("hair_length", 4.0),)},
        "literal": {"literal": True}, "given": {"edits": (("hair_length", -4.0),)},
        "short": {"literal": True, "edits": (("hair_length", -4.0),)},
    }.items():  # fmt: skip
        config = short_drawing(home, tmp_path / name, prompts=("with long hair",), **settings)
        pictures[name] = read_photo(run_generate(config, Notes()).images[0].path)
    assert np.array_equal(pictures["words"], pictures["edit"])
    assert np.array_equal(pictures["given"], pictures["short"])
    assert not np.array_equal(pictures["words"], pictures["literal"])


def test_only_the_prompt_with_the_words_is_edited(home: Path, tmp_path: Path) -> None:
    config = short_drawing(home, tmp_path, prompts=("as a chef", "as a chef, bald", "as a chef"))
    plain, bald, again = run_generate(config, Notes()).images
    assert plain.path == again.path and "edits_from_words" in read_record(bald.path)
    assert "edits_from_words" not in read_record(plain.path)


def test_a_record_of_before_is_read_as_it_was(home: Path, tmp_path: Path) -> None:
    """By the letter, with the seed it has."""
    picture = run_generate(short_drawing(home, tmp_path), Notes()).images[0].path
    record = read_record(picture)
    assert recorded_settings(record, picture, home)["literal"] is False
    del record["settings"]["literal"]
    assert recorded_settings(record, picture, home)["literal"] is True


@pytest.mark.parametrize("size", [SIZE + 8, 2 * SIZE, 3 * SIZE + 1])
def test_mini_draws_at_its_own_size_and_enlarges(home: Path, tmp_path: Path, size: int) -> None:
    from PIL import Image

    notes = Notes()
    own = run_generate(short_drawing(home, tmp_path / "own", mark="none"), Notes()).images[0]
    config = replace(
        short_drawing(home, tmp_path, mark="none"), size=size, prompts=("as an astronaut",), count=2
    )
    large = run_generate(config, notes).images[0]
    small = Image.fromarray(read_photo(own.path))
    wanted = np.asarray(small.resize((size, size), Image.Resampling.LANCZOS))
    assert np.array_equal(read_photo(large.path), wanted)
    assert [line for line in notes.lines if "enlarged" in line] == [
        f"mini draws at {SIZE} px; enlarged to {size} (Lanczos)."
    ]
    assert large.likeness == own.likeness  # measured as drawn


def test_below_its_own_size_is_refused_before_anything_is_loaded(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person, "load_person", None)
    monkeypatch.setattr(checks, "SIZE_UNIT", 2 * checks.SIZE_UNIT)
    with pytest.raises(UsageError, match=f"size is 64; mini draws at {2 * SIZE} px") as caught:
        api.generate("alice", "as a chef", home=home, size=64, out=tmp_path)
    assert "Leave out --size" in caught.value.hint


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("smile", "The edit smile shows nothing on mini: .*, smiling"),
        ("agee", "no edit called 'agee'"),
        ("yaw", "The edit yaw shows nothing"),
    ],
)
def test_edits_that_show_nothing_are_refused_before_loading(
    home: Path, monkeypatch: pytest.MonkeyPatch, edit: str, words: str
) -> None:
    monkeypatch.setattr(person, "load_person", None)
    with pytest.raises(UsageError, match=words) as caught:
        api.generate("alice", "as a chef", home=home, size=SIZE, edits={edit: 2.0})
    assert "hair_length" in caught.value.hint and "age" in caught.value.hint


def test_a_random_seed_is_told(home: Path, tmp_path: Path) -> None:
    notes = Notes()
    where = {"home": home, "out": tmp_path, "device": "cpu", "size": SIZE, "steps": 2}
    made = api.generate("alice", "as a chef", seed="random", count=2, progress=notes, **where)
    first = made.images[0].seed
    assert f"Seed {first}." in notes.lines and made.images[1].seed == first + 1
    other = api.generate("alice", "as a chef", seed="random", progress=Notes(), **where)
    assert other.images[0].seed != first
    changed = api.again(made.images[0].path, {"seed": "random"}, home=home, out=tmp_path)
    assert changed.images[0].seed not in (first, other.images[0].seed)


def test_a_record_keeps_who_is_meant_where_it_holds_no_name(home: Path, tmp_path: Path) -> None:
    """Another woman comes before; with looks that became edits."""
    typed = "a woman beside alice with long hair"
    made = run_generate(short_drawing(home, tmp_path, prompts=(typed,)), Notes()).images[0]
    record = read_record(made.path)
    assert record["prompt"] == "a woman beside a woman with long hair"
    assert record["settings"]["subject"] == [17, 22]
    assert record["settings"]["edits"] == [["hair_length", 4.0]]
    again = api.again(made.path, home=home, out=tmp_path / "again", device="cpu").images[0]
    assert np.array_equal(read_photo(made.path), read_photo(again.path))
    assert read_record(again.path) == record
    changed = api.again(made.path, {"prompts": ("as a chef",)}, home=home, out=tmp_path / "c")
    assert read_record(changed.images[0].path)["full_prompt"] == "a photo of a woman as a chef"
