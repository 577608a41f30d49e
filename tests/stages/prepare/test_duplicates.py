"""Of copies of one picture the original stays."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps
from skimage import data

from pidiff_cli import api
from pidiff_cli.core.faces.triage import colour_of, wear_of

COPIES = ("grey", "sepia", "posterised", "saturated", "sharpened", "brightened", "saved", "small")


def copy_of(image: Image.Image, kind: str) -> Image.Image:
    pixels = np.asarray(image).astype(np.float32)
    grey = pixels.mean(-1, keepdims=True)
    if kind == "grey":
        return image.convert("L").convert("RGB")
    if kind == "posterised":
        return ImageOps.posterize(image, 4)
    if kind == "sharpened":
        return image.filter(ImageFilter.UnsharpMask(3, 200, 0))
    if kind == "small":
        return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    if kind == "saved":
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=25)
        return Image.open(buffer).convert("RGB")
    changed = {
        "sepia": grey * [1.1, 0.95, 0.75],
        "saturated": grey + 1.8 * (pixels - grey),
        "brightened": 1.35 * pixels,
    }[kind]
    return Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.fromarray(data.astronaut()[:400, :400])


@pytest.mark.parametrize("kind", COPIES)
def test_the_original_stays(tmp_path: Path, portrait: Image.Image, kind: str) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    copy_of(portrait, kind).save(folder / "a copy.png")
    portrait.save(folder / "original.png")
    result = api.prepare(folder, "one", home=tmp_path / "home", min_face=32)
    assert [Path(kept.file).name for kept in result.kept] == ["original.png"]
    assert result.rejected[0].reason == "near duplicate of original.png"


def test_colour_and_wear(portrait: Image.Image) -> None:
    face = {kind: np.asarray(copy_of(portrait, kind)) for kind in COPIES}
    plain = np.asarray(portrait)
    assert colour_of(face["grey"]) < colour_of(face["sepia"]) < 0.01 < colour_of(plain)
    assert all(wear_of(face[k]) > wear_of(plain) for k in ("posterised", "saturated", "saved"))
