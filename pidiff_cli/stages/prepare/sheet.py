"""The contact sheet: every photo that was looked at, its faces, and kept or why not."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pidiff_cli.files import said
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.prepare.photos import Album, PhotoCandidate
from pidiff_cli.stages.results import RejectedPhoto

TILE, TEXT, GAP = 180, 52, 10  # px: side of a photo's place, height of the words, between places
ACROSS = 6
PAPER, INK, FAINT = (250, 250, 248), (30, 30, 30), (150, 150, 150)
KEPT, LEFT_OUT = (22, 130, 60), (190, 60, 20)
SHADES = 256  # colours of the sheet: a third of the bytes


@dataclass(frozen=True)
class Tile:
    """One photo's place: its picture, boxes in the picture's pixels, and the words below."""

    picture: np.ndarray | None  # uint8 (H, W, 3), or None where it could not be read
    boxes: tuple[tuple[float, float, float, float], ...]
    chosen: int | None  # index of the person's box
    title: str
    words: str
    kept: bool


def contact_sheet(
    paths: list[Path], album: Album, kept: list[Choice], rejected: list[RejectedPhoto]
) -> np.ndarray:
    """The photos in their order, uint8 (H, W, 3): the person's face framed, others faintly."""
    chosen = {said(choice.candidate.path): choice for choice in kept}
    reasons = {item.file: item.reason for item in rejected}
    read = {said(candidate.path): candidate for candidate in album.candidates}
    return _laid_out(
        [
            _tile(path, read.get(said(path)), chosen.get(said(path)), reasons.get(said(path), ""))
            for path in paths
        ]
    )


def _tile(path: Path, candidate: PhotoCandidate | None, choice: Choice | None, reason: str) -> Tile:
    words = f"kept, quality {choice.quality:.2f}" if choice else reason
    title = said(path.name)
    if candidate is None:
        return Tile(None, (), None, title, words, kept=False)
    boxes = tuple(
        (x0 / candidate.factor, y0 / candidate.factor, x1 / candidate.factor, y1 / candidate.factor)
        for x0, y0, x1, y1 in (face.box for face in candidate.faces)
    )
    place = choice.rank if choice else None
    return Tile(candidate.work, boxes, place, title, words, kept=choice is not None)


def _laid_out(tiles: list[Tile]) -> np.ndarray:
    across = min(ACROSS, max(len(tiles), 1))
    down = -(-len(tiles) // across)
    step = TILE + GAP, TILE + TEXT + GAP
    sheet = Image.new("RGB", (GAP + across * step[0], GAP + down * step[1]), PAPER)
    for i, tile in enumerate(tiles):
        _draw(sheet, tile, GAP + (i % across) * step[0], GAP + (i // across) * step[1])
    return np.asarray(sheet.quantize(SHADES, dither=Image.Dither.NONE).convert("RGB"))


def _draw(sheet: Image.Image, tile: Tile, x: int, y: int) -> None:
    pen = ImageDraw.Draw(sheet)
    colour = KEPT if tile.kept else LEFT_OUT
    if tile.picture is not None:
        scale = TILE / max(tile.picture.shape[:2])
        small = Image.fromarray(tile.picture)
        small.thumbnail((TILE, TILE))
        left, top = x + (TILE - small.width) // 2, y + (TILE - small.height) // 2
        sheet.paste(small, (left, top))
        for i, (x0, y0, x1, y1) in enumerate(tile.boxes):
            own = i == tile.chosen
            frame = [left + x0 * scale, top + y0 * scale, left + x1 * scale, top + y1 * scale]
            pen.rectangle(frame, outline=colour if own else FAINT, width=3 if own else 1)
    pen.rectangle([x, y, x + TILE - 1, y + TILE - 1], outline=colour, width=2)
    _write(pen, tile, x, y + TILE + 3, colour)


def _write(
    pen: ImageDraw.ImageDraw, tile: Tile, x: int, y: int, colour: tuple[int, int, int]
) -> None:
    font = ImageFont.load_default(12)
    title = tile.title if len(tile.title) <= 27 else f"{tile.title[:12]}…{tile.title[-14:]}"
    pen.text((x, y), title, INK, font)
    for i, line in enumerate(textwrap.wrap(tile.words, 30)[:2]):
        pen.text((x, y + 16 * (i + 1)), line, colour, font)
