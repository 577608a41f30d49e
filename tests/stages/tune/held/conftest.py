"""What tests of kept steps share: a home with a tuning that kept three."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pidiff_cli.profile import Profile, at_step, kept_steps
from tests.support.opened import TuneSettings, run_tune, short_tuning
from tests.support.tiny_person import Notes, install, make_profile


@pytest.fixture
def home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, disc_base)
    return tmp_path


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory, disc_base: Path) -> Path:
    """A home with alice, three steps of whom are kept, and bob, not tuned; read only."""
    home = tmp_path_factory.mktemp("learnt")
    with pytest.MonkeyPatch.context() as patch:
        install(patch, disc_base)
        make_profile(home)
        make_profile(home, "bob")
        run_tune(keeping(home, learning_rate=0.2), Notes())
    return home


@pytest.fixture
def alice(learnt: Path, home: Path) -> Profile:
    """That alice, to be changed."""
    shutil.copytree(learnt / "profiles", home / "profiles")
    return Profile.open("alice", home)


def keeping(home: Path, name: str = "alice", **settings: object) -> TuneSettings:
    """Six steps, both parts, a look after each second one, and all of them kept."""
    values = {"lora_rank": 2, "preview_every": 2, "keep_checkpoints": 3, "patience": 0}
    values |= {"report_prompts": 1}
    return short_tuning(home, name=name, **{**values, **settings})


def bits(profile: Profile) -> dict[str, bytes]:
    """The tuned parts of every step, the one that draws among them."""
    return {
        f"{one.step}/{part}": at_step(profile, one.step)
        .stored(f"{part}/adapter_model.safetensors")
        .read_bytes()
        for one in kept_steps(profile)
        for part in profile.parts
    }
