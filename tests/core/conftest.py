"""What the tests of the core share: a tiny base."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.core.diffusion.base import Base, load_base, open_base
from tests.support.tiny_base import make_base


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base; read only."""
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def base(folder: Path) -> Base:
    """It, opened anew for each test, which may change it."""
    return load_base(folder)


@pytest.fixture
def other(folder: Path) -> Base:
    """The same once more."""
    return load_base(folder)


@pytest.fixture
def bare(folder: Path) -> Base:
    """The same weights opened without an identity branch."""
    return open_base(folder / "diffusers", None)
