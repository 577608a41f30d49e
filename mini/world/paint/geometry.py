"""Where things are: head shape in units, head pose, and the anchors everyone attaches to.

Two coordinate systems. HEAD coordinates: x right, y down from the middle of the eye line, in
units, face straight on. UNIT FRAME: the 128 picture before zoom (canvas.Frame does the rest).

* `geo.face(points)`: features ON the face: head (x, y) put on an ellipsoid and turned by yaw,
  pitch, roll; far side foreshortens by itself. Use it for anything painted on skin.
* `geo.place(points, depth)`: 2.5-D cut-outs AROUND the head (hats, helmets, hair masses): head
  (x, y) shifted by depth * sin(yaw), depth * sin(pitch), then rolled. depth in units towards the
  viewer: hat brim front +14, crown 0, back of the skull -8.
* `geo.body(points)`: clothes; points in unit-frame coordinates, gets only the slight body turn.

Plug-ins (all called by render.py; build layers with `canvas.Layer(geo.frame, ...)`):

* `garments.GARMENTS[role](geo, person, context, rng) -> list[Layer]`, slots "behind" | "garment";
* `headgear.HEADGEAR[role](geo, person, context, rng) -> list[Layer]`, slots "behind" | "front";
  may define `headgear.HIDE_HAIR[role]` = head-coordinate y: hair above that line is not drawn
  (brim line; for example -20), and `headgear.ZOOM[role]`;
* `scenes.paint_scene(name, seed, size) -> (rgb float32 (S, S, 3) in [0, 1], light.Light)`;
* `styles.apply_style(style, rgb (256, 256, 3), figure_mask, face_mask, seed) -> same`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mini.world.context import Context
from mini.world.paint.canvas import Frame, Points
from mini.world.people import Person

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeadShape:
    """The person's head in units (half-widths; y down from the eye line)."""

    skull: float  # half-width at the temples, about 21..28
    cheek: float
    jaw: float
    chin_half: float
    top: float  # y of the skull's top, negative
    hairline: float  # y of the hairline's middle, negative
    brow: float  # y of the brow line, negative
    nose: float  # y of the nose base
    mouth: float  # y of the mouth line
    chin: float  # y of the chin
    ear: float  # half-height of an ear
    ear_stick: float  # how far an ear stands off
    neck: float  # half-width of the neck
    shoulder: float  # half-width of the shoulders


def head_shape(p: Person) -> HeadShape:
    """Factors in [-1, 1] to units; the only place that knows the ranges of the head."""
    child = p.noun in ("girl", "boy")
    k = 0.98 if child else 1.0
    skull = (24.2 + 3.2 * p.skull) * k
    cheek = min(skull + 1.6, (23.2 + 0.55 * 3.2 * p.skull + 2.2 * p.cheek) * k)
    jaw = min(cheek - 0.8, max((18.4 + 0.35 * 3.2 * p.skull + 3.2 * p.jaw) * k, 12.6))
    length = 1.0 + 0.07 * p.head_length
    chin = (35.0 + 3.8 * p.chin_length) * length * (0.93 if child else 1.0)
    nose = (13.6 + 2.4 * p.nose_length) * (0.5 + 0.5 * length)
    mouth = min(nose + 8.2 + 1.6 * p.mouth_height + 0.2 * (chin - 35), chin - 8.5)
    bare = -(33.5 + 1.6 * p.forehead) * length
    return HeadShape(
        skull=skull, cheek=cheek, jaw=jaw,
        chin_half=max(min(jaw - 4.0, 8.4 + 3.4 * p.chin_width), 4.0),
        top=bare, hairline=bare + 11.5 - 2.6 * p.forehead,
        brow=-8.3 - 1.5 * p.brow_height, nose=nose, mouth=mouth, chin=chin,
        ear=7.0 + 1.9 * p.ear_size, ear_stick=2.6 + 2.2 * p.ear_stick,
        neck=max((11.6 + 2.9 * p.neck) * (0.9 if child else 1.0), 7.2),
        shoulder=max((40.0 + 5.5 * p.build) * (0.86 if child else 1.0), 27.0),
    )  # fmt: skip


class Geometry:
    """Anchors and projections for one picture (see the module's docstring)."""

    def __init__(self, person: Person, context: Context, size: int = 256) -> None:
        self.shape = head_shape(person)
        self.frame = Frame(size, context.zoom, context.offset)
        self.yaw, self.pitch, self.roll = (
            float(np.radians(v)) for v in (context.yaw, context.pitch, context.roll)
        )
        self.centre = np.array([64.0, 94.0 - self.shape.chin])  # eye line; chins end level
        self.depth = 26.0
        self._pivot = np.array([0.0, self.shape.chin * 0.8])  # roll turns about the neck

    # -- anchors in the unit frame --------------------------------------------------------------
    @property
    def neck_half(self) -> float:
        """Half-width of the neck."""
        return self.shape.neck

    @property
    def shoulder_half(self) -> float:
        """Half-width of the shoulders."""
        return self.shape.shoulder

    @property
    def shoulder_y(self) -> float:
        """y of the outer shoulder point (slopes from the neck at about y = 101)."""
        return 112.0

    @property
    def scale_head(self) -> float:
        """Size of this skull against the average (1.0): multiply hat sizes by it."""
        return self.shape.skull / 24.2

    # -- projections ----------------------------------------------------------------------------
    def surface(self, points: Points) -> Array:
        """Depth z (N,) of head points (N, 2) on the face's ellipsoid, units."""
        p = np.asarray(points, np.float64).reshape(-1, 2)
        a = self.shape.skull + 3.0
        inside = 1.0 - (p[:, 0] / a) ** 2 - (np.clip(p[:, 1], -40, 40) / 46.0) ** 2
        return np.asarray(self.depth * np.sqrt(np.clip(inside, 0.0, 1.0)))

    def turn(self, points: Points, z: Any) -> Array:
        """Rotate head points (N, 2) of depth z by yaw and pitch, roll; unit-frame points (N, 2)."""
        p = np.asarray(points, np.float64).reshape(-1, 2)
        z = np.broadcast_to(np.asarray(z, np.float64), p.shape[:1])
        x = p[:, 0] * np.cos(self.yaw) + z * np.sin(self.yaw)
        z = -p[:, 0] * np.sin(self.yaw) + z * np.cos(self.yaw)
        y = p[:, 1] * np.cos(self.pitch) + (z - 12.0) * np.sin(self.pitch)
        return self._rolled(np.stack([x, y], 1))

    def face(self, points: Points, lift: float = 0.0) -> Array:
        """Head points (N, 2) on the face's surface (+ lift) -> unit frame."""
        return self.turn(points, self.surface(points) * (1 + 0) + lift - 4.0)

    def place(self, points: Points, depth: float | Sequence[float] | Array = 0.0) -> Array:
        """Head points (N, 2) as 2.5-D cut-outs at depth -> unit frame."""
        p = np.asarray(points, np.float64).reshape(-1, 2)
        d = np.broadcast_to(np.asarray(depth, np.float64), p.shape[:1])
        shift = np.stack([d * np.sin(self.yaw), d * np.sin(self.pitch)], 1)
        return self._rolled(p + shift)

    def body(self, points: Points) -> Array:
        """Clothes' points (N, 2) in the unit frame; a slight turn of the chest with the head."""
        p = np.asarray(points, np.float64).reshape(-1, 2).copy()
        p[:, 0] += 2.0 * np.sin(self.yaw) * np.clip(1 - np.abs(p[:, 0] - 64) / 45, 0, 1)
        return np.asarray(p)

    def skull_half(self, y: float) -> float:
        """Half-width of the skull's outline at head y (<= 0): where a brim or band ends."""
        s = self.shape
        t = min(max(y / s.top, 0.0), 1.0)
        return float(s.skull * np.sqrt(max(1.0 - t**2.2, 0.0)))

    def _rolled(self, p: Array) -> Array:
        c, s = np.cos(self.roll), np.sin(self.roll)
        q = p - self._pivot
        turned = np.stack([q[:, 0] * c - q[:, 1] * s, q[:, 0] * s + q[:, 1] * c], 1)
        return np.asarray(turned + self._pivot + self.centre)
