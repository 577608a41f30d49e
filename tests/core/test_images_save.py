"""save_png: whole or not at all, with a record and the provenance mark."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.core.images import PROVENANCE, read_record, save_png
from pidiff_cli.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)


def test_pixels_and_record_return(tmp_path: Path) -> None:
    record = {"prompt": "a photo of a woman — naïve", "seed": 7, "nested": {"scale": 0.5}}
    save_png(tmp_path / "a.png", PIXELS, record)
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["DigitalSourceType"] == PROVENANCE
        assert np.array_equal(np.asarray(image), PIXELS)
    assert read_record(tmp_path / "a.png") == record


def test_same_picture_gives_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_png(tmp_path / name, PIXELS, {"b": 1, "a": 2})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_working_copy_carries_no_text(tmp_path: Path) -> None:
    save_png(tmp_path / "a.png", PIXELS)
    with Image.open(tmp_path / "a.png") as image:
        assert not image.info and not image.getexif()
    with pytest.raises(InputError, match="no record"):
        read_record(tmp_path / "a.png")


def test_record_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(InputError, match="not a picture"):
        read_record(tmp_path / "a.png")


def test_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_png(tmp_path / "a.png", PIXELS)
    before = path.read_bytes()

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="disk is full"):
        save_png(path, PIXELS[::-1], {"a": 1})
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.png"]
