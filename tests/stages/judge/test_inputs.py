"""Folders, trainers' file names, and who is judged against whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.stages.judge.asked import asked_sets, people_of
from pidiff_cli.stages.judge.inputs import (
    AskedSet,
    by_step,
    distinct_names,
    pictures_in,
    sample_of,
    step_of,
)
from tests.support.tiny_person import make_profile


def _files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.mark.parametrize(
    ("name", "step", "sample"),
    [
        ("me_000500_03_20240101120000_42.png", "step 500", "03"),  # kohya
        ("000500_03_20240101120000.png", "step 500", "03"),
        ("me_e000010_00_20240101120000.png", "epoch 10", "00"),
        ("1724000000123__000000250_4.jpg", "step 250", "4"),  # ai-toolkit
        (
            "2024-01-01_12-00-00-training-sample-750-3-0.png",
            "step 750",
            "0 - a photo",
        ),  # OneTrainer
        ("alice-step1200-b.png", "step 1200", "alice-b"),
        ("ComfyUI_00001_.png", "", "ComfyUI_00001_"),
    ],
)
def test_what_a_trainers_file_name_says(name: str, step: str, sample: str) -> None:
    path = Path("0 - a photo") / name
    assert (step_of(path)[1], sample_of(path)) == (step, sample)


def test_steps_become_sets_in_order(tmp_path: Path) -> None:
    folder = _files(
        tmp_path, *(f"me_{s:06d}_{i:02d}_20240101120000.png" for s in (1000, 500) for i in (0, 1))
    )
    sets = by_step(AskedSet("me", pictures_in([folder], "pictures"), ()))
    assert [(one.name, len(one.files)) for one in sets] == [("step 500", 2), ("step 1000", 2)]
    with pytest.raises(InputError, match="tells a step"):
        by_step(AskedSet("me", (Path("a.png"),), ()))


def test_pictures_and_nothing_else(tmp_path: Path) -> None:
    _files(tmp_path, "b.png", "a.JPG", ".hidden.png", "notes.txt", "deeper/c.png")
    assert [path.name for path in pictures_in([tmp_path], "p")] == ["a.JPG", "b.png"]
    inside = _files(tmp_path / "onetrainer", "0 - a/x.png", "1 - b/x.png")
    assert len(pictures_in([inside], "p")) == 2  # a folder a prompt
    (tmp_path / "empty").mkdir()
    for wrong in ("empty", "nowhere"):
        with pytest.raises(InputError, match=wrong):
            pictures_in([tmp_path / wrong], "p")


def test_folders_of_one_name_are_told_apart() -> None:
    assert distinct_names([Path("/x/run1/samples"), Path("/x/run2/samples"), Path("/x/b")]) == [
        "run1/samples", "run2/samples", "b",
    ]  # fmt: skip


def test_people(tmp_path: Path) -> None:
    a, b = _files(tmp_path / "a", "1.png"), _files(tmp_path / "b", "1.png", "2.png")
    (one,) = people_of(str(a), b)
    assert (one.name, len(one.learnt), len(one.held_out)) == ("", 1, 2)
    two = people_of({"a": a, "b": [b]}, {"b": a, "a": b})
    assert [(p.name, len(p.learnt), len(p.held_out)) for p in two] == [("a", 1, 2), ("b", 2, 1)]
    with pytest.raises(UsageError, match="different people: b"):
        people_of({"a": a, "b": b}, {"a": b})
    with pytest.raises(UsageError, match="needs --photos"):
        people_of((), a)


def test_profiles_and_folders_beside_each_other(tmp_path: Path, home: Path) -> None:
    for name in ("alice", "bob"):
        make_profile(home, name)
    folder = _files(tmp_path / "kohya", "1.png")
    alice, kohya, bob = asked_sets(home, [Path("alice"), folder, Path("bob")], (), (), None, False)
    assert (alice.draw, alice.files, kohya.draw) == ("alice", (), "")
    (own,) = alice.people
    assert (len(own.learnt), len(own.held_out)) == (3, 1)
    assert kohya.people == alice.people != bob.people  # a folder takes the first profile's photos
    (drawn,) = asked_sets(home, [folder], (), (), "alice", False)
    assert drawn.people == alice.people
    for given, error, words in (
        ([folder], UsageError, "against which photos"), ([], UsageError, "no pictures"),
        ([Path("nobody")], InputError, "no folder and no profile nobody"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            asked_sets(home, given, (), (), None, False)
    with pytest.raises(UsageError, match="not both"):
        asked_sets(home, [folder], folder, (), "alice", False)
