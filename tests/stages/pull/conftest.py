"""What the tests of pull share: a hub on loopback, and converting that copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub_pull import only_copy, pulling_from


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The hub and every release page of the weights, on loopback."""
    with pulling_from(monkeypatch, tmp_path) as hub_server:
        yield hub_server


@pytest.fixture
def converts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulled weights are copied, not converted."""
    only_copy(monkeypatch)
