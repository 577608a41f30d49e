"""What the tests of the stages share: a home with a tuned person in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.opened import run_tune, short_tuning
from tests.support.tiny_person import Notes, install, make_profile


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory, disc_base: Path) -> Path:
    """A home with a tuned alice (one photo of four held back) and an untuned bob; read only."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        install(patch, disc_base)
        make_profile(home)
        make_profile(home, "bob", noun="man", held_out=0)
        run_tune(short_tuning(home, steps=2), Notes())
    return home


@pytest.fixture
def tuned_home(tuned: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, and stages that find the tiny base."""
    install(monkeypatch, disc_base)
    return tuned
