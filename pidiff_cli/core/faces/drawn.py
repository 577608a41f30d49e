"""Drawn portraits or photographs: which networks a set of pictures is for.

mini's networks learnt on drawings and tell drawn people apart (AUC 0.998 for SFace's 0.97); SFace
does photographs (1.000 for 0.86). Its own space keeps the two worlds apart: one axis, learnt by
`benchmarks/quality/drawn_axis.py`, whose file says how sure it is.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("drawn.json")


def are_drawn(codes: np.ndarray) -> bool:
    """Whether most of these faces are drawn; one set of photos is taken for one or the other.

    Args:
        codes: (N, 128) SFace's embeddings, unit length, N at least 1.
    """
    axis, middle = _axis()
    return float(np.median(codes @ axis)) > middle


@lru_cache(maxsize=1)
def _axis() -> tuple[np.ndarray, float]:
    told = json.loads(FILE.read_text(encoding="utf-8"))
    return np.asarray(told["axis"]), float(told["middle"])
