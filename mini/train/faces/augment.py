"""Hard augmentation that makes nets trained on drawings hold on photographs.

Everything is numpy and cv2 on one picture at a time, about a millisecond each at 128 px.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pidiff_cli.core.faces.align import ffhq_quad
from pidiff_cli.core.faces.refinement import MIRROR

SIDE = 128
# Photographs without people that scikit-image carries.
REAL_TEXTURES = (
    "brick.png", "grass.png", "gravel.png", "chelsea.png", "coffee.png", "coins.png",
    "rocket.jpg", "moon.png", "page.png", "text.png", "motorcycle_left.png", "ihc.png",
    "hubble_deep_field.jpg",
)  # fmt: skip


class Textures:
    """A pool of backgrounds: noise, gradients, shapes, and pieces of real photographs."""

    def __init__(self, seed: int = 0, count: int = 160, real: bool = True) -> None:
        rng = np.random.default_rng(seed)
        self.pool = [_procedural(rng) for _ in range(count)]
        if real:
            self.pool += _real_pieces(rng, count)

    def crop(self, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        """uint8 (height, width, 3), a random piece, mirrored and tinted at random."""
        source = self.pool[int(rng.integers(len(self.pool)))]
        h, w = source.shape[:2]
        side = int(rng.uniform(0.3, 1.0) * min(h, w))
        y, x = int(rng.integers(h - side + 1)), int(rng.integers(w - side + 1))
        piece = cv2.resize(source[y : y + side, x : x + side], (width, height))
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        return recolour(np.ascontiguousarray(piece), rng, 0.5)


@dataclass(frozen=True)
class Crop:
    """One training crop: rgb u8 (S, S, 3), labels u8 (S, S), points f32 (68, 2) px of the crop."""

    rgb: np.ndarray
    labels: np.ndarray
    points: np.ndarray


def face_crop(
    rgb: np.ndarray,
    labels: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
    textures: Textures,
    *,
    scale: float,
    shift: tuple[float, float],
    roll: float,
    bend: float = 0.0,
    new_background: bool = True,
    clear_body: bool = False,
    level: float = 0.7,
    flip: bool = True,
    stretch: float = 0.08,
) -> Crop:
    """Cut a square around the head with similarity, mirror, bend and a new background.

    Args:
        scale: side of the crop over the side of the FFHQ square.
        shift: of the centre, in sides of the FFHQ square.
        roll: degrees.
        bend: strength of a smooth random distortion, px of the crop.
        level: chance that the head's own lean is taken out before `roll`.
        flip: mirror half of the crops.
        stretch: largest change of the aspect.
    """
    quad = ffhq_quad(points)
    centre, across = quad.mean(0), (quad[3] - quad[0])
    side = float(np.hypot(*across))
    level = np.arctan2(across[1], across[0]) * (rng.random() < level)
    angle = float(level + np.deg2rad(roll))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn * (side * scale / SIDE)
    wide = rng.uniform(1 - stretch, 1 + stretch)
    matrix = matrix @ np.diag([wide, 1 / wide])
    middle = centre + turn @ (np.asarray(shift) * side)
    offset = middle - matrix @ np.full(2, (SIDE - 1) / 2)

    dx, dy = _bend_fields(rng, bend)
    grid_y, grid_x = _GRID
    sx = (matrix[0, 0] * (grid_x + dx) + matrix[0, 1] * (grid_y + dy) + offset[0]).astype("f4")
    sy = (matrix[1, 0] * (grid_x + dx) + matrix[1, 1] * (grid_y + dy) + offset[1]).astype("f4")
    out = cv2.remap(rgb, sx, sy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    border = cv2.BORDER_REPLICATE if not new_background else cv2.BORDER_CONSTANT
    maps = cv2.remap(labels, sx, sy, cv2.INTER_NEAREST, borderMode=border, borderValue=0)
    moved = _inverse(points, matrix, offset, dx, dy)
    if new_background:
        gone = maps <= 1 if clear_body else maps == 0
        out = _blend(out, textures.crop(rng, SIDE, SIDE), gone.astype(np.float32), rng)
        if clear_body:
            maps = np.where(gone, 0, maps).astype(np.uint8)
    if flip and rng.random() < 0.5:
        out, maps, moved = mirror(out, maps, moved)
    return Crop(out, maps, moved.astype(np.float32))


def mirror(
    rgb: np.ndarray, labels: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left and right changed, the points' names too."""
    flipped = points[MIRROR].copy()
    flipped[:, 0] = rgb.shape[1] - 1 - flipped[:, 0]
    return np.ascontiguousarray(rgb[:, ::-1]), np.ascontiguousarray(labels[:, ::-1]), flipped


def occlude(crop: Crop, rng: np.random.Generator, textures: Textures) -> Crop:
    """Cover a part with an ellipse (a hand, a microphone, another head); it gets the label 0."""
    cover = np.zeros((SIDE, SIDE), np.float32)
    middle = tuple(int(v) for v in rng.uniform(0.1, 0.9, 2) * SIDE)
    axes = tuple(int(v) for v in rng.uniform(0.06, 0.22, 2) * SIDE)
    cv2.ellipse(cover, middle, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    rgb = _blend(crop.rgb, textures.crop(rng, SIDE, SIDE), cover, rng)
    return Crop(rgb, np.where(cover > 0.5, 0, crop.labels).astype(np.uint8), crop.points)


def photograph(rgb: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Light, colour, texture and camera faults, u8 -> u8. strength 1 is hard, 0.4 mild."""
    out = rgb
    if rng.random() < 0.55 * strength + 0.1:
        out = _relight(out, rng, strength)
    if rng.random() < 0.5 * strength:
        out = _roughen(out, rng, strength)
    out = recolour(out, rng, strength)
    return camera(out, rng)


def recolour(rgb: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Gamma, contrast, brightness, colour cast, saturation, sometimes grey; u8 -> u8."""
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    table = np.empty((1, 256, 3), np.uint8)
    gamma = np.exp(rng.normal(0, 0.35 * strength))
    gain = np.exp(rng.normal(0, 0.25 * strength))
    lift = rng.normal(0, 0.06 * strength)
    for channel in range(3):
        curve = levels ** (gamma * np.exp(rng.normal(0, 0.10 * strength)))
        curve = (curve - 0.5) * gain * np.exp(rng.normal(0, 0.08 * strength)) + 0.5 + lift
        table[0, :, channel] = np.clip(curve * 255, 0, 255)
    out = cv2.LUT(rgb, table)
    kind = rng.random()
    amount = 0.0 if kind < 0.12 * strength else float(np.exp(rng.normal(0, 0.35 * strength)))
    grey = np.full((3, 3), 1 / 3, np.float32) * (1 - amount) + np.eye(3, dtype=np.float32) * amount
    return np.asarray(cv2.transform(out, grey))


def camera(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, low resolution, noise and JPEG blocks, each now and then; u8 -> u8."""
    out = rgb
    kind = rng.random()
    if kind < 0.2:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.8)))
    elif kind < 0.4:
        small = int(SIDE * rng.uniform(0.25, 0.8))
        out = cv2.resize(out, (small, small), interpolation=cv2.INTER_AREA)
        out = cv2.resize(out, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)
    elif kind < 0.6:  # over-sharpened, as phones do
        soft = cv2.GaussianBlur(out, (0, 0), 1.2)
        out = cv2.addWeighted(out, 1 + (a := float(rng.uniform(0.3, 1.5))), soft, -a, 0)
    if rng.random() < 0.4:
        noise = rng.standard_normal(out.shape[:2] if rng.random() < 0.5 else out.shape, "f4")
        noise = noise if noise.ndim == 3 else noise[..., None]
        out = np.clip(out + noise * rng.uniform(2, 14), 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        flags = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))]
        out = np.asarray(cv2.imdecode(cv2.imencode(".jpg", out, flags)[1], cv2.IMREAD_COLOR))
    return np.asarray(out)


def smooth_field(rng: np.random.Generator, cells: int, side: int = SIDE) -> np.ndarray:
    """Smooth noise of unit variance, float32 (side, side)."""
    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC))


_GRID = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)


def _relight(rgb: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Multiply with a slope and soft blotches of light, a little coloured."""
    y, x = _GRID
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * (x / SIDE - 0.5) + np.sin(angle) * (y / SIDE - 0.5)) * 1.4
    field = slope * rng.normal(0, 0.7 * strength)
    field = field + smooth_field(rng, int(rng.integers(3, 6))) * rng.uniform(0, 0.3 * strength)
    if rng.random() < 0.25:  # a hard shadow's edge
        edge = slope + 0.2 * smooth_field(rng, 4) - rng.uniform(-0.3, 0.3)
        field = field - rng.uniform(0.2, 0.8) * strength / (1 + np.exp(-edge * 25))
    light = np.exp(np.clip(field, -1.6, 1.0))[..., None] * np.exp(rng.normal(0, 0.06, 3))
    return np.clip(rgb * light.astype(np.float32), 0, 255).astype(np.uint8)


def _roughen(rgb: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Skin-like grain, blotches and stripes of several sizes, multiplied in."""
    field = np.zeros((SIDE, SIDE), np.float32)
    for cells in (12, 30, 64):
        field += smooth_field(rng, cells) * rng.uniform(0, 0.07 * strength)
    if rng.random() < 0.3:  # strands and wrinkles
        stripes = rng.standard_normal((SIDE // 2, int(rng.integers(4, 12)))).astype(np.float32)
        stripes = cv2.resize(stripes, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        field += (stripes if rng.random() < 0.5 else stripes.T) * rng.uniform(0, 0.1 * strength)
    return np.clip(rgb * np.exp(field)[..., None], 0, 255).astype(np.uint8)


def _bend_fields(rng: np.random.Generator, bend: float) -> tuple[np.ndarray, np.ndarray]:
    if bend <= 0:
        zero = np.zeros((SIDE, SIDE), np.float32)
        return zero, zero
    cells = int(rng.integers(3, 6))
    return smooth_field(rng, cells) * bend, smooth_field(rng, cells) * bend


def _inverse(
    points: np.ndarray, matrix: np.ndarray, offset: np.ndarray, dx: np.ndarray, dy: np.ndarray
) -> np.ndarray:
    """Where source points land in the crop: a few fixed-point steps undo the bend."""
    straight = (points - offset) @ np.linalg.inv(matrix).T
    moved = straight
    for _ in range(3):
        i = np.clip(np.rint(moved), 0, SIDE - 1).astype(int)
        moved = straight - np.stack([dx[i[:, 1], i[:, 0]], dy[i[:, 1], i[:, 0]]], 1)
    return np.asarray(moved)


def _blend(
    rgb: np.ndarray, other: np.ndarray, cover: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    alpha = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.5, 1.2)))[..., None]
    return (rgb * (1 - alpha) + other * alpha).astype(np.uint8)


def _procedural(rng: np.random.Generator, side: int = 192) -> np.ndarray:
    base = rng.uniform(0, 255, 3)
    field = np.zeros((side, side), np.float32)
    for cells in (2, 4, 8, 16, 32, 64, 128):
        field += (
            smooth_field(rng, cells, side) * rng.uniform(0, 1) * (4 / cells) ** rng.uniform(0, 1)
        )
    tint = rng.normal(0, 40, 3)
    out = base + field[..., None] * tint * rng.uniform(0.2, 1.2)
    out = np.clip(out, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 14))):
        colour = tuple(float(v) for v in rng.uniform(0, 255, 3))
        a, b = (tuple(int(v) for v in rng.uniform(0, side, 2)) for _ in range(2))
        thick = int(rng.integers(1, 8))
        if rng.random() < 0.5:
            cv2.line(out, a, b, colour, thick, cv2.LINE_AA)
        elif rng.random() < 0.5:
            cv2.ellipse(out, a, (int(rng.integers(4, 60)), int(rng.integers(4, 60))),
                        float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)  # fmt: skip
        else:
            cv2.rectangle(out, a, b, colour, -1 if rng.random() < 0.5 else thick)
    return out


def _real_pieces(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    from pathlib import Path

    import skimage

    folder = Path(skimage.__file__).parent / "data"
    pieces = []
    for name in REAL_TEXTURES:
        image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
        if image is None:
            continue
        for _ in range(count // len(REAL_TEXTURES)):
            side = int(rng.uniform(0.3, 1.0) * min(image.shape[:2]))
            y, x = (int(rng.integers(n - side + 1)) for n in image.shape[:2])
            piece = cv2.resize(
                image[y : y + side, x : x + side], (192, 192), interpolation=cv2.INTER_AREA
            )
            pieces.append(np.ascontiguousarray(piece[..., ::-1]))
    return pieces
