"""What the tests of the core share: a tiny base."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.core.diffusion.base import Base, load_base
from tests.support.tiny_base import make_base


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base; read only."""
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def base(folder: Path) -> Base:
    """It, opened anew for each test, which may change it."""
    return load_base(folder)
