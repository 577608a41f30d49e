"""Whoever is first to write into a home makes it private."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pidiff_cli.marks.keys import credential
from pidiff_cli.profile import Profile
from pidiff_cli.stages.pull.run import _lock
from pidiff_cli.stages.tune import pace


def _note_a_pace(home: Path) -> None:
    pace.note(home, "a key", [1.0] * 100)


@pytest.mark.parametrize(
    "write",
    [
        credential,
        _note_a_pace,
        lambda home: _lock(home / "models"),
        lambda home: Profile.create(home, "alice", "woman"),
    ],
)
def test_a_home_is_private_whoever_makes_it(write: Callable[[Path], object], tmp_path: Path):
    home = tmp_path / "deep" / "home"
    write(home)
    made = [home.parent, home, *home.rglob("*")]
    assert len(made) > 2
    assert [p for p in made if stat.S_IMODE(p.stat().st_mode) & 0o077] == []
