"""Pictures of coloured panels: a panel is a face, its colour is whose; a black one is nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pidiff_cli.core.images import save_png
from pidiff_cli.profile.world import PHOTOGRAPHS
from pidiff_cli.stages.judge.readers import Encoder, Readers
from tests.support.faces_fake import face_points

SIDE = 64
Colour = tuple[int, int, int]


def panels(*colours: Colour) -> np.ndarray:
    """uint8 (64, 64 n, 3)."""
    blocks = [np.full((SIDE, SIDE, 3), colour, np.uint8) for colour in colours]
    return np.concatenate(blocks, axis=1)


def put(
    folder: Path, *pictures: Sequence[Colour], names: Sequence[str] = (), **records: Any
) -> Path:
    """A folder of such pictures, `00.png` and on."""
    for i, colours in enumerate(pictures):
        name = names[i] if names else f"{i:02d}.png"
        record = {key: values[i] for key, values in records.items()} or None
        save_png(folder / name, panels(*colours), record)
    return folder


def _find(picture: np.ndarray) -> list[np.ndarray]:
    count = picture.shape[1] // SIDE
    return [
        face_points(SIDE * (i + 0.5), SIDE / 2, 40.0)
        for i in range(count)
        if picture[SIDE // 2, SIDE * i + SIDE // 2].max() > 10
    ]


def _embed(picture: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
    rows = []
    for points in places:
        middle = int(points[:, 0].mean() // SIDE) * SIDE + SIDE // 2
        colour = picture[SIDE // 2, middle].astype(np.float32) - 100
        rows.append(colour / np.linalg.norm(colour))
    return np.stack(rows)


def panel_readers(*_: Any, **__: Any) -> Readers:
    """Networks that know panels, in place of those of `readers_for`."""
    encoders = tuple(
        Encoder(n, f"{n}.onnx", n * 8, s, _embed) for n, s in (("colour", 0.5), ("hue", None))
    )
    return Readers(PHOTOGRAPHS, _find, encoders)
