"""Whose profile is meant: names without capitals, ids, and what else may stand in its place."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, check_name, find_by_id, list_profiles, note_folder


@pytest.fixture
def alice(home: Path) -> Profile:
    return Profile.create(home, "Alice", "woman")


def test_capitals_do_not_count(home: Path, alice: Profile) -> None:
    for name in ("alice", "ALICE", "Alice"):
        assert Profile.open(name, home).folder == alice.folder
        with pytest.raises(InputError, match="A profile named Alice is there already"):
            Profile.create(home, name, "woman")
    assert Profile.create(home, "alice", "man", force=True).folder == alice.folder
    assert [profile.folder.name for profile in list_profiles(home)] == ["Alice"]


def test_an_accent_is_the_same_however_it_is_written(home: Path) -> None:
    composed, parted = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    assert composed != parted
    Profile.create(home, composed, "woman")
    assert Profile.open(parted.lower(), home).manifest.noun == "woman"


@pytest.mark.parametrize(
    "name", ["con", "CON", "nul", "Prn", "aux", "com1", "LPT9", "com0", "com¹", "lpt³"]
)
def test_reserved_names(name: str) -> None:
    with pytest.raises(InputError, match="cannot name a profile: Windows keeps it for a device"):
        check_name(name)


@pytest.mark.parametrize("name", ["conny", "nulla", "com10", "Zoë", "a"])
def test_names_beside_the_reserved_ones(name: str) -> None:
    check_name(name)


def test_by_its_id_after_renaming_and_moving(home: Path, tmp_path: Path, alice: Profile) -> None:
    key = alice.manifest.id
    assert find_by_id("", home) is None and find_by_id("0" * 32, home) is None
    renamed = alice.folder.with_name("eve")
    alice.folder.rename(renamed)
    assert find_by_id(key, home).folder == renamed
    away = tmp_path / "elsewhere" / "eve"
    away.parent.mkdir()
    shutil.move(renamed, away)
    assert find_by_id(key, home) is None
    note_folder(Profile(away), home)  # it was drawn from here, by its path
    assert find_by_id(key, home).folder == away.resolve()


def test_of_copies_the_one_that_drew(home: Path, alice: Profile) -> None:
    copy = Profile(shutil.copytree(alice.folder, home / "profiles" / "before"))
    alice.write("lora/adapter_config.json", b"{}")
    key = alice.manifest.id
    for profile in (alice, copy):
        assert find_by_id(key, home, profile.fingerprint).folder == profile.folder
    assert find_by_id(key, home, "gone").folder in (alice.folder, copy.folder)


@pytest.mark.parametrize(
    ("what", "words", "hint"),
    [
        ("me.jpg", "is a photo, not a profile", "pidiff tune"),
        ("photos", "is a folder of photos", "pidiff tune"),
        ("empty", "is a folder without a profile", "profile list"),
        ("alice.pidiff", "is a file, not a profile yet", "pidiff profile import"),
        ("letter.txt", "is a file, not a profile", "profile list"),
        ("gone.jpg", "There is no ", "profile list"),
        ("deep/er", "There is no ", "profile list"),
        ("eve", "There is no profile 'eve'; none has been made yet", "pidiff tune"),
        ("x" * 5000, "There is no profile 'xxx", ""),
        ("x" * 300, "There is no profile 'xxx", ""),
    ],
)
def test_other_things(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, words: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "empty"):
        (tmp_path / folder).mkdir()
    for name in ("me.jpg", "photos/one.HEIC", "alice.pidiff", "letter.txt"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError) as caught:
        Profile.open(what, home)
    assert words in caught.value.message and hint in caught.value.hint
