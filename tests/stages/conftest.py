"""What the tests of the stages share: a tiny base that stands for mini, and who is drawn by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tiny_base import make_base
from tests.support.tiny_person import install, make_profile


@pytest.fixture(scope="session")
def disc_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base that stands for mini; read only."""
    return make_base(tmp_path_factory.mktemp("base"), values=3.0)


@pytest.fixture
def untuned_home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with alice, not tuned, and stages that find the tiny base."""
    install(monkeypatch, disc_base)
    make_profile(tmp_path)
    return tmp_path
