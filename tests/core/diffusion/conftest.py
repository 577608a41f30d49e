"""What the tests of drawing share: a tiny base on which an identity leaves a clear mark."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt
from tests.support.tiny_base import DIM, ROWS, make_base


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base; read only."""
    return make_base(tmp_path_factory.mktemp("base"), values=4.0)


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    """It, opened once for all tests of a file, which leave it as it was."""
    return load_base(folder)


@pytest.fixture(scope="module")
def prompt(base: Base) -> EncodedPrompt:
    return encode_prompt(base, "a photo of a woman as an astronaut", "woman")


@pytest.fixture(scope="module")
def w() -> Tensor:
    return torch.randn(ROWS, DIM, generator=torch.Generator().manual_seed(5))
