"""Tiny pictures with and without a record, honest and not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.core.images import save_png

SETTINGS = {"steps": 14, "guidance": 2.5, "identity_scale": 1.0, "hold": 0.07, "negative": ""}


def record(prompt: str = "as a chef", seed: int = 3, **more: Any) -> dict[str, Any]:
    """What a drawn picture holds."""
    return {
        "prompt": prompt, "full_prompt": f"a photo of a woman {prompt}", "seed": seed,
        "settings": SETTINGS, "profile": {"id": "a" * 32}, "base": {"name": "mini"},
        "versions": {"pidiff": "0.1.0", "torch": "2.13.0"}, **more,
    }  # fmt: skip


def picture(path: Path, told: dict[str, Any] | None, shade: int = 90, date: int = 0) -> Path:
    """A small plain picture; dates are days after another."""
    save_png(path, np.full((24, 16, 3), shade, np.uint8), told)
    when = 1_700_000_000 + 86_400 * date
    os.utime(path, (when, when))
    return path


@pytest.fixture
def pics(tmp_path: Path) -> Path:
    """Three drawn pictures, a stranger's photo below, two broken files."""
    folder = tmp_path / "pics"
    picture(folder / "one.png", record("as a chef", 3), 10, date=1)
    picture(folder / "two.png", record("in the snow", 12), 20, date=2)
    picture(folder / "three.png", record("as a chef", 5, profile={"id": "b" * 32}), 30, date=3)
    picture(folder / "sub" / "holiday, 50% #1?.png", None, 40, date=4)
    (folder / "cut.png").write_bytes((folder / "one.png").read_bytes()[:60])
    (folder / "words.jpg").write_text("not a picture")
    (folder / ".hidden.png").write_bytes(b"passed over")
    return folder
