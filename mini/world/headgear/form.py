"""What the hatters share: rings round the skull in three dimensions, bands, hulls and patches.

A ring is a circle round the head at height y (head coordinates): angle 0 is the picture's right,
90 the front. `tilt` lowers the front and lifts the back, so that brims show their upper side.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mini.world.context import Context
from mini.world.head.hair import style_of
from mini.world.paint.canvas import ORDER, Layer, Points, smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

Array = npt.NDArray[np.float64]
AXIS = -4.0  # depth of the skull's axis, units


def hat_layer(geo: Geometry, name: str, material: str = "cloth", **facts: Any) -> Layer:
    """A front layer with label 4; facts go to `Layer`."""
    facts.setdefault("order", ORDER["front"])
    facts.setdefault("slot", "front")
    return Layer(geo.frame, name, material=material, label=4, **facts)


def behind_layer(geo: Geometry, name: str, material: str = "cloth", **facts: Any) -> Layer:
    """A layer behind head and hair with label 4."""
    return hat_layer(geo, name, material, order=ORDER["behind"], slot="behind", **facts)


def hat_line(geo: Geometry, context: Context) -> float:
    """Lowest head y that headgear may reach over the forehead: clear of raised brows."""
    raised = max(0.0, float(context.mood[2]))
    return geo.shape.brow - 6.0 - 3.0 * raised


def room_above(geo: Geometry, y: float, margin: float = 3.0) -> float:
    """Units from head y up to the picture's upper edge, less a margin: the tallest hat."""
    px = geo.frame.to_px(geo.place([(0.0, y)]))[0, 1]
    return float(px) / geo.frame.scale - margin


def band_half(geo: Geometry, y: float, ease: float = 2.2) -> float:
    """Half-width of a hat's band at head y: skull plus hair."""
    return max(geo.skull_half(y), 0.86 * geo.shape.skull) + ease


def over_hair(geo: Geometry, person: Person, y: float, ease: float = 1.2) -> float:
    """Half-width at head y of skull and hair together, for bands worn over the hair."""
    bare = band_half(geo, y, ease)
    if person.hair_shape == "bald":
        return bare
    volume, top = 5.0, 4.0  # curls are pressed flat by a band
    if person.hair_shape != "curls":
        cut = style_of(person, geo, False)
        volume, top = cut.volume, cut.top
    height = min(abs(y / (geo.shape.top - top)), 1.0) ** (1 / 0.92)
    out = (geo.shape.skull + min(volume, 6.0)) * (1 - height**2) ** 0.43
    return max(bare, float(out) + 0.5 * ease)


def ring(
    geo: Geometry, y: float, r: float, tilt: float = 0.0, lo: float = 0.0, hi: float = 360.0,
    *, curl: float = 0.0, depth: float = 1.0, seen: bool = True, count: int = 40,
) -> Array:  # fmt: skip
    """Unit-frame points of a ring from angle lo to hi.

    curl lifts both sides (cowboy brims), depth scales the radius front to back; with `seen`, 0..180
    is the half towards the viewer whatever the yaw, else angles are fixed to the head.
    """
    t = np.radians(np.linspace(lo, hi, count)) + (geo.yaw if seen else 0.0)
    x, z = r * np.cos(t), r * depth * np.sin(t)
    ys = y + tilt * np.sin(t) - curl * np.cos(t) ** 2
    return geo.turn(np.stack([x, ys], 1), z + AXIS)


def strip(low: Array, high: Array) -> Array:
    """Outline of the band between two arcs."""
    return np.vstack([low, high[::-1]])


def hull(*parts: Array) -> Array:
    """Convex hull of point sets."""
    points = np.vstack(parts).astype(np.float32)
    return np.asarray(cv2.convexHull(points)[:, 0], np.float64)


def patch(geo: Geometry, points: Points, z: float) -> Array:
    """Head points (N, 2) on a plane facing forward at depth z: badges, masks."""
    return geo.turn(points, z)


def mirror(half: Points) -> Array:
    """Closed head outline from one side's (x, y) pairs, top to bottom."""
    h = np.asarray(half, np.float64)
    other = h[::-1] * (-1, 1)
    return np.vstack([h, other[:-1] if h[0, 0] == 0 else other])


def dome(half: Points) -> Array:
    """Smooth head outline of a crown, open below: foot, over the top, foot; half starts on top."""
    h = np.asarray(half, np.float64)
    return smooth_curve(np.vstack([(h[::-1] * (-1, 1))[:-1], h]), closed=False)
