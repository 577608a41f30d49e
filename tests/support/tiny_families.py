"""Tiny Stable Diffusion 1.x and XL side by side: their folders, and their bases opened."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.core.diffusion.base import Base, open_base
from tests.support.tiny_real import make_folder

FAMILIES = ("sd15", "sdxl")
PROMPT = "a photo of a woman in snow"
W = (18, 16)


def make_folders(root: Path) -> dict[str, Path]:
    """A folder of each family under ``root``."""
    return {family: make_folder(root / family, family) for family in FAMILIES}


def open_bases(folders: dict[str, Path]) -> dict[str, Base]:
    """The base of each family's folder."""
    return {family: open_base(folders[family], None, W) for family in FAMILIES}
