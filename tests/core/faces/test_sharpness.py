"""Blur: what motion, softness and enlargement take away, and what a small face never had."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from mini.world.context import sample_context
from mini.world.people import sample_person
from mini.world.render import draw
from pidiff_cli.core.faces.align import align_face
from pidiff_cli.core.faces.sharpness import SIDE, TOLD, blur

NATIVE = 200.0  # px, brow to chin


@cache
def portrait(person: int, style: str = "photo") -> np.ndarray:
    """A drawn portrait, aligned, (256, 256, 3)."""
    context = sample_context(np.random.default_rng(person), style=style)
    made = draw(sample_person(person), context, 512)
    return align_face(made.rgb, made.landmarks, SIDE)


@cache
def texture(seed: int = 0) -> np.ndarray:
    """What falls with frequency as photographs do, u8 (256, 256, 3)."""
    at = np.hypot(np.fft.fftfreq(SIDE)[None], np.fft.fftfreq(SIDE)[:, None]) * SIDE
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(SIDE, SIDE)))
    grey = np.fft.ifft2(noise / np.maximum(at, 1) ** 1.7).real
    grey = 127 + 40 * (grey - grey.mean()) / grey.std()
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


def streaked(face: np.ndarray, length: int, degrees: float) -> np.ndarray:
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), degrees, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(face, -1, kernel / kernel.sum())


def enlarged(face: np.ndarray, side: int) -> np.ndarray:
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, face.shape[:2], interpolation=cv2.INTER_CUBIC)


FACES = [texture(0), texture(1), portrait(1_000_001), portrait(1_000_002)]


@pytest.mark.parametrize("face", FACES)
def test_sharp_faces_are_not_told(face: np.ndarray) -> None:
    found = blur(face, NATIVE)
    assert found.kind == "" and found.amount < 0.5 and found.sharpness == 1 - found.amount


@pytest.mark.parametrize("style", ["watercolour", "oil"])
def test_nor_are_drawings_flat_as_they_are(style: str) -> None:
    assert blur(portrait(1_000_003, style), NATIVE).amount < 0.4


@pytest.mark.parametrize("degrees", [0, 45, 90, 150])
@pytest.mark.parametrize("face", FACES)
def test_motion_is_told_in_every_direction(face: np.ndarray, degrees: float) -> None:
    found = blur(streaked(face, 41, degrees), NATIVE)
    assert found.kind == "motion" and found.amount >= TOLD


@pytest.mark.parametrize("face", FACES[:2])
def test_softness_and_enlargement_are_told(face: np.ndarray) -> None:
    assert blur(cv2.GaussianBlur(face, (0, 0), 3), NATIVE).kind == "soft"
    assert blur(enlarged(face, 64), NATIVE).kind == "soft"


def test_a_small_face_is_not_blurred_for_what_it_cannot_hold() -> None:
    small = enlarged(texture(), 64)  # 28 px from brow to chin
    assert blur(small, NATIVE).kind == "soft" and blur(small, 28).kind == ""


def test_a_small_face_may_be_moved() -> None:
    assert blur(streaked(enlarged(texture(), 64), 41, 30), 28).kind == "motion"


def test_more_blur_is_a_greater_amount() -> None:
    amounts = [blur(cv2.GaussianBlur(texture(), (0, 0), s), NATIVE).amount for s in (0.5, 1, 2, 4)]
    assert amounts == sorted(amounts) and amounts[0] < TOLD < amounts[-1]


def test_light_does_not_count() -> None:
    dim = (texture() * 0.5).astype(np.uint8)
    assert abs(blur(texture(), NATIVE).amount - blur(dim, NATIVE).amount) < 0.05


@pytest.mark.parametrize("side", [128, 512])
def test_any_side_is_read(side: int) -> None:
    face = cv2.resize(texture(), (side, side), interpolation=cv2.INTER_AREA)
    assert blur(face, NATIVE).kind == "" and blur(streaked(face, side // 6 | 1, 0), NATIVE).kind


def test_an_empty_picture_is_not_blurred() -> None:
    assert blur(np.full((SIDE, SIDE, 3), 90, np.uint8), NATIVE).amount == 0
