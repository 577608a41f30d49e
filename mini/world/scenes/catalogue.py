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

from mini.world.scenes import nature
from pidiff_cli.mini.world import scenes_third as third
from mini.world.scenes import town
from mini.world.scenes import modern as wide
from mini.world.scenes import wild
from mini.world.paint.light import Light
from mini.world.scenes.brush import MARGIN, SCALE, SIDE, Array, Mood, Painter
from mini.world.worlds import NARROW, World

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
}
#: Every scene of the narrow world, "studio" (a plain backdrop) first.
SCENES: tuple[str, ...] = tuple(_PAINTERS)
#: Scenes that only the wide world has.
_PAINTERS |= {"room": wide.room, "street": wide.street, "harbour": wide.harbour}
WIDE_SCENES: tuple[str, ...] = tuple(_PAINTERS)
#: A further composition, in the wide world, of the scenes that have but two: a third of the pool.
FURTHER: dict[str, _Paint] = {
    "city": third.city_river,
    "desert": third.desert_rocks,
    "kitchen": third.kitchen_market,
    "mountains": third.mountain_lake,
    "underwater": third.sea_wreck,
}


@lru_cache(maxsize=POOL * (len(WIDE_SCENES) + len(FURTHER)))
def _variant(name: str, number: int, further: bool) -> tuple[np.ndarray, Mood]:
    """A painted canvas, (SIDE, SIDE, 3) u8, and its light."""
    rng = np.random.default_rng([41, zlib.crc32(name.encode()), number])
    painter = Painter()
    mood = (FURTHER if further else _PAINTERS)[name](painter, rng)
    grain = rng.normal(0, 0.006, (SIDE, SIDE, 1)).astype(np.float32)
    picture = np.clip((painter.canvas + grain) * 255 + 0.5, 0, 255).astype(np.uint8)
    return picture, mood


def paint_scene(name: str, seed: int, size: int, world: World = NARROW) -> tuple[Array, Light]:
    """A backdrop, float32 (size, size, 3) RGB in [0, 1], and its light.

    The same arguments give the same bytes. KeyError for an unknown name.
    """
    if name not in _PAINTERS:
        raise KeyError(name)
    rng = np.random.default_rng([42, zlib.crc32(name.encode()), seed])
    number = int(rng.integers(POOL))
    further = world.varied and name in FURTHER and number % 3 == 0
    picture, mood = _variant(name, number, further)
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
