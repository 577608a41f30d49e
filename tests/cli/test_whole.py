"""The command line with its real stages, on a tiny base: tune, stop, go on, draw, draw again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pidiff_cli.cli.progress import PlainProgress
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import install, make_profile

RECIPE = f"""
name: tiny
base: mini
tune: {{steps: 6, batch: 1, rank: 2, size: {SIZE}, preview_every: 0}}
generate: {{steps: 2, size: {SIZE}}}
"""


@pytest.fixture
def recipe(tmp_path: Path, home: Path, disc_base: Path, monkeypatch) -> Path:
    """A recipe of a person's own, and alice prepared in the home."""
    install(monkeypatch, disc_base)
    make_profile(home)
    path = tmp_path / "tiny.yaml"
    path.write_text(RECIPE)
    return path


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Ctrl-C in this step of tuning."""
    original = PlainProgress.advance
    done = [0]

    def advance(self, task, n=1, **info):
        original(self, task, n, **info)
        done[0] += n if task == "tune" else 0
        if done[0] == step:
            done[0] = -1000
            raise KeyboardInterrupt

    monkeypatch.setattr(PlainProgress, "advance", advance)


def test_the_whole_way(pidiff, recipe, tmp_path, monkeypatch):
    stop_at(monkeypatch, 4)
    arguments = ("tune", "alice", "--recipe", recipe)
    recipe.write_text(RECIPE.replace("preview_every: 0", "preview_every: 0, checkpoint_every: 2"))
    stopped = pidiff(*arguments)
    assert stopped.code == 130
    assert "goes on from the last checkpoint" in stopped.err
    again = pidiff(*arguments)
    assert again.code == 0, again.err
    assert "Going on from step" in again.err
    done = pidiff("--json", *arguments)
    assert done.json["steps"] == 6
    assert "tuned already" in done.err
    assert Path(done.json["report"]).is_file()

    draw = ("--json", "generate", "alice", "as an astronaut", "--seed", "7", "-n", "2")
    draw += ("--size", str(SIZE), "--steps", "2", "--no-mark")
    first = pidiff(*draw, "--out", tmp_path / "a").json["images"]
    second = pidiff(*draw, "--out", tmp_path / "b").json["images"]
    assert [item["seed"] for item in first] == [7, 8]
    for one, other in zip(first, second, strict=True):
        assert Path(one["path"]).read_bytes() == Path(other["path"]).read_bytes()

    picture = Path(first[1]["path"])
    ran = pidiff("--json", "again", picture, "--no-mark", "--out", tmp_path / "c")
    assert ran.code == 0, ran.err
    assert Path(ran.json["images"][0]["path"]).read_bytes() == picture.read_bytes()
    changed = pidiff("--json", "again", picture, "--set", "seed=9", "--out", tmp_path / "c")
    assert changed.json["images"][0]["seed"] == 9

    mixed = pidiff("--json", "stylemix", "alice", "alice", "--out", tmp_path, "--name", "mix")
    assert mixed.code == 0, mixed.err
    assert Path(mixed.json["sheet"]).is_file()
    assert pidiff("--json", "profile", "show", "mix").json["name"] == "mix"
    assert pidiff("profile", "verify", "alice").code == 0


def test_a_folder_that_may_not_be_written(pidiff, recipe, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write everywhere")
    ran = pidiff("generate", "alice", "as a chef", "--out", locked / "pics")
    assert ran.code == 3


def test_again_needs_a_picture_of_ours(pidiff, recipe, tmp_path):
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    ran = pidiff("again", tmp_path / "plain.png")
    assert ran.code == 3
    assert "record" in ran.err
    assert pidiff("again", tmp_path / "missing.png").code == 3
