"""The small copies inside a page: those of drawn pictures say so."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from pidiff_cli.marks.others import carried
from pidiff_cli.stages.gallery.entry import read_entry
from tests.stages.gallery.conftest import picture, record


def source(path: Path) -> str:
    thumb = read_entry(path, {}, 16).thumb
    content = base64.b64decode(thumb.partition("base64,")[2])
    with Image.open(io.BytesIO(content)) as image:
        return carried(image).source


def test_a_drawn_pictures_copy_says_so_and_a_photos_does_not(tmp_path: Path) -> None:
    assert source(picture(tmp_path / "a.png", record())) == "trainedAlgorithmicMedia"
    assert source(picture(tmp_path / "b.png", None)) == ""
