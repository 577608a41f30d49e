"""Which pixels are the head: face, hair, ears, neck and what is worn on it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from pidiff_cli.core.faces.choice import choose_face_models
from pidiff_cli.core.faces.nets import FOLDER, HEAD_LABELS, LandmarkNet, open_net
from pidiff_cli.core.faces.parsenet import ParseNet, parse_head
from pidiff_cli.core.faces.published import find_file
from pidiff_cli.core.images import to_tensor
from pidiff_cli.core.tensors.load import load_strictly, read_tensors
from pidiff_cli.errors import MissingWeightError

SIDE = 128


def head_mask(
    aligned: np.ndarray,
    folder: Path = FOLDER,
    refine: bool = True,
    points: np.ndarray | None = None,
    device: str = "cpu",
) -> np.ndarray:
    """The head in an FFHQ-aligned face.

    Args:
        aligned: uint8 (S, S, 3).
        folder: the face nets of a base. mini's give a mask by its own net (an ellipse stands in
            where it is missing); for the real bases a parser if it is there, else the package's
            net joined with the hull of the landmarks, as far as they are known.
        refine: follow the picture's own colour edges (cv2.grabCut, then a guided filter).
        points: (68, 2) px of the square, where they are known.

    Returns:
        float32 (S, S) in [0, 1]: 1 on face, hair, ears, neck; 0 on background and clothes.
    """
    chosen = choose_face_models(folder)
    if not chosen.real:
        return _by_net(aligned, folder, refine)
    if chosen.mask == "parser":
        return parse_head(_parser(find_file(chosen.folder, "parser"), device), aligned, device)
    mask = _by_net(aligned, FOLDER, refine)
    if points is None:
        return mask
    return np.maximum(mask, hull_mask(points, *aligned.shape[:2]))


@lru_cache(maxsize=1)
def _parser(path: Path, device: str) -> ParseNet:
    net = ParseNet()
    load_strictly(net, read_tensors(path), path)
    return net.eval().requires_grad_(False).to(device)


def _by_net(aligned: np.ndarray, folder: Path, refine: bool) -> np.ndarray:
    import cv2

    size = aligned.shape[0]
    small = cv2.resize(aligned, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    try:
        rough = _from_net(small, folder)
    except MissingWeightError:
        rough = _ellipse()
    mask = cv2.resize(rough, (size, size), interpolation=cv2.INTER_LINEAR)
    if not refine:
        return np.asarray(mask)
    cut = _grab_cut(small, rough)
    if cut is not None:
        mask = cv2.resize(0.45 * rough + 0.55 * cut, (size, size), interpolation=cv2.INTER_LINEAR)
    soft = guided_filter(aligned, np.asarray(mask), max(2, size // 48), 4e-4)
    sharp = np.clip((soft - 0.5) * 1.6 + 0.5, 0, 1)
    return _largest(sharp.astype(np.float32))


def hull_mask(landmarks: np.ndarray, height: int, width: int) -> np.ndarray:
    """The convex hull of 68 points, raised over the forehead: float32 (height, width), 0 or 1."""
    import cv2

    eyes, chin = landmarks[36:48].mean(0), landmarks[8]
    top = landmarks[17:27] + 0.55 * (eyes - chin)
    points = np.concatenate([landmarks, top]).astype(np.int32)
    mask = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(points), 1.0)
    return mask


def guided_filter(rgb: np.ndarray, mask: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """He's guided filter with a grey guide: the mask (S, S) follows the picture's edges."""
    import cv2

    guide = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255

    def mean(x: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.boxFilter(x, -1, (2 * radius + 1,) * 2))

    g, m = mean(guide), mean(mask)
    a = (mean(guide * mask) - g * m) / (mean(guide * guide) - g * g + eps)
    out = mean(a) * guide + mean(m - a * g)
    return np.clip(out, 0, 1).astype(np.float32)


def _from_net(small: np.ndarray, folder: Path) -> np.ndarray:
    """Mean over the picture and its mirror image: float32 (128, 128)."""
    net = open_net(LandmarkNet, folder, "landmarks")
    both = to_tensor(np.stack([small, small[:, ::-1]]))
    with torch.no_grad():
        labels = net(both)[1].softmax(1)[:, HEAD_LABELS].sum(1)  # (2, 64, 64)
        head = (labels[0] + labels[1].flip(-1)) / 2
        big = torch.nn.functional.interpolate(
            head[None, None], (SIDE, SIDE), mode="bilinear", align_corners=False
        )
    return np.asarray(big[0, 0].numpy())


def _grab_cut(rgb: np.ndarray, rough: np.ndarray) -> np.ndarray | None:
    """Cut along the colours, seeded by the net; None where that goes far from the net's word."""
    import cv2

    sure = cv2.erode((rough > 0.85).astype(np.uint8), np.ones((5, 5), np.uint8))
    # Beyond a few pixels from where the net sees a head, colours that resemble it are not it.
    never = 1 - cv2.dilate((rough > 0.4).astype(np.uint8), np.ones((9, 9), np.uint8))
    if sure.sum() < 100 or never.sum() < 100:
        return None
    state = np.where(rough > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    state[sure > 0], state[never > 0] = cv2.GC_FGD, cv2.GC_BGD
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(
            cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), state, None, *models, 3, cv2.GC_INIT_WITH_MASK
        )
    except cv2.error:
        return None
    cut = ((state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)).astype(np.float32)
    net = rough > 0.5
    agree = (net & (cut > 0)).sum() / max((net | (cut > 0)).sum(), 1)
    return cut if agree > 0.75 else None


def _largest(mask: np.ndarray) -> np.ndarray:
    """Drop what hangs together with no head."""
    import cv2

    count, parts, stats, _ = cv2.connectedComponentsWithStats((mask > 0.4).astype(np.uint8))
    if count <= 2:
        return mask
    main = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    near = cv2.dilate((parts == main).astype(np.float32), np.ones((5, 5), np.uint8))
    return np.asarray(mask * near, dtype=np.float32)


def _ellipse() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    distance = np.hypot((x - 0.5) / 0.36, (y - 0.5) / 0.46)
    return np.clip((1.05 - distance) * 10, 0, 1).astype(np.float32)
