"""The prepare stage with stand-in nets: what is kept, what is not and why, what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.config import PrepareConfig
from pidiff_cli.core.images import read_photo, save_png
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile, making
from pidiff_cli.stages.prepare import once, writing
from pidiff_cli.stages.prepare import run as prepare
from pidiff_cli.stages.prepare.writing import held_count
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import PrepareResult
from tests.support.faces_fake import Drawn, Finder, draw_people, install_finder

ALICE, BOB = (220, 90, 60), (60, 110, 230)


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Finder:
    finder = install_finder(monkeypatch)
    monkeypatch.setattr(
        writing, "head_mask", lambda aligned: np.ones(aligned.shape[:2], np.float32)
    )
    return finder


class Album:
    """A folder of test photos."""

    def __init__(self, folder: Path, finder: Finder) -> None:
        self.folder, self.finder = folder, finder
        folder.mkdir()

    def add(self, name: str, *people: Drawn, seed: int = 0, size: int = 400) -> Path:
        rgb = draw_people(list(people), (size, size), seed)
        self.finder.remember(rgb, list(people))
        return save_png(self.folder / name, rgb)


@pytest.fixture
def album(tmp_path: Path, finder: Finder) -> Album:
    return Album(tmp_path / "photos", finder)


def run(tmp_path: Path, *photos: Path, **given: object) -> PrepareResult:
    settings = {"min_sharpness": 0.1, **given}
    config = PrepareConfig(home=tmp_path / "home", photos=photos, name="alice", **settings)
    folder = config.home / "profiles" / config.name
    with making(folder) as aside:
        result = prepare.run(config, aside, Progress())
    return once._moved(result, aside, folder)


def reasons(result: PrepareResult) -> dict[str, str]:
    return {Path(item.file).name: item.reason for item in result.rejected}


def alice(x: float = 200, y: float = 200, height: float = 120) -> Drawn:
    return Drawn(x, y, height, ALICE)


def bob(x: float = 200, y: float = 200, height: float = 120) -> Drawn:
    return Drawn(x, y, height, BOB)


def test_a_folder_of_good_photos(tmp_path: Path, album: Album) -> None:
    for i in range(5):
        album.add(f"{i}.png", alice(190 + 5 * i, 200, 110 + 5 * i), seed=i)
    result = run(tmp_path, album.folder)
    assert len(result.kept) == 5 and not result.rejected
    profile = Profile.open("alice", tmp_path / "home")
    assert sum(photo.held_out for photo in profile.photos) == 1
    assert not profile.verify()
    for photo in profile.photos:
        assert read_photo(profile.path(photo.face)).shape == (256, 256, 3)
        whole = read_photo(profile.path(photo.picture_mask))
        assert whole.shape == (400, 400, 3) and 0 < whole.mean() < 255


def test_no_working_copies_on_request(tmp_path: Path, album: Album) -> None:
    album.add("a.png", alice())
    run(tmp_path, album.folder, keep_photos=False)
    (photo,) = Profile.open("alice", tmp_path / "home").photos
    assert photo.face and not photo.picture and not photo.picture_mask


def test_place_and_time_are_not_copied(tmp_path: Path, album: Album) -> None:
    exif = Image.Exif()
    exif[0x0132] = "2024:01:01 10:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    rgb = draw_people([alice()])
    Image.fromarray(rgb).save(album.folder / "g.png", exif=exif)
    album.finder.remember(rgb, [alice()])
    run(tmp_path, album.folder)
    profile = Profile.open("alice", tmp_path / "home")
    for file in (profile.folder / "photos").iterdir():
        with Image.open(file) as image:
            assert not image.getexif() and not image.info


def test_the_group_picture_keeps_the_main_person(tmp_path: Path, album: Album) -> None:
    album.add("1.png", alice(), seed=1)
    album.add("2.png", alice(210), seed=2)
    album.add("group.png", bob(280, 200, 110), alice(110, 200, 100), seed=3)
    result = run(tmp_path, album.folder)
    assert len(result.kept) == 3
    boxes = {p.source: p.info["box"] for p in Profile.open("alice", tmp_path / "home").photos}
    assert boxes["group.png"][0] < 200 < boxes["group.png"][2] + 100


def test_small_second_face_and_stranger(tmp_path: Path, album: Album) -> None:
    album.add("1.png", alice(), seed=1)
    album.add("2.png", alice(210), seed=2)
    album.add("party.png", bob(280, 200, 130), alice(80, 200, 40), seed=3)
    album.add("other.png", bob(), seed=4)
    told = reasons(run(tmp_path, album.folder))
    assert told["party.png"].startswith("another person is nearer the camera; alice is too small")
    assert told["other.png"].startswith("another person")


def test_duplicates_blur_cut_and_no_face(tmp_path: Path, album: Album) -> None:
    import cv2

    one = album.add("1.png", alice(), seed=1)
    rgb = read_photo(one)
    save_png(album.folder / "1_copy.png", rgb)
    album.add("2.png", alice(210), seed=2)
    soft = cv2.GaussianBlur(draw_people([alice()], seed=5), (0, 0), 7)
    save_png(album.folder / "soft.png", album.finder.remember(soft, [alice()]))
    album.add("cut.png", alice(15), seed=6)
    album.add("empty.png", seed=7)
    (album.folder / "note.jpg").write_text("hello")
    told = reasons(run(tmp_path, album.folder, min_sharpness=0.35))
    assert "near duplicate of 1" in told.get("1_copy.png", told.get("1.png", ""))
    assert told["soft.png"].startswith("too blurred (sharpness")
    assert "cut off" in told["cut.png"] and told["empty.png"] == "no face found"
    assert "text" in told["note.jpg"]


def test_no_face_at_all(tmp_path: Path, album: Album) -> None:
    for i in range(3):
        album.add(f"{i}.png", seed=i)
    with pytest.raises(InputError, match="No face found in any of the 3 pictures") as caught:
        run(tmp_path, album.folder)
    assert caught.value.exit_code == 3 and "under 40 px (needs 96)" in caught.value.hint
    assert not (tmp_path / "home" / "profiles" / "alice").exists()


def test_several_people_none_dominant(tmp_path: Path, album: Album) -> None:
    album.add("both.png", alice(100, 200, 100), bob(290, 200, 98))
    with pytest.raises(InputError, match="Several people"):
        run(tmp_path, album.folder)


def test_paths_that_lead_nowhere(tmp_path: Path, album: Album) -> None:
    with pytest.raises(InputError, match="No such file or folder"):
        run(tmp_path, tmp_path / "nowhere")
    with pytest.raises(InputError, match="No picture in the folder"):
        run(tmp_path, album.folder)
    with pytest.raises(InputError, match="No photos given"):
        run(tmp_path)


def test_only_unreadable_files(tmp_path: Path, album: Album) -> None:
    (album.folder / "note.jpg").write_text("hello")
    with pytest.raises(InputError, match="note.jpg: not a picture"):
        run(tmp_path, album.folder)
    (album.folder / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match="None of the 2 files"):
        run(tmp_path, album.folder)


@pytest.mark.parametrize(("kept", "held"), [(1, 0), (3, 0), (4, 1), (9, 1), (10, 2), (40, 8)])
def test_one_in_five_is_held_back(kept: int, held: int) -> None:
    assert held_count(kept, 1) == held
    assert held_count(kept, 0) == 0


def test_photos_are_added_to_who_is_there(tmp_path: Path, album: Album) -> None:
    """More photos of somebody else do not make the profile theirs."""
    for i in range(3):
        album.add(f"{i}.png", alice(190 + 5 * i), seed=i)
    first = run(tmp_path, album.folder)
    profile = Profile(first.profile)
    before = profile.photos
    new = [album.add(f"n{i}.png", bob(180 + 5 * i), seed=20 + i) for i in range(4)]
    new.append(album.add("n4.png", alice(170), seed=30))
    settings = {"min_sharpness": 0.1, "home": tmp_path / "home", "name": "alice"}
    known = [album.folder / f"{i}.png" for i in range(3)]
    config = PrepareConfig(photos=(album.folder,), **settings)
    result = prepare.add(config, profile, known, Progress())
    assert [Path(kept.file).name for kept in result.kept] == ["n4.png"]
    assert len(result.rejected) == 4 and profile.photos[:3] == before
    assert profile.photos[3].key == "04" and not profile.verify()
    assert sum(photo.held_out for photo in profile.photos) == 1
    new[-1].unlink()
    with pytest.raises(InputError, match="None of the new photos can be used"):
        prepare.add(config, profile, known, Progress())
