"""Bad photos through the command line and the real prepare: a sentence, exit 3, nothing left."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.core.images import save_png
from tests.support.bombs import png_bomb
from tests.support.faces_fake import Drawn, Finder, draw_people, install_finder


def _text(folder: Path) -> None:
    (folder / "note.jpg").write_text("Dear diary, this is not a picture.")


def _truncated(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    (folder / "cut.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])


def _bomb(folder: Path) -> None:
    (folder / "bomb.png").write_bytes(png_bomb(60_000, 60_000))


def _nobody(folder: Path) -> None:
    save_png(folder / "wall.png", draw_people([]))


def _empty(folder: Path) -> None:
    pass


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Finder:
    """A face finder that needs no weights."""
    return install_finder(monkeypatch)


def refused(pidiff: Callable, folder: Path, home: Path, words: str) -> None:
    """`prepare` ends with exit 3 and these words, and leaves no profile."""
    ran = pidiff("prepare", folder, "--name", "alice")
    assert ran.code == 3, ran.err
    assert words in " ".join(ran.err.split())
    assert ran.out == "" and "Traceback" not in ran.err
    assert not list((home / "profiles").glob("*"))


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (_nobody, "No face found"),
        (_text, "not a picture"),
        (_truncated, "cut"),
        (_bomb, "too many pixels"),
        (_empty, "No picture in the folder"),
    ],
)
def test_photos_that_will_not_do(pidiff, home, tmp_path, finder, fill, words):
    folder = tmp_path / "album"
    folder.mkdir()
    fill(folder)
    refused(pidiff, folder, home, words)


def test_several_people_and_none_dominant(pidiff, home, tmp_path, finder):
    people = [Drawn(100, 200, 100, (220, 90, 60)), Drawn(290, 200, 98, (60, 110, 230))]
    (tmp_path / "album").mkdir()
    save_png(tmp_path / "album" / "both.png", finder.remember(draw_people(people), people))
    refused(pidiff, tmp_path / "album", home, "Several people")


def test_no_such_path(pidiff, home, tmp_path):
    refused(pidiff, tmp_path / "nowhere", home, "nowhere")
