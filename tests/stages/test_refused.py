"""Intimate prompts are refused by whatever draws, before anything is loaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pidiff_cli import api
from pidiff_cli.core.images import read_record
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.stages import person
from tests.support.opened import run_generate, short_drawing
from tests.support.tiny_person import Notes

ASKED = "topless at the beach"


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a base was loaded")

    monkeypatch.setattr(person, "load_person", refuse)


WAYS: dict[str, Callable[..., Any]] = {
    "generate": lambda **where: api.generate("alice", ["as a chef", ASKED], **where),
    "evaluate": lambda **where: api.evaluate("alice", ASKED, **where),
    "stylemix": lambda **where: api.stylemix("alice", "alice", prompt=ASKED, **where),
}


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("way", WAYS)
def test_by_every_command(tuned_home: Path, tmp_path: Path, way: str) -> None:
    with pytest.raises(InputError, match="“topless”"):
        WAYS[way](home=tuned_home, out=tmp_path / "new", device="cpu")
    assert not (tmp_path / "new").exists()


def test_when_a_picture_is_drawn_again(tuned_home: Path, tmp_path: Path) -> None:
    path = run_generate(short_drawing(tuned_home, tmp_path), Notes()).images[0].path
    with pytest.raises(InputError, match="“topless”"):
        api.again(path, {"prompts": (ASKED,)}, out=tmp_path, home=tuned_home, device="cpu")
    assert read_record(path)["prompt"] == "as an astronaut"


def test_when_prompts_come_one_by_one(tuned_home: Path, tmp_path: Path) -> None:
    coming = iter(["as a chef", ASKED])
    with pytest.raises(InputError, match="“topless”"):
        api.generate(
            "alice", coming, home=tuned_home, out=tmp_path / "pics", device="cpu", steps=2, size=96
        )
    assert len([*(tmp_path / "pics").iterdir()]) <= 1


def test_negative_prompts_are_free(tuned_home: Path, tmp_path: Path) -> None:
    config = short_drawing(tuned_home, tmp_path, negative="nude, nsfw")
    assert run_generate(config, Notes()).images


def test_a_profile_of_a_girl_is_a_minors(tuned_home: Path, tmp_path: Path) -> None:
    home = shutil.copytree(tuned_home, tmp_path / "home")
    Profile.open("alice", home).update(noun="girl")
    with pytest.raises(InputError, match="under age"):
        api.generate("alice", "in lingerie", home=home, out=tmp_path, device="cpu")
