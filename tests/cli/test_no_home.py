"""Without a home folder (a container's user without HOME): what needs one names PIDIFF_HOME, what
needs none goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs
import pytest

from pidiff_cli.cli.app import run


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def none(*_: Any, **__: Any) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("PIDIFF_HOME", raising=False)
    monkeypatch.setattr(platformdirs, "user_data_dir", none)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"one")
    (tmp_path / "x.pidiff").write_bytes(b"no archive")


@pytest.mark.parametrize(
    "line",
    [
        "doctor", "tune photos --name a", "prepare photos --name a", "invert a", "generate a wish",
        "stylemix a b", "evaluate a", "evaluate --pictures photos --photos photos", "again x.png",
        "gallery", "profile list", "profile show a", "profile verify a", "profile export a",
        "profile import x.pidiff", "profile forget a --yes", "profile rename a b",
        "profile copy a b", "profile delete a --yes", "models list", "models pull sd15",
        "models verify", "pretrain identity --data photos",
    ],
)  # fmt: skip
def test_what_needs_a_home_says_how_to_name_one(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(line.split()) == 3
    out, err = capsys.readouterr()
    assert "PIDIFF_HOME=DIR" in err and not out
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["one.jpg", "photos", "x.pidiff"]


@pytest.mark.parametrize(
    "line",
    ["words", "recipes list", "recipes show mini-cpu", "--version", "tune --help", "--help"],
)
def test_what_needs_none_goes_on(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split()) == 0
    assert capsys.readouterr().out
