"""What tests of several folders share: a home, a runner, idle stages and tiny bases."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n 2`: neighbours go to one process, so that what a file's tests share is made once."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getvalue("dist") == "load" else None


def pytest_collection_finish() -> None:
    """What the imports made stays to the end: a collection of garbage need not go through it."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Ran:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    return tmp_path / "home"


@pytest.fixture
def pidiff(home: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command line in this process."""
    from pidiff_cli.cli.app import run

    def call(*arguments: str | Path) -> Ran:
        capfd.readouterr()
        code = run(["--home", str(home), *map(str, arguments)])
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two small files that stand for photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("one.jpg", "two.jpg"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, ModuleType]:
    """The stages replaced by ones that write what they must and compute nothing."""
    from tests.support.stages_fake import install_stages

    return install_stages(monkeypatch, tmp_path / "weights")


@pytest.fixture(scope="session")
def disc_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base that stands for mini; read only."""
    from tests.support.tiny_base import make_base

    return make_base(tmp_path_factory.mktemp("base"), values=3.0)


@pytest.fixture
def untuned_home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with alice, not tuned, and stages that find the tiny base."""
    from tests.support.tiny_person import install, make_profile

    install(monkeypatch, disc_base)
    make_profile(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny folder of each Stable Diffusion family; read only."""
    from tests.support.tiny_families import make_folders

    return make_folders(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def bases(folders: dict[str, Path]) -> dict[str, Any]:
    """The base of each family's folder."""
    from tests.support.tiny_families import open_bases

    return open_bases(folders)


@pytest.fixture
def bare_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a clone where no set-up has brought the free face networks."""
    from pidiff_cli.weights import bundled

    monkeypatch.setattr(bundled, "FOLDER", tmp_path / "no-set-up")
