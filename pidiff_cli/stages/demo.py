"""Pictures to try the program on: a drawn person no network saw, and one real portrait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pidiff_cli.core.images import save_png

HELD_OUT = 1_000_000  # persons from this id on are never drawn for training
SIDE = 256  # px of the drawn photos, the most that the world draws


@dataclass(frozen=True)
class DemoPhotos:
    """Folders of demo photos: `drawn` holds four portraits of one person, `real` one photo."""

    drawn: Path
    noun: str
    real: Path


def run(out: Path, person_id: int = HELD_OUT + 7) -> DemoPhotos:
    """Draw and copy the demo's photos under `out/photos/`.

    Args:
        out: the demo's folder; made when missing.
        person_id: from 1,000,000 on, a person that no network saw in training.
    """
    drawn, real = out / "photos" / "drawn", out / "photos" / "astronaut"
    for folder in (drawn, real):
        folder.mkdir(parents=True, exist_ok=True)
    noun = _draw_portraits(drawn, person_id)
    import skimage.data

    save_png(real / "astronaut.png", np.asarray(skimage.data.astronaut(), np.uint8))
    return DemoPhotos(drawn=drawn, noun=noun, real=real)


def _draw_portraits(folder: Path, person_id: int) -> str:
    from mini.world.context import sample_context
    from mini.world.people import sample_person
    from mini.world.render import draw

    person = sample_person(person_id)
    looks = (
        ("neutral", "library", -12.0),
        ("smile", "beach", 8.0),
        ("neutral", "forest", 16.0),
        ("smile", "studio", 0.0),
    )
    for number, (expression, scene, yaw) in enumerate(looks, start=1):
        context = sample_context(
            np.random.default_rng([person_id, number]),
            expression=expression,
            scene=scene,
            yaw=yaw,
            role="casual",
            style="photo",
            headgear=False,
            glasses="none",
        )
        picture: npt.NDArray[np.uint8] = draw(person, context, SIDE).rgb
        save_png(folder / f"portrait_{number}.png", picture)
    return person.noun
