"""Picture styles: shape and range, determinism, what each one must leave recognisable."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mini.world.registry import BROAD
from mini.world.styles.catalogue import apply_style

STYLES = BROAD.styles
DRAWN = STYLES[1:]
FAIR, DEEP = (0.95, 0.80, 0.70), (0.36, 0.23, 0.18)


def _bust(skin: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A head with eyes and mouth before a two-tone backdrop: rgb, figure mask, face mask."""
    rgb = np.full((256, 256, 3), (0.45, 0.62, 0.50), np.float32)
    rgb[150:] = (0.75, 0.65, 0.45)
    mask = np.zeros((256, 256), np.float32)
    face = np.zeros((256, 256), np.float32)
    tones = [((128, 262), (96, 70), (0.2, 0.3, 0.7)), ((128, 110), (60, 76), (0.45, 0.22, 0.1))]
    for centre, axes, tone in [*tones, ((128, 122), (46, 62), skin)]:
        cv2.ellipse(rgb, centre, axes, 0, 0, 360, tone, -1, cv2.LINE_AA)
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    for x in (106, 150):
        cv2.ellipse(rgb, (x, 112), (11, 7), 0, 0, 360, (0.93, 0.92, 0.9), -1, cv2.LINE_AA)
        cv2.circle(rgb, (x, 112), 6, (0.1, 0.08, 0.06), -1, cv2.LINE_AA)
    cv2.ellipse(rgb, (128, 156), (16, 4), 0, 0, 360, (0.45, 0.12, 0.12), -1, cv2.LINE_AA)
    cv2.ellipse(face, (128, 124), (38, 48), 0, 0, 360, 1.0, -1)
    return rgb, mask, cv2.GaussianBlur(face, (0, 0), 8)


@pytest.mark.parametrize("style", STYLES)
def test_same_seed_same_picture(style: str) -> None:
    rgb, mask, face = _bust(FAIR)
    kept = rgb.copy()
    one, two = (apply_style(style, rgb, mask, face, 7) for _ in range(2))
    assert one.shape == (256, 256, 3) and one.dtype == np.float32
    assert np.isfinite(one).all() and one.min() >= 0 and one.max() <= 1
    assert np.array_equal(one, two) and np.array_equal(rgb, kept)


@pytest.mark.parametrize("style", DRAWN)
def test_the_seed_and_the_style_change_the_picture(style: str) -> None:
    rgb, mask, face = _bust(FAIR)
    made = apply_style(style, rgb, mask, face, 1)
    assert np.abs(made - rgb).mean() > 0.02
    assert np.abs(made - apply_style(style, rgb, mask, face, 2)).mean() > 0.002


@pytest.mark.parametrize("style", DRAWN)
@pytest.mark.parametrize("skin", [FAIR, DEEP])
def test_eyes_stay_readable_at_128(style: str, skin: tuple[float, float, float]) -> None:
    made = cv2.resize(apply_style(style, *_bust(skin), 3), (128, 128), interpolation=cv2.INTER_AREA)
    grey = made.mean(-1)
    for x in (53, 75):
        pupil, white = grey[55:58, x - 1 : x + 2].mean(), grey[56, [x - 4, x + 4]].mean()
        assert white - pupil > 0.3


@pytest.mark.parametrize("style", ["oil", "watercolour", "pop", "woodblock"])
def test_colours_keep_their_family(style: str) -> None:
    made = apply_style(style, *_bust(DEEP), 4)
    skin, coat = made[130:145, 90:166].mean((0, 1)), made[225:250, 90:166].mean((0, 1))
    assert skin[0] > skin[1] > skin[2] - 0.03 and coat[2] > coat[0] + 0.1
    fair = apply_style(style, *_bust(FAIR), 4)[130:145, 90:166].mean()
    assert fair > skin.mean() + 0.2


@pytest.mark.parametrize("style", STYLES)
def test_odd_masks_are_no_trouble(style: str) -> None:
    rgb, mask, _ = _bust(FAIR)
    nothing = np.zeros_like(mask)
    for figure in (nothing, np.ones_like(mask)):
        assert np.isfinite(apply_style(style, rgb, figure, nothing, 0)).all()
    assert np.isfinite(apply_style(style, np.zeros_like(rgb), mask, nothing, 0)).all()


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(KeyError):
        apply_style("mosaic", *_bust(FAIR), 0)
