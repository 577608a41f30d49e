"""A home with tiny real bases and the W+ networks, and pictures of people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli.core.images import save_png
from pidiff_cli.stages.pretrain import people as people_module
from tests.support.faces_fake import Drawn, Finder, draw_people
from tests.support.tiny_base import make_wplus

Draw = Callable[..., Path]


@pytest.fixture
def draw(home: Path, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Draws people, one a picture, into a folder; they are the only faces that are found."""
    finder = Finder()
    monkeypatch.setattr(people_module, "find_faces", finder)
    monkeypatch.setattr(people_module, "head_mask", lambda a, _: np.ones(a.shape[:2], np.float32))
    (home / "models" / "ffhq").mkdir(parents=True)
    make_wplus(home / "models" / "ffhq")
    for family in ("sd15", "sdxl"):
        (home / "models" / family).mkdir(parents=True)
        (home / "models" / family / "diffusers").symlink_to(folders[family])

    def drawn(album: Path, count: int, size: tuple[int, int] = (400, 400)) -> Path:
        album.mkdir(exist_ok=True)
        for i in range(count):
            person = Drawn(180 + 10 * i, 200, 100 + 10 * i, (220, 60 + 30 * i, 60))
            picture = finder.remember(draw_people([person], size), [person])
            save_png(album / f"{size[0]}-{i}.png", picture)
        return album

    return drawn
