"""The contact sheet: every photo has its place, frames say whose face was taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pidiff_cli.core.images import read_photo
from pidiff_cli.profile import PHOTO_SHEET
from pidiff_cli.stages.prepare.sheet import ACROSS, GAP, KEPT, LEFT_OUT, TEXT, TILE, Tile, _laid_out
from tests.stages.prepare.test_prepare import Album, album, alice, bob, finder, run

__all__ = ["album", "finder"]


def near(sheet: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(np.abs(sheet.astype(int) - colour).max(-1) < 30)


def test_a_place_for_each_photo_in_rows() -> None:
    grey = np.full((90, 180, 3), 120, np.uint8)
    tiles = [
        Tile(grey, ((20, 20, 60, 60),), 0, f"{i}.jpg", "kept", True) for i in range(ACROSS + 1)
    ]
    tiles.append(Tile(None, (), None, "note.jpg", "not a picture", False))
    sheet = _laid_out(tiles)
    assert sheet.shape == (GAP + 2 * (TILE + TEXT + GAP), GAP + ACROSS * (TILE + GAP), 3)
    first, last = sheet[GAP : GAP + TILE, GAP : GAP + TILE], sheet[-TILE - TEXT :, GAP + TILE :]
    assert near(first, KEPT)[0].all() and near(last, LEFT_OUT).any()
    frame = near(first, KEPT)[45 + 20, 20:61]  # the face's upper edge, 45 px below the tile's
    assert frame.all()


def test_prepare_leaves_one_with_its_photos(tmp_path: Path, album: Album) -> None:
    album.add("1.png", alice(), seed=1)
    album.add("2.png", alice(210), seed=2)
    album.add("other.png", bob(), seed=3)
    (album.folder / "note.jpg").write_text("hello")
    result = run(tmp_path, album.folder)
    assert result.sheet == result.profile / PHOTO_SHEET
    sheet = read_photo(result.sheet)
    assert sheet.shape[1] == GAP + 4 * (TILE + GAP)
    assert near(sheet, KEPT).sum() > 2 * 4 * TILE and near(sheet, LEFT_OUT).sum() > 2 * 4 * TILE


def test_none_without_working_copies(tmp_path: Path, album: Album) -> None:
    album.add("1.png", alice(), seed=1)
    result = run(tmp_path, album.folder, keep_photos=False)
    assert result.sheet is None and not (result.profile / PHOTO_SHEET).exists()
