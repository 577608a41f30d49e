"""Which files are the photos; what lies beside them is told, and ends nothing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pidiff_cli.core.images import PhotoError, read_photo
from pidiff_cli.errors import InputError
from pidiff_cli.files import said
from pidiff_cli.profile import Profile
from pidiff_cli.stages.prepare.inputs import left_alone, list_photos, photo_digests
from tests.stages.prepare.test_prepare import Album, album, alice, finder, reasons, run

__all__ = ["album", "finder"]


def names(folder: Path) -> list[str]:
    return [path.name for path in list_photos((folder,))]


def test_what_lies_beside_photos_is_no_photo(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.PNG", "Thumbs.db", "notes.txt", "1.txt", "IMG_1.MOV", ".hidden.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(tmp_path) == ["1.jpg", "2.PNG"]
    assert len(photo_digests((tmp_path,))) == 2
    assert left_alone((tmp_path,)) == ["IMG_1.MOV  a video, not a photo"]


@pytest.mark.parametrize(
    ("name", "word"), [("a.jxl", "JPEG XL"), ("a.dng", "raw"), ("a.psd", "Photoshop")]
)
def test_pictures_that_are_not_read_are_told(tmp_path: Path, name: str, word: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match="No picture in the folder") as caught:
        list_photos((tmp_path,))
    assert word in caught.value.hint and "JPEG or PNG" in caught.value.hint


def test_a_tree_of_folders_is_told(tmp_path: Path) -> None:
    inside = tmp_path / "10_alice"
    inside.mkdir()
    (inside / "1.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="itself") as caught:
        list_photos((tmp_path,))
    assert caught.value.hint.endswith("10_alice")
    (tmp_path / "0.jpg").write_bytes(b"x")
    assert left_alone((tmp_path,)) == ["10_alice  a folder with 1 picture: give it too"]


def test_a_device_is_no_photo() -> None:
    with pytest.raises(PhotoError, match="a device or a pipe"):
        read_photo(Path("/dev/zero"))
    assert photo_digests((Path("/dev/zero"),)) == {}


@pytest.mark.skipif(sys.platform == "darwin", reason="its disks refuse such names")
def test_a_name_that_is_no_utf8(tmp_path: Path, album: Album) -> None:
    good = album.add("1.png", alice(), seed=1)
    odd = album.folder / os.fsdecode(b"Jos\xe9.png")
    shutil.move(album.add("2.png", alice(210), seed=2), odd)
    (album.folder / os.fsdecode(b"t\xe9xt.png")).write_text("hello")
    result = run(tmp_path, album.folder)
    assert [kept.file for kept in result.kept] == [str(good), said(odd)]
    assert "text" in reasons(result)["t\ufffdxt.png"]
    stored = Profile(result.profile)
    assert [photo.source for photo in stored.photos] == ["1.png", "Jos\ufffd.png"]


def test_a_strip_beside_a_photo_ends_nothing(tmp_path: Path, album: Album) -> None:
    import numpy as np

    from pidiff_cli.core.images import save_png

    album.add("1.png", alice(), seed=1)
    save_png(album.folder / "strip.png", np.zeros((40, 9000, 3), np.uint8))
    result = run(tmp_path, album.folder)
    assert len(result.kept) == 1 and reasons(result) == {"strip.png": "no face found"}
