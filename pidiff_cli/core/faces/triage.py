"""Which photos serve: sharpness, size, cut off, duplicates, what to add."""

from __future__ import annotations

import numpy as np

HASH_SIDE = 16
SAME_HASH = 0.09  # share of differing bits below which two pictures are the same picture


def sharpness(aligned: np.ndarray) -> float:
    """0 (soft) to 1 (crisp): fine detail against coarser detail inside the aligned face.

    Args:
        aligned: uint8 (S, S, 3), S about the resolution that the networks read (128 to 256).
    """
    import cv2

    small = cv2.resize(aligned, (128, 128), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    coarse, coarser = (cv2.GaussianBlur(grey, (0, 0), s) for s in (1.0, 3.0))
    inside = np.s_[30:110, 26:102]
    fine = float(np.abs(grey - coarse)[inside].mean())
    body = float(np.abs(coarse - coarser)[inside].mean()) + 1.0
    ratio = fine / body
    return float(ratio / (ratio + 0.35))


def cut_off(landmarks: np.ndarray, height: int, width: int) -> bool:
    """Whether a part of the face itself lies outside the picture."""
    low, high = landmarks.min(0), landmarks.max(0)
    slack = 0.04 * float(max(high - low))
    return bool(
        low[0] < -slack
        or low[1] < -slack
        or high[0] > width - 1 + slack
        or high[1] > height - 1 + slack
    )


def picture_hash(rgb: np.ndarray) -> np.ndarray:
    """Perceptual hash: signs of the low cosine frequencies of a small grey copy, bool (256,)."""
    import cv2

    grey = cv2.cvtColor(cv2.resize(rgb, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    waves = cv2.dct(grey.astype(np.float32))[:HASH_SIDE, :HASH_SIDE].flatten()
    waves[0] = 0
    return np.asarray(waves > np.median(waves))


def hash_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Share of differing bits, 0 to 1."""
    return float((one != other).mean())


def brightness(aligned: np.ndarray) -> float:
    """Mean brightness of the inner face, 0 to 1; aligned: uint8 (S, S, 3)."""
    inner = aligned.shape[0] // 4
    return float(aligned[inner:-inner:4, inner:-inner:4].mean()) / 255


def colour_of(aligned: np.ndarray) -> float:
    """How much colour is in a face beyond one tint, in shares of the range: 0 of grey and sepia.

    Args:
        aligned: uint8 (S, S, 3).
    """
    pixels = aligned.reshape(-1, 3).astype(np.float32) / 255
    grey = pixels.mean(1) - pixels.mean()
    centred = pixels - pixels.mean(0)
    slope = grey @ centred / max(float(grey @ grey), 1e-6)
    return float((centred - grey[:, None] * slope).std())


def wear_of(aligned: np.ndarray) -> float:
    """What filters and savings have left of the shades: 0 untouched; above 1 posterised.

    The roughness of the histogram (posterised, re-saved, stretched) and twice the share of clipped
    values (sharpened, saturated, brightened). To compare copies of one picture, not pictures.

    Args:
        aligned: uint8 (S, S, 3).
    """
    grey = aligned.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    shades = np.bincount(np.rint(grey).astype(np.int64).ravel(), minlength=256) / grey.size
    rough = np.abs(shades - np.convolve(shades, np.full(9, 1 / 9), "same")).sum()
    clipped = ((aligned == 0) | (aligned == 255)).mean()
    return float(rough + 2 * clipped)


def turn_of(landmarks: np.ndarray) -> float:
    """Head turn, about -1 (profile to the left) to 1, from the nose between the jaw's ends."""
    left, right = landmarks[0:3].mean(0), landmarks[14:17].mean(0)
    across = right - left
    place = float((landmarks[27:31].mean(0) - left) @ across / max(across @ across, 1e-6))
    return float(np.clip(2.5 * (2 * place - 1), -1, 1))


def smile_of(landmarks: np.ndarray) -> float:
    """Mouth width over the distance between the eyes; a smile is above about 0.85."""
    eyes = np.hypot(*(landmarks[42:48].mean(0) - landmarks[36:42].mean(0)))
    return float(np.hypot(*(landmarks[54] - landmarks[48])) / max(eyes, 1e-6))


def advice(landmarks: list[np.ndarray], sharp: list[float], light: list[float]) -> str:
    """One sentence on which photo to add next; empty when the set is rich.

    Args:
        landmarks: (68, 2) of every kept photo.
        sharp: sharpness of each. light: mean brightness of each face, 0 to 1.
    """
    count = len(landmarks)
    if count < 3:
        return "Three to eight photos work best: add a few, from other days and angles."
    turns = [turn_of(points) for points in landmarks]
    if max(turns) - min(turns) < 0.35:
        return "A view from the side would help most."
    smiles = [smile_of(points) for points in landmarks]
    if max(smiles) < 0.85:
        return "A smile would help most."
    if min(smiles) > 0.85:
        return "A calm face, mouth closed, would help most."
    if max(light) - min(light) < 0.06:
        return "A photo in other light would help most."
    if max(sharp) < 0.5:
        return "A sharper photo would help most."
    return "" if count >= 5 else "One or two more photos from other angles would help."
