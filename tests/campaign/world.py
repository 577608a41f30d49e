"""A home of people on a tiny base, stages that find it, and the command lines that are tried."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.campaign.stages import install_idle
from tests.support.faces_fake import Drawn, Finder, draw_people, install_finder
from tests.support.tiny_base import SIZE, make_base
from tests.support.tiny_person import install

RECIPE = f"""
name: tiny
base: mini
tune:
  {{steps: 4, batch: 2, rank: 2, lora_rank: 2, size: {SIZE}, checkpoint_every: 2, preview_every: 2,
   keep_checkpoints: 1}}
generate: {{steps: 1, size: {SIZE}}}
"""
COLOURS = {"first": (220, 90, 60), "other": (60, 110, 230)}


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str


class World:
    """Photos, a recipe and a template home below one folder; a trial works on a copy of it.

    People of the template: alice is tuned, dan only has codes, carol only photos.
    """

    def __init__(self, root: Path, learns: bool = False) -> None:
        self.root = root
        self.patch = pytest.MonkeyPatch()
        self.finder = install_finder(self.patch)
        base = root / "base"
        install(self.patch, base if base.is_dir() else make_base(base, values=3.0))
        from pidiff_cli.stages.prepare import writing

        self.patch.setattr(writing, "head_mask", _whole)
        if not learns:
            install_idle(self.patch)
        for name, colour in COLOURS.items():
            _photos(root / name, 4, colour, self.finder)
        _photos(root / "more", 5, COLOURS["first"], self.finder)
        (root / "tiny.yaml").write_text(RECIPE)
        self.template = root / "template"
        if not self.template.is_dir():
            self._make_template()

    def _make_template(self) -> None:
        place = Place(self, self.template)
        self.template.mkdir()
        tune = ("--recipe", str(self.root / "tiny.yaml"))
        for line in (
            ["prepare", self.root / "first", "--name", "carol"],
            ["prepare", self.root / "other", "--name", "dan"],
            ["invert", "dan"],
            ["tune", self.root / "first", "--name", "alice", *tune],
            ["profile", "export", "alice", "--out", self.template / "alice.pidiff"],
            ["profile", "export", "dan", "--out", self.template / "dan.pidiff"],
        ):
            ran = place.run(*line)
            if ran.code:
                raise RuntimeError(f"{line}: {ran.err}")

    def place(self, name: str) -> Place:
        """A fresh copy of the template."""
        folder = self.root / "trials" / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        return Place(self, folder)


@dataclass
class Place:
    """One trial's home, ``home/``, in a folder of its own, where commands write."""

    world: World
    folder: Path

    @property
    def home(self) -> Path:
        """The home."""
        return self.folder / "home"

    def run(self, *words: object) -> Ran:
        """A command line in this process, its words' ``{}`` the trial's folder."""
        from pidiff_cli.cli.app import run

        out, err = io.StringIO(), io.StringIO()
        line = [str(word).format(self.folder, self.world.root) for word in words]
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["--home", str(self.home), "--device", "cpu", *line])
        return Ran(code, out.getvalue(), err.getvalue())

    def drop(self) -> None:
        """Remove the trial's folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


_TUNE = ("--recipe", "{1}/tiny.yaml")
#: Name → words of a command line that changes profiles.
LINES: dict[str, tuple[str, ...]] = {
    "prepare": ("prepare", "{1}/first", "--name", "bob"),
    "prepare more": ("prepare", "{1}/more", "--name", "alice"),
    "prepare --force": ("prepare", "{1}/other", "--name", "alice", "--force"),
    "invert": ("invert", "carol"),
    "tune": ("tune", "carol", *_TUNE),
    "tune photos": ("tune", "{1}/first", "--name", "eve", *_TUNE),
    "tune --retune": ("tune", "alice", "--retune", "--learning-rate", "0.01", *_TUNE),
    "tune --restart": ("tune", "alice", "--restart", "--seed", "5", *_TUNE),
    "stylemix --name": ("stylemix", "alice", "dan", "--name", "mix", "--out", "{0}/pics"),
    "import": ("profile", "import", "{0}/alice.pidiff", "--name", "new"),
    "import --force": ("profile", "import", "{0}/dan.pidiff", "--name", "alice", "--force"),
    "export": ("profile", "export", "alice", "--out", "{0}/out.pidiff"),
    "export --force": ("profile", "export", "alice", "--out", "{0}/dan.pidiff", "--force"),
    "rename": ("profile", "rename", "alice", "anna"),
    "copy": ("profile", "copy", "alice", "twin"),
    "delete": ("profile", "delete", "alice", "--yes"),
    "use-checkpoint": ("profile", "use-checkpoint", "alice", "2"),
    "forget": ("profile", "forget", "alice", "--yes"),
}


def _photos(folder: Path, count: int, colour: tuple[int, int, int], finder: Finder) -> None:
    from pidiff_cli.core.images import save_png

    folder.mkdir(exist_ok=True)
    for i in range(count):
        people = [Drawn(120, 120, 90 + 3 * i, colour)]
        rgb = draw_people(people, (240, 240), i)
        finder.remember(rgb, people)
        path = folder / f"{i}.png"
        if not path.is_file():
            save_png(path, rgb)


def _whole(aligned: np.ndarray) -> np.ndarray:
    return np.ones(aligned.shape[:2], np.float32)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for a run; in memory where the system has such, for a disk waits at each change."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def set_up(root: Path, learns: bool = False) -> World:
    """The world below a folder; ``learns``: inversion and tuning are the real ones."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    torch.set_num_threads(1)
    (root / "trials").mkdir(parents=True, exist_ok=True)
    return World(root, learns)
