"""Head and ears: the skin's layers with their sculpted height."""

from __future__ import annotations

import cv2
import numpy as np

from mini.world.context import Context
from mini.world.head.face import paint_face
from mini.world.head.features import Features, placed_outline
from mini.world.head.relief import ellipsoid, sculpt
from mini.world.paint.canvas import ORDER, Array, Layer, ellipse_points
from mini.world.paint.geometry import Geometry
from mini.world.paint.skin import skin_line
from mini.world.people import Person


def gloss(base: Array) -> float:
    """Highlight strength: deep skin is modelled by highlight, not by shadow."""
    return float(0.13 + 0.22 * (1 - base.mean()))


def head_layer(
    p: Person, c: Context, geo: Geometry, f: Features, base: Array, key_x: float
) -> Layer:
    """The bare head with its face painted on."""
    layer = Layer(geo.frame, "head", material="skin", label=2, order=ORDER["head"], shadow=0.62)
    outline = placed_outline(geo, f)
    warm = base * np.array([1.0, 0.955, 0.93], np.float32)
    layer.fill(outline, base, to=warm)
    paint_face(layer, p, c, geo, f, base, key_x)
    size = geo.frame.size // 2
    small = cv2.resize(layer.alpha, (size, size), interpolation=cv2.INTER_AREA)
    rim = cv2.GaussianBlur(small, (0, 0), 2.0 * geo.frame.scale / 2)
    layer.height = ellipsoid(geo) + np.float32(5.0) * rim
    sculpt(layer, p, c, geo, f)
    layer.gloss = gloss(base)
    return layer


def ear_layers(p: Person, geo: Geometry, base: Array, covered: bool) -> list[Layer]:
    """Both ears, none under long hair; an ear turned to us lies over short hair."""
    return [] if covered else [_ear(p, geo, base, side) for side in (-1, 1)]


def _ear(p: Person, geo: Geometry, base: Array, side: int) -> Layer:
    s = geo.shape
    near = side * geo.yaw < -0.10
    order = ORDER["near_ear"] if near else ORDER["ears"]
    layer = Layer(geo.frame, "ear", material="skin", label=2, order=order, shadow=0.35,
                  thickness=0.55)  # fmt: skip
    turn = float(np.sin(geo.yaw)) * -side  # > 0: this ear turns to us
    x = s.cheek * 0.98 + s.ear_stick * 0.5 - 10.0 * max(turn, 0)
    half = 2.7 + 0.45 * s.ear_stick + 4.0 * max(turn, 0)
    centre = geo.place([(side * x, 4.2)], -3.0)[0]
    tilt = side * (10 + 2.0 * s.ear_stick) + np.degrees(geo.roll)
    red = base * np.array([1.0, 0.86, 0.83], np.float32)
    shape = _ear_shape(half, s.ear, side)
    a = np.radians(tilt)
    spin = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    layer.fill(shape @ spin + centre, base, to=red, smooth=True)
    dark = skin_line(base, 0.8)
    inner = shape * 0.62 @ spin + centre + (side * 0.2, -0.3)
    layer.fill(inner, dark, 0.42, smooth=True, soft=0.5, clip=True)
    layer.stroke((shape[1:6] * 0.80) @ spin + centre, (0.2, 0.6, 0.2), dark, 0.5, soft=0.15,
                 clip=True)  # fmt: skip
    layer.gloss = gloss(base) * 0.6
    return layer


def _ear_shape(half: float, height: float, side: int) -> Array:
    """Ear outline (N, 2): round above, a lobe below, the front edge flatter."""
    e = ellipse_points((0.0, 0.0), half, height, count=12)
    t = e[:, 1] / height
    e[:, 0] *= np.where(t > 0.2, 1 - 0.42 * (t - 0.2), 1.0)
    e[:, 0] *= np.where(e[:, 0] * side < 0, 0.75, 1.1)
    return np.asarray(e, np.float32)
