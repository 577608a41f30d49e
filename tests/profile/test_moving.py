"""Profiles renamed, copied, deleted and forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.errors import InputError
from pidiff_cli.profile import Photo, Profile, moving
from pidiff_cli.profile.forgotten import FORGOTTEN
from tests.support.places import beside


@pytest.fixture
def alice(home: Path) -> Profile:
    profile = Profile.create(home, "alice", "woman")
    profile.write("photos/01_face.png", b"face")
    profile.update(photos=(Photo("01", "beach.jpg", face="photos/01_face.png"),))
    profile.write("adapter/adapter_config.json", b"{}")
    code = np.zeros((1, 2, 3), np.float32)
    profile.save_identity(code, np.ones(1, np.float32), code[0], ("01",))
    profile.update_stage("prepare", inputs=["0" * 64], kept=[["beach.jpg", 0.5, False, []]])
    profile.update_stage("invert", photos=["01"], base="mini")
    profile.update_stage("tune", photos=["01"], done=True)
    return profile


def test_renaming_keeps_the_id_unless_told(alice: Profile, home: Path) -> None:
    before = alice.manifest.id
    anna = moving.rename(alice, home, "anna")
    assert anna.folder == home / "profiles/anna" and not (home / "profiles/alice").exists()
    assert (anna.name, anna.manifest.id) == ("anna", before) and not anna.verify()
    other = moving.rename(anna, home, "Anna", new_id=True)
    assert other.name == "Anna" and other.manifest.id != before


def test_a_copy_is_whole_and_has_its_own_id(alice: Profile, home: Path) -> None:
    twin = moving.copy(alice, home, "twin")
    assert twin.name == "twin" and twin.manifest.id != alice.manifest.id
    assert not twin.verify() and not alice.verify() and alice.name == "alice"
    assert beside(home) == ["alice", "twin"]


def test_a_copy_of_a_forgetting_that_is_not_written_is_forgotten(
    alice: Profile, home: Path
) -> None:
    (alice.folder / "photos").rename(alice.folder / FORGOTTEN)  # as a full disk leaves it
    twin = moving.copy(alice, home, "twin")
    assert twin.photos == () and b"beach" not in (twin.folder / "profile.json").read_bytes()
    assert not twin.verify() and not (alice.folder / FORGOTTEN).exists()


@pytest.mark.parametrize("name", ["ALICE", "bob/../x", ""])
def test_a_name_that_is_taken_or_none(alice: Profile, home: Path, name: str) -> None:
    for move in (moving.copy,):
        with pytest.raises(InputError):
            move(alice, home, name)
    Profile.create(home, "bob", "man")
    with pytest.raises(InputError, match="bob is there already"):
        moving.rename(alice, home, "Bob")
    assert alice.name == "alice" and not alice.verify()


def test_delete_and_forget_all_are_one(
    pidiff: Callable[..., Any], alice: Profile, home: Path
) -> None:
    moving.copy(alice, home, "twin")
    assert pidiff("profile", "delete", "alice").code == 2  # nobody can be asked
    assert pidiff("profile", "delete", "alice", "--yes").code == 0
    assert pidiff("profile", "forget", "twin", "--all", "--yes").code == 0
    assert not beside(home)


def test_a_no_is_no_interruption(
    pidiff: Callable[..., Any], alice: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from pidiff_cli.cli import streams

    monkeypatch.setattr(streams, "can_ask", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    ran = pidiff("profile", "forget", "alice")
    assert ran.code == 3 and "alice keeps its photos" in ran.err and "Interrupted" not in ran.err


def test_forgetting_leaves_no_name_and_no_hash(pidiff: Callable[..., Any], alice: Profile) -> None:
    ran = pidiff("profile", "forget", "alice", "--yes")
    assert "still is biometric: the mean W+ code, W+ branch" in ran.err
    text = (alice.folder / "profile.json").read_text()
    assert "beach" not in text and "0" * 64 not in text
    assert json.loads(text)["stages"]["tune"] == {"done": True}


def test_photos_are_added_to_who_was_forgotten(
    pidiff: Callable[..., Any], alice: Profile, photos: Path, stages: dict[str, Any]
) -> None:
    """The same photos again, or others: what was learnt is not replaced."""
    assert pidiff("profile", "forget", "alice", "--yes").code == 0
    ran = pidiff("prepare", photos, "--name", "alice")
    assert ran.code == 0, ran.err
    assert (alice.folder / "adapter/adapter_config.json").is_file() and alice.photos
