"""Backdrops by name, each with the light it throws on the person in front of it.

Painting one takes some 40 to 80 ms, so each process keeps a pool of painted variants per scene and
`paint_scene` takes one of them: mirrored, moved, scaled and tinted by the seed (about 2 ms).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from mini.world.paint.light import Light
from mini.world.scenes import modern, nature, town, wild
from mini.world.scenes.brush import MARGIN, SCALE, SIDE, Array, Mood, Painter

POOL = 24  # painted variants per scene and process
#: Scene name -> painter.
_Paint = Callable[[Painter, np.random.Generator], Mood]
_PAINTERS: dict[str, _Paint] = {
    "studio": town.studio,
    "beach": nature.beach,
    "forest": nature.forest,
    "snow": nature.snow,
    "city": town.city,
    "space": wild.space,
    "library": town.library,
    "garden": nature.garden,
    "desert": wild.desert,
    "kitchen": town.kitchen,
    "underwater": wild.underwater,
    "mountains": wild.mountains,
    "castle": town.castle,
    "stage": town.stage,
    "room": modern.room,
    "street": modern.street,
    "harbour": modern.harbour,
}


@lru_cache(maxsize=POOL * len(_PAINTERS))
def _variant(name: str, number: int) -> tuple[np.ndarray, Mood]:
    """A painted canvas, (SIDE, SIDE, 3) u8, and its light."""
    rng = np.random.default_rng([41, zlib.crc32(name.encode()), number])
    painter = Painter()
    mood = _PAINTERS[name](painter, rng)
    grain = rng.normal(0, 0.006, (SIDE, SIDE, 1)).astype(np.float32)
    picture = np.clip((painter.canvas + grain) * 255 + 0.5, 0, 255).astype(np.uint8)
    return picture, mood


def paint_scene(name: str, seed: int, size: int) -> tuple[Array, Light]:
    """A backdrop, float32 (size, size, 3) RGB in [0, 1], and its light.

    The same arguments give the same bytes. KeyError for an unknown name.
    """
    if name not in _PAINTERS:
        raise KeyError(name)
    rng = np.random.default_rng([42, zlib.crc32(name.encode()), seed])
    number = int(rng.integers(POOL))
    picture, mood = _variant(name, number)
    mirror = rng.random() < 0.5
    zoom = rng.uniform(1.0, 1.1)
    room = (SIDE / SCALE - 128 / zoom) / 2  # units the crop can move each way
    dx, dy = rng.uniform(-room, room), rng.uniform(-room, min(room, 5.0))
    step = SCALE * 128 / zoom / size  # canvas pixels per output pixel
    left = (64 + MARGIN + dx - 64 / zoom) * SCALE
    top = (64 + MARGIN + dy - 64 / zoom) * SCALE
    offset = 0.5 * step - 0.5
    across = [-step, 0, SIDE - 1 - left - offset] if mirror else [step, 0, left + offset]
    move = np.asarray([across, [0, step, top + offset]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if step > 1.5:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.3 * step)
    out = cv2.warpAffine(picture, move, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    tint = (1 + rng.normal(0, 0.05)) * (1 + rng.normal(0, 0.02, 3)) / 255
    rgb = np.clip(out * tint.astype(np.float32), 0, 1).astype(np.float32)
    return rgb, _light(mood, mirror)


def _light(mood: Mood, mirror: bool) -> Light:
    side = -mood.side if mirror else mood.side
    return Light(
        key_dir=(0.55 * side, -mood.height, 0.62),
        key_rgb=mood.key,
        ambient=mood.ambient,
        ground=mood.bounce,
        rim_dir=(-0.75 * side, -0.55, -0.3),
        rim_rgb=mood.rim,
    )
