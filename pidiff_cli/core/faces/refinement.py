"""Look at a candidate several times with the landmark net, and judge whether it holds still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pidiff_cli.core.faces.align import ffhq_quad, move_points
from pidiff_cli.core.faces.nets import HEAD_LABELS, LandmarkNet
from pidiff_cli.core.images import to_tensor

SIDE = 128
#: Index of each iBUG point's mirror image.
MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
LEAST_FACE = 0.5  # score
MOST_SPREAD = 0.16  # between looks, in distances between the eyes
# Tuned on seven faces of six real photographs (logits 9.6 to 13.8) and the nine places there that
# were taken for faces before (-0.3 to 4.7: a badge, a microphone, an ear, a helmet).
EVEN_LOGIT = 6.0  # the face logit at which the score is one half
LEAST_HEAD = 0.7  # share of the points' hull that the net must call head (real faces: over 0.95)


@dataclass(frozen=True)
class RefinedLandmarks:
    """What was seen: points (68, 2) px, score in [0, 1], spread between looks in eye distances."""

    points: np.ndarray
    score: float
    spread: float


@dataclass(frozen=True)
class Frame:
    """A square of the picture: centre and side in pixels, lean in radians."""

    x: float
    y: float
    side: float
    lean: float = 0.0

    def matrix(self) -> np.ndarray:
        """The 2 x 3 matrix from picture pixels to pixels of the crop."""
        scale = SIDE / self.side
        c, s = np.cos(self.lean) * scale, np.sin(self.lean) * scale
        turn = np.array([[c, s], [-s, c]])
        middle = np.array([self.x, self.y])
        return np.concatenate([turn, ((SIDE - 1) / 2 - turn @ middle)[:, None]], 1)


def refine_landmarks(
    net: LandmarkNet,
    rgb: np.ndarray,
    places: list[tuple[float, float, float]],
    least: float = LEAST_FACE,
) -> list[RefinedLandmarks]:
    """Refine places (x, y, side of the FFHQ square) to faces; those that are none fall out.

    `least` is the score a face needs; lower it where a face is known to be.
    """
    if not places:
        return []
    frames = [Frame(x, y, side * s) for x, y, side in places for s in (0.85, 1.2)]
    points, sure = detect_points(net, rgb, frames)
    best = [max((2 * i, 2 * i + 1), key=lambda k: sure[k]) for i in range(len(places))]
    best = [k for k in best if sure[k] > 0.15]
    if not best:
        return []
    for _ in range(2):  # recrop upright and at the right size, look again
        frames = [frame_of(points[k]) for k in best]
        points, sure = detect_points(net, rgb, frames)
        best = list(range(len(frames)))
    return _distinct([_judge(net, rgb, one) for one in _different(points, sure)], least)


def detect_points(
    net: LandmarkNet, rgb: np.ndarray, frames: list[Frame]
) -> tuple[list[np.ndarray], list[float]]:
    """One pass over several squares: points in picture pixels, confidence each."""
    crops = np.stack([cut(rgb, frame) for frame in frames])
    with torch.no_grad():
        out, _, face = net(to_tensor(crops))
    places = out.numpy().astype(np.float64) * SIDE - 0.5
    points = [
        move_points(p, _invert(frame.matrix())) for p, frame in zip(places, frames, strict=True)
    ]
    return points, face.sigmoid().tolist()


def cut(rgb: np.ndarray, frame: Frame) -> np.ndarray:
    """The square as uint8 (128, 128, 3); edges replicated, shrunk without aliasing."""
    import cv2

    factor = frame.side / SIDE
    if factor < 1.5:
        out = cv2.warpAffine(
            rgb, frame.matrix(), (SIDE, SIDE), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(out)
    whole = int(np.ceil(factor))
    matrix = frame.matrix() * whole
    matrix[:, 2] += (whole - 1) / 2
    big = cv2.warpAffine(
        rgb, matrix, (SIDE * whole,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(big, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def frame_of(points: np.ndarray, scale: float = 1.0) -> Frame:
    """The FFHQ square of the points, upright for the face."""
    quad = ffhq_quad(points)
    across = quad[3] - quad[0]
    x, y = quad.mean(0)
    side = max(float(np.hypot(*across)), 8.0)
    return Frame(float(x), float(y), side * scale, float(np.arctan2(across[1], across[0])))


def _judge(net: LandmarkNet, rgb: np.ndarray, points: np.ndarray) -> RefinedLandmarks:
    """Mean of several slightly different looks, mirrored ones too."""
    frame = frame_of(points)
    nudges = ((0, 0, 1.0), (0.04, 0.02, 0.92), (-0.04, 0.03, 1.08), (0.01, -0.05, 1.18))
    c, s = np.cos(frame.lean) * frame.side, np.sin(frame.lean) * frame.side
    frames = [
        Frame(frame.x + c * dx - s * dy, frame.y + s * dx + c * dy, frame.side * k, frame.lean)
        for dx, dy, k in nudges
    ]
    crops = np.stack([cut(rgb, f) for f in frames])
    both = np.concatenate([crops, crops[:, :, ::-1]])
    with torch.no_grad():
        out, labels, face = net(to_tensor(both))
    places = out.numpy().astype(np.float64)
    head = _head_share(labels[0], places[0])
    mirrored = places[len(frames) :, MIRROR].copy()
    mirrored[..., 0] = 1 - mirrored[..., 0]
    seen = np.stack(
        [
            move_points(p * SIDE - 0.5, _invert(frames[i % len(frames)].matrix()))
            for i, p in enumerate([*places[: len(frames)], *mirrored])
        ]
    )
    mean = np.asarray(np.median(seen, 0))
    eyes = np.hypot(*(mean[36:42].mean(0) - mean[42:48].mean(0)))
    spread = float(np.hypot(*(seen - mean).reshape(-1, 2).T).mean() / max(eyes, 1e-3))
    sure = float(torch.sigmoid(face.float().mean() - EVEN_LOGIT))
    possible = plausible(mean, rgb.shape[0], rgb.shape[1])
    if not possible or spread > MOST_SPREAD or head < LEAST_HEAD:
        sure = 0.0
    return RefinedLandmarks(mean, sure * float(np.exp(-spread)), spread)


def _head_share(logits: torch.Tensor, points: np.ndarray) -> float:
    """How much of the hull of points (68, 2) in 0..1 is head, or hidden by a thing before it, by
    label logits (K, h, w)."""
    import cv2

    labels = np.asarray(logits.argmax(0).numpy())
    hull = np.zeros(labels.shape, np.uint8)
    places = np.rint(points * labels.shape[::-1] - 0.5).astype(np.int32)
    cv2.fillConvexPoly(hull, cv2.convexHull(places), 1)
    return float((labels[hull > 0] >= HEAD_LABELS.start).mean()) if hull.any() else 0.0


def plausible(points: np.ndarray, height: int, width: int) -> bool:
    """Whether 68 points could be a face whose middle lies in the picture."""
    left, right = points[36:42].mean(0), points[42:48].mean(0)
    mouth, chin = points[48:60].mean(0), points[8]
    across, down = right - left, mouth - (left + right) / 2
    eyes, drop = np.hypot(*across), np.hypot(*down)
    x, y = points[27:36].mean(0)
    upright = across[0] * down[1] - across[1] * down[0] > 0.5 * eyes * drop
    ratio = 0.55 < drop / max(eyes, 1e-3) < 2.2
    below = (chin - mouth) @ down > 0
    return bool(eyes > 4 and upright and ratio and below and 0 < x < width and 0 < y < height)


def _different(points: list[np.ndarray], sure: list[float]) -> list[np.ndarray]:
    """Faces that several candidates led to, once each: the long look is dear."""
    kept: list[np.ndarray] = []
    for k in np.argsort(sure)[::-1]:
        frame = frame_of(points[k])
        others = [frame_of(other) for other in kept]
        if all(_apart(frame, o) or not 0.75 < frame.side / o.side < 1.33 for o in others):
            kept.append(points[k])
    return kept


def _distinct(looks: list[RefinedLandmarks], least: float) -> list[RefinedLandmarks]:
    kept: list[RefinedLandmarks] = []
    for look in sorted(looks, key=lambda item: -item.score):
        if look.score < max(least, 1e-6):  # 0: no face at all
            continue
        frame = frame_of(look.points)
        if all(_apart(frame, frame_of(other.points)) for other in kept):
            kept.append(look)
    return kept


def _apart(one: Frame, other: Frame) -> bool:
    far = float(np.hypot(one.x - other.x, one.y - other.y))
    return far > 0.35 * max(one.side, other.side)


def _invert(matrix: np.ndarray) -> np.ndarray:
    turn = np.linalg.inv(matrix[:, :2])
    return np.concatenate([turn, (-turn @ matrix[:, 2])[:, None]], 1)
