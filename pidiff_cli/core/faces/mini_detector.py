"""Places where a head may be: scikit-image's LBP cascade and mini's own finder.

Many of them are wrong; the landmark net of `refinement` looks at each and judges.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pidiff_cli.core.faces.choice import choose_face_models
from pidiff_cli.core.faces.nets import FOLDER, FaceFinder, open_net
from pidiff_cli.core.images import shrink, to_tensor

WORK_SIDE = 640  # px, the longer side at which faces are searched


@dataclass(frozen=True)
class HeadCandidate:
    """A head may be here: centre and side of its FFHQ square in pixels."""

    x: float
    y: float
    side: float
    score: float


def candidates(rgb: np.ndarray, folder: Path = FOLDER) -> list[HeadCandidate]:
    """Places worth a closer look by mini's nets, in pixels of `rgb`; many are wrong."""
    folder = FOLDER if choose_face_models(folder).real else folder
    small, factor = shrink(rgb, WORK_SIDE)
    found = _from_cascade(small) + _from_finder(small, folder)
    return [
        HeadCandidate(c.x * factor, c.y * factor, c.side * factor, c.score)
        for c in _distinct(found)
    ]


_ONE = threading.Lock()  # the cascade keeps a state while it looks


@lru_cache(maxsize=1)
def _cascade() -> Any:
    from skimage import data
    from skimage.feature import Cascade

    return Cascade(data.lbp_frontal_face_cascade_filename())


def _from_cascade(rgb: np.ndarray) -> list[HeadCandidate]:
    """Frontal faces by local binary patterns, upright and leaning by 20 degrees."""
    import cv2

    height, width = rgb.shape[:2]
    least = max(20, min(height, width) // 16)
    if min(height, width) < 40:
        return []
    found = []
    for lean in (0, -20, 20):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), lean, 1.0)
        turned = rgb
        if lean:
            border = cv2.BORDER_REPLICATE
            turned = cv2.warpAffine(rgb, turn, (width, height), borderMode=border)
        with _ONE:
            boxes = _cascade().detect_multi_scale(
                img=turned, scale_factor=1.2 if lean else 1.15, step_ratio=1.3 if lean else 1,
                min_size=(least, least), max_size=(min(height, width),) * 2, min_neighbor_number=2,
            )  # fmt: skip
        back = cv2.invertAffineTransform(turn)
        for box in boxes:
            side = float(box["width"])
            x, y = back @ [box["c"] + side / 2, box["r"] + side / 2, 1.0]
            found.append(HeadCandidate(float(x), float(y), 1.8 * side, 0.5))
    return found


def _from_finder(rgb: np.ndarray, folder: Path) -> list[HeadCandidate]:
    """Heads by mini's finder on a pyramid in steps of 1.6."""
    import cv2

    net = open_net(FaceFinder, folder, "finder")
    found: list[HeadCandidate] = []
    factor = 1.0 if min(rgb.shape[:2]) > 200 else 0.625  # small pictures: look for small heads too
    while True:
        size = [round(n / factor) for n in rgb.shape[1::-1]]
        if max(size) < 48:
            return found
        resize = cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR
        level = cv2.resize(rgb, size, interpolation=resize)
        pad = 32
        extra = [-n % 8 for n in size]
        level = cv2.copyMakeBorder(
            level, pad, pad + extra[1], pad, pad + extra[0], cv2.BORDER_REPLICATE
        )
        for c in _peaks(net, level):
            found.append(
                HeadCandidate((c.x - pad) * factor, (c.y - pad) * factor, c.side * factor, c.score)
            )
        factor *= 1.6


def _peaks(net: FaceFinder, rgb: np.ndarray, least: float = 0.2) -> list[HeadCandidate]:
    with torch.no_grad():
        centre, size, offset = net(to_tensor(rgb))
    heat = centre[0].sigmoid()
    top = torch.nn.functional.max_pool2d(heat[None], 3, 1, 1)[0]
    rows, columns = torch.nonzero((heat == top) & (heat > least), as_tuple=True)
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        dx, dy = offset[0, :, row, column].tolist()
        side = 64.0 * 2.0 ** float(size[0, row, column].clamp(-1.5, 1.5))
        x, y = (column + 0.5 + dx) * 8, (row + 0.5 + dy) * 8
        found.append(HeadCandidate(x, y, side, float(heat[row, column])))
    return sorted(found, key=lambda c: -c.score)[:12]


def _distinct(found: list[HeadCandidate]) -> list[HeadCandidate]:
    """One candidate a place and size; one that several detectors saw gets a higher score."""
    kept: list[HeadCandidate] = []
    for one in sorted(found, key=lambda c: -c.score):
        for i, other in enumerate(kept):
            near = np.hypot(one.x - other.x, one.y - other.y) < 0.25 * other.side
            if near and 0.7 < one.side / other.side < 1.4:
                kept[i] = replace(other, score=min(1.0, other.score + 0.2))
                break
        else:
            kept.append(one)
    return sorted(kept, key=lambda c: -c.score)[:24]
