"""Whose name is taken: told without a look at every folder, and never wrong for long."""

from __future__ import annotations

import os
import shutil
import threading
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, making, moving, names, profile_folder


@pytest.fixture
def profiles(home: Path) -> Path:
    for name in ("Alice", "bob", "Zoë"):
        Profile.create(home, name, "woman")
    return home / "profiles"


def marks(profiles: Path) -> list[str]:
    folder = profiles / ".locks" / "names"
    return sorted(item.name for item in folder.iterdir() if item.name not in ("lock", "whole"))


def by_hand(profiles: Path) -> None:
    """The folder is changed by another program, and its clock has gone on."""
    later = os.stat(profiles).st_mtime_ns + 10**9
    os.utime(profiles, ns=(later, later))


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names for which all folders were looked at."""
    seen: list[str] = []
    real = names._spelt

    def spelt(profiles: Path, name: str) -> Any:
        seen.append(name)
        return real(profiles, name)

    monkeypatch.setattr(names, "_spelt", spelt)
    return seen


def test_a_new_name_looks_at_no_other_folder(home: Path, profiles: Path, looked: list[str]) -> None:
    for name in ("carol", "Dora", "zoe", "Al", "bobby", "Ünal"):
        assert profile_folder(home, name) == profiles / name
        assert Profile.create(home, name, "man").folder.name == name
    assert looked == []


@pytest.mark.parametrize(
    ("typed", "there"),
    [("alice", "Alice"), ("ALICE", "Alice"), ("BOB", "bob"), ("ZOË", "Zoë"),
     (unicodedata.normalize("NFD", "zoë"), "Zoë")],
)  # fmt: skip
def test_every_spelling_finds_the_one(home: Path, profiles: Path, typed: str, there: str) -> None:
    assert profile_folder(home, typed) == profiles / there
    words = "cannot name" if typed != unicodedata.normalize("NFC", typed) else "is there already"
    with pytest.raises(InputError, match=words):
        Profile.create(home, typed, "man")


def test_a_home_of_an_earlier_release(home: Path, profiles: Path, looked: list[str]) -> None:
    shutil.rmtree(profiles / ".locks")
    assert profile_folder(home, "alice").name == "Alice" and looked == ["alice"]
    assert not (profiles / ".locks").exists()  # who reads writes nothing
    Profile.create(home, "carol", "woman")
    looked.clear()
    assert profile_folder(home, "dora").name == "dora" and looked == []
    assert len(marks(profiles)) == 2 and profile_folder(home, "zoë").name == "Zoë"


def test_what_others_put_there_is_found(home: Path, profiles: Path) -> None:
    (profiles / "Carol").mkdir()
    (profiles / "Alice").rename(profiles / "Anna")
    by_hand(profiles)
    for _ in range(2):
        assert profile_folder(home, "carol").name == "Carol"
        assert profile_folder(home, "anna").name == "Anna"
        assert profile_folder(home, "alice").name == "alice"
        Profile.create(home, f"new{len(os.listdir(profiles))}", "woman")


def test_a_mark_of_nobody_is_no_hindrance(home: Path, profiles: Path) -> None:
    names._touch(names._mark(profiles, "eve"))  # a kill before the folder came
    assert profile_folder(home, "Eve").name == "Eve"
    assert Profile.create(home, "Eve", "woman").folder.name == "Eve"


def test_nothing_is_left_of_who_went(home: Path, profiles: Path) -> None:
    assert len(marks(profiles)) == 2
    moving.rename(Profile.open("alice", home), home, "carol")
    moving.delete(Profile.open("zoë", home), home)
    assert marks(profiles) == []
    assert profile_folder(home, "ALICE").name == "ALICE"


def test_one_of_two_spellings_goes(home: Path, profiles: Path) -> None:
    shutil.copytree(profiles / "Alice", profiles / "ALICE")
    by_hand(profiles)
    moving.delete(Profile.open("Alice", home), home)
    assert profile_folder(home, "alice").name == "ALICE"
    Profile.create(home, "carol", "woman")
    assert profile_folder(home, "alice").name == "ALICE"


def test_who_looked_before_another_came_is_refused(home: Path) -> None:
    folder = profile_folder(home, "alice")
    Profile.create(home, "Alice", "woman")
    for replaces in (False, True):
        with (
            pytest.raises(InputError, match="A profile named Alice is there already"),
            making(folder, replaces),
        ):
            pass
    assert sorted(os.listdir(home / "profiles")) == [".locks", "Alice"]


def test_of_writers_at_once_one_has_the_name(home: Path) -> None:
    spellings = ("alice", "Alice", "ALICE", "aLICE")
    start, refused = threading.Barrier(len(spellings)), []

    def write(name: str) -> None:
        start.wait()
        try:
            Profile.create(home, name, "woman")
        except InputError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=write, args=(name,)) for name in spellings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3, refused
    assert len([n for n in os.listdir(home / "profiles") if n[0] != "."]) == 1


def test_a_home_that_takes_no_marks(
    home: Path, profiles: Path, monkeypatch: pytest.MonkeyPatch, looked: list[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(names, "_touch", full)
    Profile.create(home, "Carol", "woman")
    assert profile_folder(home, "carol").name == "Carol"
    assert profile_folder(home, "dora").name == "dora" and looked == ["carol", "dora"]
