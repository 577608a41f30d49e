"""Contours of brows, eyes, nose and mouth in HEAD coordinates, from person and mood.

Drawing (face.py), relief (relief.py) and landmarks all read the same contours, so the 68 points
are true by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mini.world.context import Context
from mini.world.paint.canvas import smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.people import Person

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Eye:
    """One eye; side -1 is the picture's left. u runs from -1 (inner) to 1 (outer corner)."""

    side: int
    x: float
    half: float
    upper: float
    lower: float
    tilt: float

    def point(self, u: Array, lid: float) -> Array:
        """Contour points for u (N,): lid -1 the upper edge, +1 the lower, between = inside."""
        u = np.asarray(u, np.float64)
        rise = self.upper if lid < 0 else self.lower
        arc = np.clip(1 - np.abs(u + (0.12 if lid < 0 else -0.15) * (1 - u**2)) ** 2.1, 0, 1)
        y = lid * rise * arc**0.8 - self.tilt * u
        return np.stack([self.side * (self.x + u * self.half), y], 1)

    def opening(self) -> Array:
        """Closed contour (N, 2): upper lid from inner to outer, lower lid back."""
        u = np.linspace(-1, 1, 15)
        return np.vstack([self.point(u, -1), self.point(u[::-1][1:-1], 1)])


@dataclass(frozen=True)
class Mouth:
    """Mouth contours; u from -1 (picture left) to 1."""

    y: float
    half: float
    lift: float
    gap: float
    upper: float
    lower: float

    def line(self, u: Array, part: str) -> Array:
        """Points for u (N,): part is "top", "upper" (inner), "lower" (inner) or "bottom"."""
        u = np.asarray(u, np.float64)
        mid = self.y - self.lift * (np.abs(u) ** 1.7 - 0.25)
        open_ = np.clip(1 - u**2, 0, 1)
        top = mid - 0.28 * self.gap * open_**0.8
        low = mid + 0.72 * self.gap * open_**0.7
        if part == "top":
            bow = 1 + 0.22 * np.exp(-((np.abs(u) - 0.24) ** 2) / 0.02)
            bow = bow - 0.22 * np.exp(-(u**2) / 0.01)
            y = top - self.upper * np.clip(1 - np.abs(u) ** 1.5, 0, 1) * bow
        elif part == "bottom":
            y = low + self.lower * open_**0.75
        else:
            # a closed mouth still dips a little in the middle
            y = (top if part == "upper" else low) + 0.35 * np.cos(u * 3.1) * (self.gap < 1)
        return np.stack([u * self.half, y], 1)

    def ring(self, outer: str, inner: str) -> Array:
        """Closed contour between two lines."""
        u = np.linspace(-1, 1, 21)
        return np.vstack([self.line(u, outer), self.line(u[::-1], inner)])


@dataclass(frozen=True)
class Features:
    """All contours of one face."""

    eyes: tuple[Eye, Eye]
    mouth: Mouth
    nose_half: float
    nose_y: float
    tip_lift: float
    jaw_drop: float
    brows: tuple[Array, Array]  # centre lines (7, 2), inner to outer; left picture side first
    brow_width: float


def build_features(person: Person, context: Context, geo: Geometry) -> Features:
    """Contours from identity, mood and head shape."""
    p, s = person, geo.shape
    corner, open_, brow, inner, eye_open, squint, width = context.mood
    fit = s.cheek / 23.2  # narrow heads carry narrower spacing, or eyes leave the face
    half = 6.3 * (1 + 0.15 * p.eye_size)
    x = (11.3 + 1.5 * p.eye_spacing) * (0.45 + 0.55 * fit) + 0.3 * p.eye_size
    lid = 1 + 0.42 * eye_open - 0.34 * max(squint, -0.4) - 0.16 * p.eye_hood
    upper = 3.75 * (1 + 0.24 * p.eye_size) * max(lid, 0.32)
    low = 2.35 * (1 + 0.18 * p.eye_size) * max(1 + 0.2 * eye_open - 0.42 * squint, 0.35)
    tilt = 1.5 * p.eye_tilt + 0.5 - 0.4 * inner
    eyes = (Eye(-1, x, half, upper, low, tilt), Eye(1, x, half, upper, low, tilt))
    mouth_half = (9.3 + 1.9 * p.mouth_width) * (0.5 + 0.5 * fit) * (1 + 0.22 * width)
    gap = 10.5 * max(open_, 0.0)
    if gap < 0.8:
        gap = 0.0
    mouth = Mouth(
        s.mouth - 0.6 * max(corner, 0), mouth_half, 3.1 * corner, gap,
        (2.0 + 0.95 * p.upper_lip) * (1 - 0.2 * max(corner, 0)),
        (3.0 + 1.2 * p.lower_lip) * (1 - 0.15 * max(corner, 0)),
    )  # fmt: skip
    brows = tuple(_brow(p, s.brow, x, side, brow, inner) for side in (-1, 1))
    return Features(
        eyes, mouth, 4.9 + 1.25 * p.nose_width, s.nose, 5.5 + 1.6 * p.nose_tip,
        0.33 * gap, (brows[0], brows[1]), 1.75 * (1 + 0.5 * p.brow_thickness),
    )  # fmt: skip


def _brow(p: Person, y: float, eye_x: float, side: int, raise_: float, inner: float) -> Array:
    """Centre line (7, 2) of a brow from inner to outer end."""
    u = np.linspace(0, 1, 7)
    start = eye_x - 6.6 + 1.2 * p.brow_spacing
    xs = start + u * (13.4 + 0.6 * p.eye_size)
    peak = np.clip(u * 0.92 + 0.02, 0, 1) ** 1.25
    arch = (1.5 + 1.5 * p.brow_arch) * np.sin(np.pi * peak)
    ys = y - arch + 1.7 * u**2.2 - 3.2 * raise_ - 3.0 * inner * (1 - u) ** 1.4 + 0.9 * inner * u
    return np.stack([side * xs, ys], 1)


def head_outline(geo: Geometry, jaw_drop: float = 0.0) -> tuple[Array, Array]:
    """Closed outline of the head: head points (N, 2) from the crown clockwise, depths (N,)."""
    s = geo.shape
    chin = s.chin + jaw_drop
    t = np.radians([12, 28, 45, 60, 74])
    arc = np.stack([s.skull * np.sin(t) ** 0.92, s.top * np.cos(t) ** 0.96], 1)
    lower = np.array(
        [
            (s.skull, -1.5),
            (s.cheek * 0.5 + max(s.cheek, s.skull) * 0.5, 7.0),
            (s.cheek * 0.72 + s.jaw * 0.28, 0.42 * chin),
            (s.jaw + 0.35, 0.65 * chin),
            (0.52 * s.jaw + 0.48 * s.chin_half + 1.0, 0.84 * chin),
            (s.chin_half, 0.958 * chin),
            (s.chin_half * 0.42, chin),
        ]
    )
    depth_arc = np.full(len(arc), -4.5)
    depth_low = np.array([-2.5, 2.0, 5.0, 8.5, 13.5, 17.0, 18.5])
    right, d = np.vstack([arc, lower]), np.concatenate([depth_arc, depth_low])
    left = right[::-1] * (-1, 1)
    points = np.vstack([[(0, s.top)], right, left])
    return points, np.concatenate([[-4.5], d, d[::-1]])


def placed_outline(geo: Geometry, features: Features, steps: int = 4) -> Array:
    """Smooth closed head outline in the unit frame, from the crown clockwise."""
    points, depth = head_outline(geo, features.jaw_drop)
    return smooth_curve(geo.place(points, depth), steps=steps)


def landmarks(geo: Geometry, features: Features) -> npt.NDArray[np.float32]:
    """The 68 iBUG points (68, 2) in the unit frame."""
    f = features
    parts = [
        _jaw_points(geo, f),
        geo.face(smooth_curve(f.brows[0], False)[::-1][np.linspace(0, 36, 5).astype(int)]),
        geo.face(smooth_curve(f.brows[1], False)[np.linspace(0, 36, 5).astype(int)]),
    ]
    nose_y = np.linspace(0.5, f.nose_y - 3.0, 4)
    lift = np.linspace(1.0, f.tip_lift, 4)
    bridge = np.stack([0 * nose_y, nose_y], 1)
    parts.append(geo.turn(bridge, geo.surface(bridge) - 4.0 + lift))
    base = np.array([(-1.0, -0.8), (-0.5, 0.5), (0, 1.1), (0.5, 0.5), (1.0, -0.8)])
    base = base * (f.nose_half, 1.0) + (0, f.nose_y)
    base_lift = np.array([0.8, 2.0, 3.0, 2.0, 0.8])
    parts.append(geo.turn(base, geo.surface(base) - 4.0 + base_lift))
    left, right = f.eyes
    pick = np.array([-0.4, 0.35])
    end = np.array([1.0])
    parts += [
        geo.face(np.vstack([left.point(end, 1), left.point(pick[::-1], -1), left.point(-end, 1),
                            left.point(pick, 1)])),
        geo.face(np.vstack([right.point(-end, 1), right.point(pick, -1), right.point(end, 1),
                            right.point(pick[::-1], 1)])),
    ]  # fmt: skip
    m = f.mouth
    corners, four = np.array([-1.0, 1.0]), np.array([-0.62, -0.26, 0.0, 0.26, 0.62])
    ends = m.line(corners, "upper")
    three = np.array([-0.45, 0.0, 0.45])
    inner = m.line(np.array([-0.86, 0.86]), "upper")
    mouth = np.vstack([
        ends[:1], m.line(four, "top"), ends[1:], m.line(four[::-1], "bottom"),
        inner[:1], m.line(three, "upper"), inner[1:], m.line(three[::-1], "lower"),
    ])  # fmt: skip
    parts.append(geo.face(mouth, lift=1.5))
    return np.vstack(parts).astype(np.float32)


def _jaw_points(geo: Geometry, f: Features) -> Array:
    """17 points along the outline from the picture's left ear level over the chin to the right."""
    points, depth = head_outline(geo, f.jaw_drop)
    first = 6  # the (skull, -1.5) point on the right; its mirror closes the run on the left
    curve = smooth_curve(geo.place(points[first:-5], depth[first:-5]), closed=False)[::-1]
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    chin = run[len(run) // 2]  # point 8 stays the chin however the head is turned
    at = np.concatenate([np.linspace(0, chin, 9), np.linspace(chin, run[-1], 9)[1:]])
    return np.stack([np.interp(at, run, curve[:, 0]), np.interp(at, run, curve[:, 1])], 1)
