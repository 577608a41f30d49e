"""The watermark: what it survives, what it costs to see, and that it is not found elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pidiff_cli.marks import watermark
from pidiff_cli.marks.watermark import embedded, fits, looked_for, payload_of


def picture(side: int = 256, seed: int = 0) -> np.ndarray:
    """Soft shapes with a few edges and a little grain."""
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 216, (8, 8, 3), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    soft = soft.astype(np.int16) + rng.normal(0, 1.5, soft.shape).astype(np.int16)
    soft[side // 3 : side // 2, side // 4 : side // 2] += 50
    return np.clip(soft, 0, 255).astype(np.uint8)


def jpeg(x: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(x).save(buffer, "JPEG", quality=80)
    return np.asarray(Image.open(buffer).convert("RGB"))


def half(x: np.ndarray) -> np.ndarray:
    size = (x.shape[1] // 2, x.shape[0] // 2)
    return np.asarray(Image.fromarray(x).resize(size, Image.Resampling.LANCZOS))


def crop(x: np.ndarray) -> np.ndarray:
    side = round(0.8 * len(x))
    return x[7 : 7 + side, 11 : 11 + side]


@pytest.mark.parametrize("side", [128, 256])
@pytest.mark.parametrize("change", [np.copy, jpeg, half, crop])
def test_it_survives(side: int, change: Callable[[np.ndarray], np.ndarray]) -> None:
    found = looked_for(change(embedded(picture(side), 201)))
    assert found.there and found.payload == 201


def test_a_size_of_no_usual_ratio_is_found_too() -> None:
    marked = Image.fromarray(embedded(picture(), 5)).resize((181, 181), Image.Resampling.BICUBIC)
    found = looked_for(np.asarray(marked))
    assert found.there and found.scale == pytest.approx(256 / 181, rel=0.01)


def test_it_is_not_found_where_it_is_not() -> None:
    unmarked = [picture(160, seed) for seed in range(4)]
    unmarked += [np.full((128, 200, 3), 128, np.uint8), np.zeros((40, 40, 3), np.uint8)]
    assert max(looked_for(x).score for x in unmarked) < watermark.THRESHOLD - 0.5


def test_it_hardly_shows() -> None:
    x = picture()
    error = embedded(x, 9).astype(float) - x
    assert 10 * np.log10(255**2 / (error**2).mean()) > 42
    assert np.abs(error).max() <= 12


def test_the_same_picture_and_byte_give_the_same_pixels() -> None:
    x = picture()
    assert np.array_equal(embedded(x, 9), embedded(x, 9))
    assert not np.array_equal(embedded(x, 9), embedded(x, 10))


def test_the_tiles_stay_as_they_were_released() -> None:
    first, second = watermark._tiles()
    assert first[0, :3] == pytest.approx(TILES[0], abs=1e-6)
    assert second[5, :3] == pytest.approx(TILES[1], abs=1e-6)


TILES = ([-0.544664, -0.631137, -0.721353], [-0.023075, 0.487568, -0.318479])


def test_small_pictures_hold_none_and_the_byte_is_the_records() -> None:
    assert fits(128, 512) and not fits(127, 512)
    one, other = payload_of({"seed": 1}), payload_of({"seed": 2})
    assert one != other and 0 <= one <= 255 and payload_of({"seed": 1}) == one
