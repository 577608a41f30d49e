"""read_photo: every format and mode, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.core.images import PhotoError, read_photo, to_tensor, to_uint8
from pidiff_cli.errors import InputError
from tests.support.bombs import png_bomb


def scene(width: int = 48, height: int = 32) -> np.ndarray:
    """Red left, blue right, a green bar on top: upright can be told."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 220
    pixels[:, width // 2 :, 2] = 220
    pixels[: height // 4] = (0, 200, 0)
    return pixels


def near(one: np.ndarray, other: np.ndarray, levels: float = 12) -> bool:
    return one.shape == other.shape and bool(np.abs(one.astype(int) - other).mean() < levels)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("jpg", {"quality": 95}), ("png", {}), ("webp", {"quality": 95}), ("tif", {}),
        ("bmp", {}), ("heic", {"quality": 95}), ("avif", {"quality": 95}),
    ],
)  # fmt: skip
def test_formats(tmp_path: Path, suffix: str, options: dict) -> None:
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(scene()).save(path, **options)
    pixels = read_photo(path)
    assert pixels.dtype == np.uint8 and near(pixels, scene())


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "YCbCr", "RGBA", "LAB"])
def test_modes(tmp_path: Path, mode: str) -> None:
    suffix = "tif" if mode in ("CMYK", "YCbCr", "LAB") else "png"
    image = Image.fromarray(scene())
    image = image.convert("L").convert("LA") if mode == "LA" else _convert(image, mode)
    image.save(tmp_path / f"photo.{suffix}")
    pixels = read_photo(tmp_path / f"photo.{suffix}")
    assert pixels.shape == (32, 48, 3)
    if mode in ("P", "CMYK", "YCbCr", "RGBA"):
        assert near(pixels, scene())


def _convert(image: Image.Image, mode: str) -> Image.Image:
    if mode != "LAB":
        return image.convert(mode)
    return Image.merge("LAB", image.split())


def test_sixteen_bit_grey_keeps_its_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64 * 8).reshape(8, 64).astype(np.uint16)
    for suffix in ("png", "tif"):
        Image.fromarray(ramp).save(tmp_path / f"deep.{suffix}")
        pixels = read_photo(tmp_path / f"deep.{suffix}")
        assert near(pixels[..., 0], (ramp / 257).astype(np.uint8), 2)


def test_alpha_lies_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2, :, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    out = read_photo(tmp_path / "a.png")
    assert out[0].max() == 0 and out[3].min() == 255


def test_palette_transparency_lies_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 10, 10, 200, 0, 0])
    image.save(tmp_path / "p.png", transparency=0)
    assert read_photo(tmp_path / "p.png").min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path: Path, orientation: int) -> None:
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    image = Image.fromarray(scene())
    stored = image.transpose(back[orientation]) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "r.jpg", quality=95, exif=exif)
    assert near(read_photo(tmp_path / "r.jpg"), scene())


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.fromarray(scene()), Image.new("RGB", (48, 32), "white")]
    for suffix in ("gif", "webp"):
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
        assert near(read_photo(tmp_path / f"a.{suffix}"), scene())


def test_text_named_jpg(tmp_path: Path) -> None:
    (tmp_path / "note.jpg").write_text("Dear diary, this is not a picture.")
    with pytest.raises(PhotoError, match="not a picture") as caught:
        read_photo(tmp_path / "note.jpg")
    assert caught.value.exit_code == 3 and "text" in caught.value.reason


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix))
    data = buffer.getvalue()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="cut"):
        read_photo(path)


def test_empty_missing_and_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(PhotoError, match="an empty file"):
        read_photo(tmp_path / "empty.png")
    with pytest.raises(PhotoError, match="no such file"):
        read_photo(tmp_path / "none.png")
    with pytest.raises(PhotoError, match="a folder"):
        read_photo(tmp_path)


@pytest.mark.parametrize("side", [14_000, 60_000, 2_000_000])
def test_bomb_is_refused_before_decoding(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_bomb(side, side))
    with pytest.raises(PhotoError, match="too many pixels"):
        read_photo(tmp_path / "bomb.png")


def test_cap_is_a_setting(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "s.png")
    with pytest.raises(PhotoError, match="too many pixels"):
        read_photo(tmp_path / "s.png", max_pixels=1000)


def test_tensor_and_back_is_exact() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    x = to_tensor(pixels)
    assert x.shape == (1, 3, 16, 16) and float(x.min()) == -1 and float(x.max()) == 1
    assert np.array_equal(to_uint8(x)[0], pixels)
    assert to_tensor(np.stack([pixels, pixels])).shape == (2, 3, 16, 16)
