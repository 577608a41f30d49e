"""Wrote tests/fixtures/world_narrow.npz: what the narrow world draws. Never write it anew.

Every network of mini was trained on this world, and every benchmark draws from it, so it may not
change. Per picture of `cases()`: the means of 8 x 8 blocks (float32, so that another processor's
last bit is no change, yet one pixel moved by 30 levels is), counts of the labels, landmarks,
factors; captions as one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.support.places import FIXTURES

TARGET = FIXTURES / "world_narrow.npz"
SCENES = (
    "studio", "beach", "forest", "snow", "city", "space", "library", "garden", "desert",
    "kitchen", "underwater", "mountains", "castle", "stage",
)  # fmt: skip
STYLES = ("photo", "oil", "pencil", "watercolour", "pop", "linocut")


def cases() -> Iterator[tuple[int, int, dict[str, Any]]]:
    """(person id, context seed, fixed fields): every scene, every style, some of everything."""
    fixed: list[dict[str, Any]] = [{"scene": s} for s in SCENES] + [{"style": s} for s in STYLES]
    for i, fields in enumerate(fixed + [{}] * 4):
        yield 7 * i + (1_000_000 if i % 3 == 0 else 0), i, fields


def measure() -> dict[str, np.ndarray]:
    """What the fixture holds, of the code as it is."""
    from mini.world.context import sample_context
    from mini.world.people import sample_person
    from mini.world.render import draw

    rows: dict[str, list[Any]] = {
        name: [] for name in ("blocks", "labels", "landmarks", "factors", "captions")
    }
    for person, seed, fields in cases():
        made = draw(sample_person(person), sample_context(np.random.default_rng(seed), **fields))
        blocks = made.rgb.astype(np.float64).reshape(8, 16, 8, 16, 3).mean((1, 3))
        rows["blocks"].append(blocks.astype(np.float32))
        rows["labels"].append(np.bincount(made.labels.ravel(), minlength=8).astype(np.int32))
        rows["landmarks"].append(made.landmarks)
        rows["factors"].append(made.factors)
        rows["captions"].append(made.caption)
    return {name: np.array(values) for name, values in rows.items()}


def main() -> None:
    """Write the fixture."""
    np.savez_compressed(TARGET, **measure())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
