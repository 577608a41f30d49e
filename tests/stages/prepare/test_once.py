"""Photos that made a profile, and the same folder later: what counts is which pictures it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.profile import Profile
from pidiff_cli.profile.world import DRAWINGS, PHOTOGRAPHS, world_of
from pidiff_cli.stages.prepare import once, run


@pytest.fixture
def made(pidiff: Callable[..., Any], photos: Path, stages: dict[str, Any], home: Path) -> Path:
    """Photos of a tuned alice, whose adapter is there."""
    assert pidiff("tune", photos, "--name", "alice").code == 0
    Profile.open("alice", home).write("adapter/adapter_config.json", b"{}")
    return photos


def _keeps(pidiff: Callable[..., Any], photos: Path, home: Path) -> None:
    """`tune` with the same folder leaves the profile as it is."""
    ran = pidiff("tune", photos, "--name", "alice")
    assert ran.code == 0, ran.err
    assert (Profile.open("alice", home).folder / "adapter/adapter_config.json").is_file()
    assert once.is_made_of(home / "profiles" / "alice", (photos,))


def test_a_text_beside_the_photos_changes_nothing(
    pidiff: Callable[..., Any], made: Path, home: Path
) -> None:
    for name in ("notes.txt", "Thumbs.db", "IMG_1.MOV"):
        (made / name).write_bytes(b"no picture")
        _keeps(pidiff, made, home)
    for name in ("notes.txt", "Thumbs.db", "IMG_1.MOV"):
        (made / name).unlink()
        _keeps(pidiff, made, home)


def test_a_profile_that_remembers_a_text_is_still_of_these_photos(
    pidiff: Callable[..., Any], made: Path, home: Path
) -> None:
    """As earlier versions noted them: every file of the folder."""
    profile = Profile.open("alice", home)
    inputs = [*profile.stage_state("prepare")["inputs"], "0" * 64]
    profile.update_stage("prepare", inputs=inputs)
    _keeps(pidiff, made, home)
    (made / "three.jpg").write_bytes(b"3")
    assert not once.is_made_of(home / "profiles" / "alice", (made,))


def test_a_photo_that_is_gone_is_told(pidiff: Callable[..., Any], made: Path, home: Path) -> None:
    (made / "one.jpg").unlink()
    _keeps(pidiff, made, home)
    ran = pidiff("tune", made, "--name", "alice")
    assert "1 of its photos is not there any more; alice keeps" in ran.err


def test_other_photos_are_refused(pidiff: Callable[..., Any], made: Path) -> None:
    for path in made.iterdir():
        path.write_bytes(b"another " + path.name.encode())
    ran = pidiff("tune", made, "--name", "alice")
    assert ran.code == 3 and "made of other photos" in ran.err


@pytest.mark.parametrize("known", [DRAWINGS, PHOTOGRAPHS, ""])
def test_photos_that_come_later_decide_no_more_whether_they_are_drawn(
    pidiff: Callable[..., Any], made: Path, home: Path, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    """The face networks of that day may see one new photo otherwise than all of them before."""
    profile = Profile.open("alice", home)
    profile.update_stage("prepare", world=known)
    (made / "new.jpg").write_bytes(b"3")
    add = run.add
    monkeypatch.setattr(run, "add", lambda *a: replace(add(*a), world=PHOTOGRAPHS))
    assert pidiff("prepare", made, "--name", "alice").code == 0
    assert len(profile.photos) == 2 and world_of(profile) == (known or PHOTOGRAPHS)


def test_new_photos_are_added_and_the_adapter_stays(
    pidiff: Callable[..., Any], made: Path, home: Path
) -> None:
    (made / "new.jpg").write_bytes(b"3")
    ran = pidiff("prepare", made, "--name", "alice")
    assert ran.code == 0, ran.err
    profile = Profile.open("alice", home)
    assert [photo.key for photo in profile.photos] == ["01", "02"]
    _keeps(pidiff, made, home)
    state = profile.stage_state("prepare")
    assert [item[0] for item in state["kept"]] == ["one.jpg", "new.jpg"]
