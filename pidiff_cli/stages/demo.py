"""Pictures to try the program on: a drawn person no network saw, and one real portrait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pidiff_cli.core.images import save_png
from pidiff_cli.files import PUBLIC, write_file

#: Four portraits (256, 256) of one person of mini's drawn world, held out of every training.
PORTRAITS, NOUN = Path(__file__).parent / "portraits", "man"


@dataclass(frozen=True)
class DemoPhotos:
    """Folders of demo photos: `drawn` holds four portraits of one person, `real` one photo."""

    drawn: Path
    noun: str
    real: Path


def run(out: Path) -> DemoPhotos:
    """Copy the demo's photos to `out/photos/`.

    Args:
        out: the demo's folder; made when missing.
    """
    drawn, real = out / "photos" / "drawn", out / "photos" / "astronaut"
    for folder in (drawn, real):
        folder.mkdir(parents=True, exist_ok=True)
    for portrait in sorted(PORTRAITS.glob("*.png")):
        write_file(drawn / portrait.name, portrait.read_bytes(), PUBLIC)
    import skimage.data

    save_png(real / "astronaut.png", np.asarray(skimage.data.astronaut(), np.uint8))
    return DemoPhotos(drawn=drawn, noun=NOUN, real=real)
