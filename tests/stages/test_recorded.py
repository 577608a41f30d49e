"""`again` on a stranger's picture: kinds and ranges, and nothing that it names is opened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.core.images import save_png
from pidiff_cli.errors import InputError, PidiffError
from pidiff_cli.profile import Profile, age, locking, note_folder
from pidiff_cli.profile.locked import LockedError
from pidiff_cli.stages.recorded import recorded_person, recorded_settings
from pidiff_cli.ui.pictures import Pictures
from tests.support.tiny_person import Notes, make_profile

SETTINGS = {"steps": 2, "size": 128, "edits": [["smile", 1.0]], "guidance": 2.0, "base": "mini"}


def record_of(home: Path, **changes: Any) -> dict[str, Any]:
    key = Profile.open("alice", home).manifest.id
    record = {"prompt": "as a chef", "seed": 1, "settings": SETTINGS, "profile": {"id": key}}
    return {**record, **changes}


def picture(home: Path, record: dict[str, Any]) -> Path:
    return save_png(home / "x.png", np.zeros((8, 8, 3), np.uint8), record)


@pytest.fixture
def person(home: Path) -> Path:
    make_profile(home)
    return home


WRONG: list[dict[str, Any]] = [
    *({"settings": {**SETTINGS, **change}} for change in (
        {"steps": 10**9}, {"steps": "2"}, {"steps": True}, {"steps": None}, {"size": 10**300},
        {"guidance": 1e308}, {"guidance": [1]}, {"hold": -1}, {"edits": 5}, {"edits": [["a"]]},
        {"edits": [["smile", 1e9]]}, {"edits": [["x" * 100, 1]]}, {"edits": [["a", 1]] * 500},
        {"subject": [5, 1]}, {"subject": [0, 10**6]}, {"subject": "ab"}, {"noun": "dog"},
        {"negative": "x" * 5000}, {"negative": 5}, {"literal": "yes"}, {"style_from": "bob"},
        {"style_from": "/etc:fine"}, {"scheduler": {}}, {"score": 1.5}, {"base": ["mini"]},
    )),
    {"seed": -1}, {"seed": 2**64}, {"seed": "1"}, {"seed": 1.5}, {"prompt": ["a"]},
    {"prompt": "x" * 100_000}, {"profile": []}, {"profile": {"id": 5}}, {"settings": []},
    {"base": {"name": 5}}, {"versions": 5}, {"full_prompt": {}},
]  # fmt: skip


@pytest.mark.parametrize("change", WRONG, ids=range(len(WRONG)))
def test_values_have_the_command_line_s_bounds(person: Path, change: dict[str, Any]) -> None:
    path = picture(person, record_of(person, **change))
    with pytest.raises(InputError):
        api.again(path, home=person, out=person / "out")
    assert not (person / "out").exists()


def test_unknown_keys_are_told_and_left_out(person: Path) -> None:
    notes = Notes()
    record = record_of(person, later=1, settings={**SETTINGS, "new\x1b[31m": 1})
    values = recorded_settings(record, Path("x.png"), person, notes)
    assert "later" in str(notes.warnings) and "later" not in values
    notes = Notes()
    recorded_settings(record_of(person), Path("x.png"), person, notes)
    assert not notes.warnings


def test_no_path_of_a_record_is_opened_or_remembered(
    person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap.safetensors"
    os.mkfifo(trap)  # whoever opens it waits for ever
    monkeypatch.chdir(tmp_path)
    before = set(person.rglob("*"))
    for base in (str(trap), "trap.safetensors", "./trap.safetensors", "~/x", "../x", "/dev/zero"):
        path = picture(person, record_of(person, settings={**SETTINGS, "base": base}))
        with pytest.raises(InputError, match="not known here"):
            api.again(path, home=person, out=person / "out")
    for style in (f"{tmp_path}:fine", "../alice:fine", f"{trap}:fine=0.5"):
        path = picture(person, record_of(person, settings={**SETTINGS, "style_from": style}))
        with pytest.raises(InputError, match="not among the profiles"):
            api.again(path, home=person, out=person / "out")
    for name in (str(tmp_path), "../profiles/alice"):
        old = record_of(person, settings={**SETTINGS, "name": name}, profile={})
        with pytest.raises(InputError, match="not among the profiles"):
            api.again(picture(person, old), home=person, out=person / "out")
    assert set(person.rglob("*")) - before == {person / "x.png"}


def test_a_profile_names_no_base_by_path_either(
    person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "mine.safetensors")
    monkeypatch.chdir(tmp_path)
    Profile.open("alice", person).update(base={"name": "mine.safetensors"})
    with pytest.raises(PidiffError, match="not known here"):
        api.generate("alice", "as a chef", home=person, out=person / "out")
    assert not (person / "models").exists()


@pytest.fixture
def locked(person: Path) -> Path:
    """alice is locked; her twin, an import under another name, is not."""
    alice = Profile.open("alice", person)
    shutil.copytree(alice.folder, alice.folder.with_name("twin"))
    locking.lock(alice, age.Keys(recipients=(age.public_of(age.new_identity()),)))
    return person


def test_who_is_locked_is_drawn_from_no_copy(person: Path, request: Any) -> None:
    record = record_of(person)
    key = record["profile"]["id"]
    styled = record_of(person, settings={**SETTINGS, "style_from": f"{key}:fine"})
    named = record_of(person, settings={**SETTINGS, "name": "Alice"}, profile={})
    request.getfixturevalue("locked")
    assert key not in (person / "profiles/alice/locked.id").read_text()
    for one in (record, named):
        with pytest.raises(LockedError, match="alice is locked") as caught:
            api.again(picture(person, one), home=person, out=person / "out")
        assert "pidiff profile unlock alice" in caught.value.hint
    with pytest.raises(LockedError, match="alice is locked") as caught:
        recorded_person(record, person)
    assert "--profile twin" in caught.value.hint
    assert recorded_person(record, person, "twin").folder.name == "twin"
    with pytest.raises(InputError, match="Whose layers x.png has is locked: alice"):
        recorded_settings(styled, Path("x.png"), person)


def test_another_who_is_locked_is_no_hindrance(locked: Path) -> None:
    bob = Profile.create(locked, "bob", "man")
    record = {"prompt": "x", "seed": 1, "settings": {}, "profile": {"id": bob.manifest.id}}
    assert recorded_person(record, locked).folder.name == "bob"


def test_who_is_locked_outside_the_home(person: Path, tmp_path: Path) -> None:
    away = Profile(shutil.move(person / "profiles" / "alice", tmp_path / "my alice"))
    note_folder(away, person)
    record = {"prompt": "x", "seed": 1, "settings": {}, "profile": {"id": away.manifest.id}}
    locking.lock(away, age.Keys(recipients=(age.public_of(age.new_identity()),)))
    with pytest.raises(LockedError) as caught:
        recorded_person(record, person)
    assert f"pidiff profile unlock '{tmp_path}/my alice'" in caught.value.hint


def test_pages_tell_no_copy_s_name_for_who_is_locked(locked: Path, tmp_path: Path) -> None:
    twin = Profile.open("twin", locked)
    key = twin.manifest.id
    assert key not in Pictures(tmp_path, locked).names()
    pics = tmp_path / "pics"
    pics.mkdir()
    record = {"prompt": "x", "seed": 1, "settings": {}, "profile": {"id": key}}
    save_png(pics / "one.png", np.zeros((8, 8, 3), np.uint8), record)
    assert "twin" not in api.gallery(pics, home=locked).page.read_text("utf-8")


def test_with_one_of_two_goes_what_was_made_of_the_other(
    locked: Path, pidiff: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = pidiff("profile", "forget", "twin", "--all", "--yes")
    assert "alice came from the same export" in ran.err
