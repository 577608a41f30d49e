"""Pictures of a folder and of tar shards are the same samples; shapes are kept in buckets."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest
import torch

from pidiff_cli.config import PretrainConfig
from pidiff_cli.core.faces.framing import Framing, Place
from pidiff_cli.errors import InputError
from pidiff_cli.stages.pretrain import run as pretrain
from pidiff_cli.stages.pretrain.buckets import cut, nearest, sizes
from pidiff_cli.stages.pretrain.samples import CAPTION, find_samples
from pidiff_cli.stages.progress import Progress
from tests.stages.pretrain.conftest import Draw
from tests.support.tiny_real import SIZE


def pack(folder: Path, shard: Path) -> None:
    """As webdataset's writer does: samples one after the other, members by extension."""
    with tarfile.open(shard, "w") as tar:
        for file in sorted(folder.iterdir()):
            tar.add(file, file.name)


def test_a_shard_holds_what_the_folder_held(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.png").write_bytes(bytes([i]) * (700 * i + 1))
    (folder / "1.txt").write_text("  a man\nin snow  " + "é" * 3000)
    (folder / "1.json").write_text("{}")
    shards = tmp_path / "shards"
    (shards / "b").mkdir(parents=True)
    pack(folder, shards / "b" / "000.tar")
    packed, loose = find_samples(shards), find_samples(folder)
    assert [s.name for s in packed] == [f"b/000.tar/{i}.png" for i in range(3)]
    assert [s.caption for s in packed] == [s.caption for s in loose]
    assert packed[0].caption == CAPTION and packed[1].caption.startswith("a man in snow é")
    assert len(packed[1].caption) == 1000
    for one, other in zip(packed, loose, strict=True):
        with one.opened() as a, other.opened() as b:
            assert a.read_bytes() == b.read_bytes()
    assert len({s.key("64") for s in packed} | {s.key("128") for s in packed}) == 6


def test_a_shard_that_cannot_be_read_in_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(gzip.compress(b"x" * 2000))
    with pytest.raises(InputError, match="no uncompressed tar"):
        find_samples(tmp_path)


def test_sizes_have_about_the_same_area() -> None:
    for side in (64, 512, 1024):
        found = sizes(side)
        assert found[0] == (side, side) and len(set(found)) == len(found)
        for width, height in found:
            assert width % 64 == height % 64 == 0 and width * height <= side * side
            assert 0.5 <= width / height <= 2
    assert nearest(1500, 1000, 512) == (576, 448) or nearest(1500, 1000, 512) == (640, 384)
    assert nearest(1000, 1000, 512) == (512, 512)
    assert nearest(600, 4000, 512)[0] < nearest(600, 4000, 512)[1]


@pytest.mark.parametrize("place", [Place(30, 30, 20), Place(300, 350, 60), Place(10, 390, 300)])
def test_a_cut_stays_in_the_picture_and_keeps_the_face(place: Place) -> None:
    x = torch.rand(1, 3, 400, 320)
    mask = torch.zeros(1, 1, 400, 320)
    mask[..., round(place.y), round(place.x)] = 1
    image, head = cut(x, mask, place, Framing(), (128, 192))
    assert image.shape == (1, 3, 192, 128) and head.shape == (1, 1, 192, 128)
    assert head.max() > 0


def test_shards_and_buckets_are_trained_on(draw: Draw, home: Path, tmp_path: Path) -> None:
    album = draw(draw(tmp_path / "album", 2), 2, (300, 600))
    shards = tmp_path / "shards"
    shards.mkdir()
    pack(album, shards / "0.tar")
    config = PretrainConfig(
        home=home, base="sd15", data=shards, out=tmp_path / "out", steps=3, batch=2,
        size=3 * SIZE, buckets=True, device="cpu",
    )  # fmt: skip
    told: list[str] = []
    progress = Progress()
    progress.finish = lambda task, summary: told.append(summary)  # type: ignore[method-assign]
    result = pretrain.run(config, progress)
    assert result is not None and result.pictures == 4 and result.steps == 3
    assert told[0] == "4 pictures → 4 with a face in 2 shapes"
