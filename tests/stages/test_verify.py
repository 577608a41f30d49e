"""verify: what pictures carry, in words, and whether they were changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pidiff_cli.core.images import marked_png, png_bytes
from pidiff_cli.errors import InputError
from pidiff_cli.marks.keys import new_key
from pidiff_cli.marks.marker import Marker
from pidiff_cli.stages.results import VerifiedPicture
from pidiff_cli.stages.verify import verified
from tests.marks.test_watermark import picture
from tests.support.chunks import chunks_of, png_of

RECORD = {"prompt": "as a chef", "seed": 7, "base": {"name": "mini"}}


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    marker = Marker.open(tmp_path / "home", "all")
    path = tmp_path / "a.png"
    path.write_bytes(marked_png(picture(), RECORD, marker)[0])
    return path


def seen(path: Path) -> VerifiedPicture:
    return verified(path, path.parent / "home")


def words(found: VerifiedPicture) -> str:
    return " ".join(found.says)


def test_a_picture_as_it_was_written(marked: Path) -> None:
    found = seen(marked)
    assert found.verdict == "signed" and found.watermark and found.record
    assert found.c2pa is not None and found.c2pa["this_home"]
    assert "a trained model drew it by the base mini" in words(found)
    assert "the key of this home" in words(found)
    new_key(marked.parent / "home")
    later = seen(marked)
    assert later.verdict == "signed" and later.c2pa is not None and not later.c2pa["this_home"]
    assert "on no trust list" in words(later)


def test_a_record_that_was_edited(marked: Path) -> None:
    chunks = [
        (n, body.replace(b"a chef", b"a king") if n == b"tEXt" else body)
        for n, body in chunks_of(marked.read_bytes())
    ]
    marked.write_bytes(png_of(chunks))
    found = seen(marked)
    assert found.verdict == "changed" and "Changed since it was signed: the record." in words(found)


def test_pixels_that_were_edited(marked: Path) -> None:
    other = [chunk for chunk in chunks_of(png_bytes(picture(seed=1))) if chunk[0] == b"IDAT"]
    rest = [chunk for chunk in chunks_of(marked.read_bytes()) if chunk[0] != b"IDAT"]
    marked.write_bytes(png_of([*rest[:-1], *other, rest[-1]]))
    found = seen(marked)
    assert found.verdict == "changed" and "the picture" in words(found)
    assert "Its record notes a watermark, and there is none" in words(found)


def test_a_manifest_that_was_taken_away(marked: Path) -> None:
    without = [chunk for chunk in chunks_of(marked.read_bytes()) if chunk[0] != b"caBX"]
    marked.write_bytes(png_of(without))
    assert seen(marked).verdict == "stripped" and "its record notes one" in words(seen(marked))
    edited = [(n, b.replace(b"a chef", b"a king") if n == b"tEXt" else b) for n, b in without]
    marked.write_bytes(png_of(edited))
    assert "The record was changed" in words(seen(marked))


def test_nothing_but_the_watermark_is_left(marked: Path) -> None:
    path = marked.with_suffix(".jpg")
    Image.open(marked).convert("RGB").save(path, quality=80)
    found = seen(path)
    assert found.verdict == "stripped" and found.watermark and not found.record
    assert "the watermark is there" in words(found)


def test_an_unmarked_picture_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_bytes(picture(), RECORD))
    found = seen(path)
    assert found.verdict == "declared" and found.source == "trainedAlgorithmicMedia"
    assert not found.watermark and "nothing signs it" in words(found)


def test_a_picture_that_is_too_small_says_so(tmp_path: Path) -> None:
    marker = Marker.open(tmp_path / "home", "all")
    path = tmp_path / "a.png"
    path.write_bytes(marked_png(picture(96), RECORD, marker)[0])
    found = seen(path)
    assert found.verdict == "signed" and not found.watermark_possible
    assert "96 x 96 px hold no robust watermark: 128 px are needed." in words(found)


XMP = (
    '<x Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalArt"/>'
)


@pytest.mark.parametrize(
    ("texts", "program"),
    [
        ({"parameters": "a cat\nSteps: 20, Sampler: Euler a"}, "Automatic1111"),
        ({"workflow": json.dumps({"nodes": []})}, "ComfyUI"),
        ({"prompt": json.dumps({"3": {"class_type": "KSampler"}})}, "ComfyUI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"Software": "NovelAI"}, "NovelAI"),
    ],
)
def test_settings_of_other_programs(tmp_path: Path, texts: dict[str, str], program: str) -> None:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    path = tmp_path / "a.png"
    Image.fromarray(picture(64)).save(path, pnginfo=info)
    found = seen(path)
    assert len(found.programs) == 1 and found.programs[0].startswith(program)
    assert found.verdict == "unmarked" and f"Settings of {program}" in words(found)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_iptc_source_types_of_others(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP)
        Image.fromarray(picture(64)).save(path, pnginfo=info)
    else:
        Image.fromarray(picture(64)).save(path, xmp=XMP.encode())
    found = seen(path)
    assert found.source == "digitalArt" and found.verdict == "declared"


def test_texts_of_strangers_control_no_terminal(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("pidiff", json.dumps({"marks": "c2pa", "prompt": ["\x1b[2J"]}))
    info.add_text("parameters", "\x1b[31mSteps: 1")
    path = tmp_path / "a.png"
    Image.fromarray(picture(64)).save(path, pnginfo=info)
    assert "\x1b" not in words(seen(path))
    info.add_text("pidiff", "[" * 100_000)
    Image.fromarray(picture(64)).save(path, pnginfo=info)
    assert not seen(path).record


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("none")
    with pytest.raises(InputError):
        seen(tmp_path / "a.png")
    with pytest.raises(InputError):
        seen(tmp_path / "missing.png")


def test_grey_and_transparent_pictures_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for mode in ("L", "RGBA", "P"):
        Image.fromarray(picture(140)).convert(mode).save(path)
        assert seen(path).verdict == "unmarked"
    assert np.asarray(Image.open(path)).size
