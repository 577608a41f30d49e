"""Photos told before a profile is made of them, and faces chosen by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli import api
from pidiff_cli.stages.prepare import photos as stage
from pidiff_cli.stages.prepare.photos import Seen
from pidiff_cli.stages.results import PrepareResult
from tests.stages.prepare.test_prepare import Album, album, alice, bob, finder, run

__all__ = ["album", "finder"]


def look(tmp_path: Path, *photos: Path, **given: object):
    return api.look(photos, home=tmp_path / "home", min_sharpness=0.1, **given)


def names(result: PrepareResult) -> set[str]:
    return {Path(kept.file).name for kept in result.kept}


@pytest.fixture
def crowd(album: Album) -> list[Path]:
    """Two photos of alice alone, and one where bob is larger."""
    return [
        album.add("1.png", alice(), seed=1),
        album.add("2.png", alice(210), seed=2),
        album.add("group.png", bob(280, 200, 110), alice(110, 200, 100), seed=3),
    ]


def test_it_tells_what_prepare_does_and_writes_nothing(tmp_path: Path, crowd: list[Path]):
    told = look(tmp_path, *crowd)
    assert [one.kept for one in told.photos] == [True] * 3
    assert [one.chosen for one in told.photos] == [0, 0, 1]
    left, top, width, height = told.photos[2].boxes[0]  # bob, shares of the picture's sides
    assert left < 280 / 400 < left + width and top < 0.5 < top + height
    assert not (tmp_path / "home").exists()
    assert names(run(tmp_path, *crowd)) == {path.name for path in crowd}


def test_a_face_chosen_by_hand_says_who_is_meant(tmp_path: Path, crowd: list[Path]):
    faces = {crowd[2]: 0}
    told = look(tmp_path, *crowd, faces=faces)
    assert [one.kept for one in told.photos] == [False, False, True]
    assert told.photos[2].chosen == 0 and told.photos[0].why.startswith("another person")
    assert names(run(tmp_path, *crowd, faces=tuple(faces.items()))) == {"group.png"}


def test_whoever_chose_a_face_is_believed(tmp_path: Path, crowd: list[Path], album: Album):
    other = album.add("other.png", bob(), seed=4)
    assert not look(tmp_path, *crowd, other).photos[3].kept
    told = look(tmp_path, *crowd, other, faces={crowd[0]: 0, crowd[1]: 0, other: 0})
    assert told.photos[3].kept  # it does not look like alice to the network


def test_a_photo_is_looked_at_once(
    tmp_path: Path, crowd: list[Path], monkeypatch: pytest.MonkeyPatch
):
    looks, look_at = [], stage.look_at
    monkeypatch.setattr(
        stage, "look_at", lambda path, *more: (looks.append(path), look_at(path, *more))[1]
    )
    seen = Seen()
    for count in (1, 2, 3, 3):
        look(tmp_path, *crowd[:count], seen=seen)
    api.prepare(crowd, "alice", seen=seen, home=tmp_path / "home", min_sharpness=0.1)
    assert sorted(looks) == sorted(crowd)


def test_faults_are_told_and_do_not_end_it(tmp_path: Path, crowd: list[Path], album: Album):
    broken = album.folder / "broken.jpg"
    broken.write_bytes(b"\xff\xd8")
    empty = album.add("empty.png", seed=7)
    told = look(tmp_path, broken, empty, crowd[0])
    assert [one.kept for one in told.photos] == [False, False, True]
    assert told.photos[0].picture is None and told.photos[0].why
    assert told.photos[1].why == "no face found"


def test_when_nobody_stands_out_it_asks(tmp_path: Path, album: Album):
    both = album.add("both.png", alice(100, 200, 100), bob(290, 200, 98))
    told = look(tmp_path, both)
    assert told.problem.startswith("Several people") and len(told.photos[0].boxes) == 2
    assert look(tmp_path, both, faces={both: 1}).photos[0].kept
