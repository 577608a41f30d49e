"""Which photos serve: sharpness, size, cut off, duplicates, whose face it is, what to add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HASH_SIDE = 16
SAME_HASH = 0.09  # share of differing bits below which two pictures are the same picture
SAME_PERSON = 0.45  # cosine above which two faces may be taken for one person's
RIVAL = 0.75  # a second face this large, beside the largest, makes nobody dominant


@dataclass(frozen=True)
class Seen:
    """One face of one photo, as triage sees it.

    Attributes:
        photo: index of its photo.
        height: brow to chin in pixels.
        code: (E,) embedding, unit length.
    """

    photo: int
    height: float
    code: np.ndarray


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


def main_person(seen: list[Seen], photos: int) -> np.ndarray | None:
    """The embedding (E,) that stands for the person most of the photos show; None if undecided.

    It is the mean, of unit length, over the faces that agree, one a photo. A face counts by its
    size against the largest face of its photo. Undecided means that in every photo two faces of
    nearly equal size compete and no third photo settles it.
    """
    if not seen:
        return None
    codes = np.stack([s.code for s in seen])
    weight = np.array([s.height / max(o.height for o in seen if o.photo == s.photo) for s in seen])
    alike = np.clip(codes @ codes.T, 0, 1) ** 2
    votes = np.zeros(len(seen))
    for photo in range(photos):
        rows = [i for i, s in enumerate(seen) if s.photo == photo]
        if rows:
            votes += (alike[:, rows] * weight[rows]).max(1)
    votes *= 0.5 + 0.5 * weight
    best = int(np.argmax(votes))
    if _undecided(seen, photos, best, votes):
        return None
    return _mean_code(seen, codes, best, photos)


def _mean_code(seen: list[Seen], codes: np.ndarray, best: int, photos: int) -> np.ndarray:
    """Mean over the faces like `best`, the likest of each photo: steadier than one face."""
    alike = codes @ codes[best]
    likest = [
        max(
            (i for i, s in enumerate(seen) if s.photo == photo),
            key=lambda i: alike[i],
            default=best,
        )
        for photo in range(photos)
    ]
    total = codes[sorted({best, *(i for i in likest if alike[i] > SAME_PERSON)})].sum(0)
    return np.asarray(total / np.linalg.norm(total))


def _undecided(seen: list[Seen], photos: int, best: int, votes: np.ndarray) -> bool:
    crowd = [[s for s in seen if s.photo == p] for p in range(photos)]
    if any(len(faces) == 1 for faces in crowd):
        return False
    rivals = [
        s for s in seen
        if s.photo == seen[best].photo and s is not seen[best]
        and s.height > RIVAL * seen[best].height
    ]  # fmt: skip
    votes_of = dict(zip(map(id, seen), votes, strict=True))
    return any(votes_of[id(s)] > 0.93 * votes[best] for s in rivals)


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
