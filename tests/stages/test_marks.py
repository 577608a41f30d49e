"""Marked pictures: the same seed gives the same pixels, and the record is read as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.core.images import read_photo, read_record
from pidiff_cli.marks.c2pa import UNTRUSTED, read_manifest
from pidiff_cli.marks.watermark import looked_for
from pidiff_cli.stages import person
from tests.support.chunks import chunks_of
from tests.support.opened import run_generate, short_drawing
from tests.support.tiny_person import Notes


@pytest.fixture
def home(tuned_home: Path) -> Path:
    return tuned_home


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are written at 256 px, large enough for a watermark."""
    monkeypatch.setattr(person, "enlarged", lambda image, size: np.kron(image, ones(image)))


def ones(image: np.ndarray) -> np.ndarray:
    times = max(1, 256 // len(image))
    return np.ones((times, times, 1), np.uint8)


def test_the_same_seed_gives_the_same_pixels_and_another_manifest(
    home: Path, tmp_path: Path
) -> None:
    one, other = (
        run_generate(short_drawing(home, tmp_path / name), Notes()).images[0].path for name in "ab"
    )
    first, second = chunks_of(one.read_bytes()), chunks_of(other.read_bytes())
    assert [name for name, _ in first].count(b"caBX") == 1
    assert first != second
    assert [c for c in first if c[0] != b"caBX"] == [c for c in second if c[0] != b"caBX"]


def test_marks_are_in_it_and_noted(home: Path, tmp_path: Path) -> None:
    path = run_generate(short_drawing(home, tmp_path), Notes()).images[0].path
    found = read_manifest(path.read_bytes(), "image/png")
    assert found is not None and found.failures == (UNTRUSTED,) and found.ours["base"] == "mini"
    assert read_record(path)["marks"] == ["c2pa", "watermark"]
    assert read_record(path)["consent"] == "unstated"
    assert looked_for(read_photo(path)).there


def test_likeness_is_measured_before_marking(home: Path, tmp_path: Path) -> None:
    config = short_drawing(home, tmp_path)
    marked = run_generate(config, Notes()).images[0]
    bare = run_generate(replace(config, mark="none"), Notes()).images[0]
    assert marked.likeness == bare.likeness and marked.path != bare.path
    assert not np.array_equal(read_photo(marked.path), read_photo(bare.path))


def test_without_marks_a_line_says_what_that_means(home: Path, tmp_path: Path) -> None:
    notes = Notes()
    path = run_generate(short_drawing(home, tmp_path, mark="none"), notes).images[0].path
    assert b"caBX" not in dict(chunks_of(path.read_bytes())) and "marks" not in read_record(path)
    assert sum("AI Act" in line for line in notes.warnings) == 1


def test_a_marked_picture_is_drawn_again_in_its_own_place(home: Path, tmp_path: Path) -> None:
    path = run_generate(short_drawing(home, tmp_path), Notes()).images[0].path
    before = read_photo(path)
    done = api.again(path, out=path.parent, home=home, device="cpu")
    assert done.images[0].path == path and np.array_equal(read_photo(path), before)
    assert read_manifest(path.read_bytes(), "image/png") is not None
    bare = api.again(path, {"mark": "none"}, out=tmp_path / "bare", home=home, device="cpu")
    assert read_manifest(bare.images[0].path.read_bytes(), "image/png") is None


def test_the_best_are_marked_too(home: Path, tmp_path: Path) -> None:
    kept = run_generate(short_drawing(home, tmp_path, count=2, best=1), Notes()).images
    assert len(kept) == 1
    assert read_manifest(kept[0].path.read_bytes(), "image/png") is not None
