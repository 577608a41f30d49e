"""Painting a face on the head's layer: eyes, brows, nose, mouth, freckles, lines, blush.

Local colour only; light and relief come later. All sizes in units.
"""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.head.features import Eye, Features
from mini.world.paint.canvas import Array, Layer, ribbon, smooth_curve
from mini.world.paint.geometry import Geometry
from mini.world.paint.skin import lip_rgb, skin_line
from mini.world.paint.strands import discs, ribbons
from mini.world.people import Person

U = np.linspace(-1, 1, 13)


def paint_face(
    layer: Layer, p: Person, c: Context, geo: Geometry, f: Features, base: Array, key_x: float
) -> None:
    """Everything painted on skin, in order from the softest to the sharpest."""
    _tints(layer, p, geo, f, base)
    _nose(layer, p, geo, f, base)
    _mouth(layer, p, geo, f, base)
    if p.freckles > 0:
        _freckles(layer, p, geo, f, base)
    if p.mole:
        x = np.sign(p.mole) * (6.5 + 7.0 * abs(p.mole))
        at = geo.face([(x, f.nose_y + 8.0 - 9.5 * abs(p.mole))])[0]
        layer.ellipse(at, 0.85, 0.85, base * np.array([0.30, 0.20, 0.17]), 0.9, clip=True)
    if p.age > 0.1:
        _wrinkles(layer, p, geo, f, base)
    for eye in f.eyes:
        _eye(layer, p, c, geo, eye, base, key_x)
    _brows(layer, p, geo, f)


def _tints(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    """Warm blush on cheeks, nose and chin; cooler, darker eye sockets."""
    red = base * np.array([1.02, 0.66, 0.62], np.float32)
    strong = 0.30 + 0.2 * p.blush + 0.12 * max(-p.skin, 0)
    for side in (-1, 1):
        at = geo.face([(side * (f.eyes[1].x + 2.2), f.nose_y - 2.0)])[0]
        layer.ellipse(at, 5.2, 3.6, red, strong, soft=2.4, clip=True)
    layer.ellipse(geo.face([(0, f.nose_y - 2.5)], 5.0)[0], 3.2, 2.6, red, 0.26, soft=1.6, clip=True)
    chin = geo.face([(0, geo.shape.chin + f.jaw_drop - 5)])[0]
    layer.ellipse(chin, 4.5, 2.6, red, 0.14, soft=2.0, clip=True)
    shade = skin_line(base, 0.62)
    for eye in f.eyes:
        at = geo.face([(eye.side * (eye.x - 0.6), -1.6)])[0]
        layer.ellipse(at, eye.half + 1.2, eye.upper + 1.8, shade, 0.42,
                      soft=1.3, clip=True)  # fmt: skip


def _nose(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    dark = skin_line(base, 1.0)
    for side in (-1, 1):
        hole = geo.face([(side * f.nose_half * 0.46, f.nose_y + 0.1)], 2.0)[0]
        layer.ellipse(hole, 1.25, 0.62, dark * 0.75, 0.75,
                      angle=-12 * side, soft=0.25, clip=True)  # fmt: skip
        wing = np.array([(0.98, -3.0), (1.16, -1.4), (1.02, 0.0), (0.72, 0.5)])
        wing = wing * (side * f.nose_half, 1.0) + (0, f.nose_y)
        layer.stroke(geo.face(wing, 1.2), (0.2, 0.75, 0.7, 0.2), dark, 0.5, soft=0.2, clip=True)
    under = geo.face([(0, f.nose_y + 1.2)], 1.5)[0]
    layer.ellipse(under, f.nose_half * 0.8, 1.0, dark, 0.3, soft=0.8, clip=True)
    tip = geo.face([(0, f.nose_y - 3.2)], f.tip_lift)[0]
    light = np.minimum(base * 1.12 + 0.03, 1.0)
    layer.ellipse(tip, 1.7, 1.3, light, 0.5, soft=0.8, clip=True)


def _mouth(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    m, lip, dark = f.mouth, lip_rgb(p, base), skin_line(base, 1.0)
    u = np.linspace(-1, 1, 21)
    if m.gap > 0:
        _cavity(layer, p, geo, f, base)
    below = m.line(np.array([0.0]), "bottom")[0] + (0, 1.2)
    layer.ellipse(geo.face([below])[0], m.half * 0.55, 0.9, dark, 0.32, soft=0.8, clip=True)
    layer.fill(geo.face(m.ring("top", "upper"), 1.5), lip * 0.80, 0.92, soft=0.16, clip=True)
    layer.fill(
        geo.face(m.ring("lower", "bottom"), 1.5),
        np.minimum(lip * 1.04, 1),
        0.88,
        to=lip * 0.92,
        soft=0.18,
        clip=True,
    )
    shine = m.line(np.array([-0.3, 0.05, 0.35]), "lower") + (0, m.lower * 0.42)
    layer.stroke(
        geo.face(shine, 1.5),
        (0.2, 0.9, 0.2),
        np.minimum(lip * 1.3 + 0.08, 1),
        0.5,
        soft=0.25,
        clip=True,
    )
    seam = lip * np.array([0.40, 0.30, 0.30])
    if m.gap > 0:
        layer.stroke(geo.face(m.line(u, "upper"), 1.5), (0.3, 0.5, 0.3), seam, 0.6, clip=True)
    else:
        layer.stroke(
            geo.face(m.line(u, "upper"), 1.5), (0.45, 0.85, 1.0, 0.85, 0.45), seam, 0.9, clip=True
        )
    for side in (-1, 1):
        corner = geo.face(m.line(np.array([side * 1.03]), "upper"), 1.5)[0]
        layer.ellipse(corner, 0.8, 0.7, dark, 0.55, soft=0.3, clip=True)


def _cavity(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    m = f.mouth
    inside = Layer(layer.frame, "mouth")
    ring = geo.face(m.ring("upper", "lower"), 1.5)
    inside.fill(ring, (0.20, 0.05, 0.05), to=(0.34, 0.09, 0.09))
    if m.gap > 4.5:
        tongue = geo.face([(0, m.y + 0.72 * m.gap - 0.4)], 1.0)[0]
        inside.ellipse(tongue, m.half * 0.5, m.gap * 0.24, (0.72, 0.33, 0.32), soft=0.4, clip=True)
    u = np.linspace(-0.86, 0.86, 15)
    edge = m.line(u, "upper") - (0, 0.5)
    low = edge + np.stack([0 * u, (0.5 + min(0.34 * m.gap, 2.9)) * (1 - u**4)], 1)
    teeth = np.vstack([edge, low[::-1]])
    inside.fill(
        geo.face(teeth, 1.5), (0.80, 0.77, 0.72), to=(0.95, 0.93, 0.88), soft=0.12, clip=True
    )
    merge(layer, inside)


def _eye(
    layer: Layer, p: Person, c: Context, geo: Geometry, eye: Eye, base: Array, key_x: float
) -> None:
    dark = skin_line(base, 1.0)
    ball = Layer(layer.frame, "eye")
    hood = eye.point(U, -1) - (0, 1.0)
    top, bottom = geo.face(hood)[:, 1].min(), geo.face(eye.point(U, 1))[:, 1].max()
    axis = ((64.0, top), (64.0, bottom))
    ball.fill(geo.face(eye.opening()), (0.60, 0.54, 0.51), to=(0.97, 0.94, 0.91), axis=axis)
    inner = geo.face(eye.point(np.array([-0.93]), 1))[0]
    ball.ellipse(inner, 1.1, 0.9, (0.80, 0.47, 0.43), 0.8, soft=0.3, clip=True)
    _iris(ball, p, c, geo, eye, key_x)
    lid_shadow = np.vstack([eye.point(U, -1) - (0, 0.6), (eye.point(U, -1) + (0, 1.5))[::-1]])
    ball.fill(geo.face(lid_shadow), (0.14, 0.08, 0.08), 0.42, soft=0.5, clip=True)
    # lid plane between crease and lash line
    crease = eye.point(U, -1) - np.stack([0 * U, (1.7 - 0.9 * p.eye_hood) * (1 - 0.5 * U**2)], 1)
    layer.fill(
        geo.face(np.vstack([eye.point(U, -1), crease[::-1]])),
        np.minimum(base * 1.03, 1),
        0.5,
        soft=0.35,
        clip=True,
    )
    layer.stroke(geo.face(crease), (0.25, 0.62, 0.5), dark, 0.6, soft=0.15, clip=True)
    merge(layer, ball)
    lash = np.array([0.09, 0.06, 0.06]) + 0.10 * (1 - p.lash) * np.array([1.0, 0.7, 0.6])
    thick = 0.95 + 0.38 * p.lash
    line = eye.point(U, -1)
    wing = (eye.side * (0.8 + 0.9 * max(p.lash, -0.3)), -0.5 - 0.7 * max(p.lash, 0))
    line = np.vstack([line[1:], line[-1:] + wing])
    layer.stroke(
        geo.face(line), (0.4 * thick, 1.0 * thick, 1.35 * thick, 0.3), lash, 0.92, clip=True
    )
    if p.lash > 0.15:
        tips = np.array([0.45, 0.7, 0.95])
        root = eye.point(tips, -1)
        end = root + np.stack([eye.side * (0.6 + 1.0 * tips), -1.7 * p.lash - 0.5 + 0 * tips], 1)
        hairs = [ribbon(geo.face([a, b]), (0.6, 0.15)) for a, b in zip(root, end, strict=True)]
        layer.many(hairs, lash, 0.85)
    low = eye.point(U, 1)
    layer.stroke(geo.face(low + (0, 0.1)), (0.2, 0.5, 0.7), dark, 0.5, soft=0.15, clip=True)
    bag = eye.point(U * 0.75, 1) + (0, 1.9 - 0.4 * p.eye_hood)
    layer.stroke(
        geo.face(bag), (0.1, 0.7, 0.1), dark, 0.16 + 0.14 * max(p.age, 0), soft=0.4, clip=True
    )


def _iris(ball: Layer, p: Person, c: Context, geo: Geometry, eye: Eye, key_x: float) -> None:
    colour = np.asarray(p.eye_rgb, np.float32)
    r = 3.25 * (1 + 0.08 * p.eye_size)
    x = eye.side * (eye.x - 0.15) + 2.1 * c.gaze[0]
    mid = (eye.lower - eye.upper) * 0.32
    at = geo.face([(x, mid + 1.2 * c.gaze[1])])[0]
    wide = r * max(np.cos(geo.yaw), 0.85)
    ball.ellipse(at, wide, r, colour * 0.30, soft=0.1, clip=True)
    axis = ((at[0], at[1] - r), (at[0], at[1] + r))
    ball.ellipse(
        at,
        wide * 0.86,
        r * 0.86,
        colour * 0.62,
        to=np.minimum(colour * 1.55 + 0.05, 1),
        axis=axis,
        soft=0.15,
        clip=True,
    )
    ball.ellipse(at, wide * 0.46, r * 0.46, (0.03, 0.025, 0.03), soft=0.1, clip=True)
    side = 1.0 if key_x > 0 else -1.0
    ball.ellipse(at + (side * 1.1, -1.15), 0.72, 0.72, (1.2, 1.2, 1.18), 0.92, clip=True)
    ball.ellipse(at + (-side * 1.4, 1.3), 0.55, 0.55, (1.0, 1.0, 1.0), 0.25, soft=0.2, clip=True)


def _brows(layer: Layer, p: Person, geo: Geometry, f: Features) -> None:
    hair = np.asarray(p.hair_rgb)
    # brows stay readable: darker than blond hair, never lighter than the skin allows
    colour = hair * 0.62 if hair.mean() < 0.65 else hair * 0.52
    rng = np.random.default_rng([5, p.seed])
    strands = []
    for line in f.brows:
        side = 1 if line[-1, 0] > 0 else -1
        mid = geo.face(smooth_curve(line, False))
        w = f.brow_width
        layer.stroke(
            mid, (0.75 * w, w, 0.9 * w, 0.25 * w), colour, 0.62, soft=0.35, smooth=False, clip=True
        )
        t = rng.uniform(0, 0.93, 26)
        x = np.interp(t * 6, np.arange(7), line[:, 0])
        y = np.interp(t * 6, np.arange(7), line[:, 1])
        off = rng.uniform(-0.42, 0.42, 26) * w * np.interp(t, [0, 0.4, 1], [0.9, 1.0, 0.3])
        reach = rng.uniform(1.0, 1.9, 26)
        up = np.interp(t, [0, 0.5, 1], [0.85, 0.35, -0.35])
        a = np.stack([x, y + off + 0.3], 1)
        b = np.stack([x + side * reach, y + off - up * reach], 1)
        pairs = geo.face(np.stack([a, (a + b) / 2, b], 1).reshape(-1, 2)).reshape(26, 3, 2)
        strands.append(ribbons(pairs, np.full(26, 0.45)))
    layer.many(np.concatenate(strands), colour * 0.70, 0.70)


def _freckles(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    rng = np.random.default_rng([6, p.seed])
    n = int(22 + 46 * p.freckles)
    x = rng.normal(0, 0.55, n) * (geo.shape.cheek - 5)
    y = f.nose_y - 3.5 + rng.normal(0, 3.8, n) - 0.008 * x**2
    r = rng.uniform(0.26, 0.52, n) * (0.8 + 0.35 * p.freckles)
    at = geo.face(np.stack([x, y], 1))
    tone = base * np.array([0.70, 0.48, 0.36])
    layer.many(discs(at, r, 8), tone, 0.42 + 0.25 * p.freckles, soft=0.12)


def _wrinkles(layer: Layer, p: Person, geo: Geometry, f: Features, base: Array) -> None:
    dark, k = skin_line(base, 0.9), min(p.age, 1.0)
    s = geo.shape
    for row in range(3 if k > 0.4 else 2):
        y = s.brow - 5.2 - 3.3 * row
        x = np.linspace(-1, 1, 9) * (11.5 - 1.8 * row)
        wave = y - 0.9 * np.cos(x * 0.22) + 0.25 * np.sin(x * 0.9 + row)
        layer.stroke(
            geo.face(np.stack([x, wave], 1)),
            (0.1, 0.7, 0.1),
            dark,
            0.2 + 0.38 * k,
            soft=0.2,
            clip=True,
        )
    for side in (-1, 1):
        fold = [
            (side * (f.nose_half + 1.8), f.nose_y - 2),
            (side * (f.nose_half + 4.2), f.nose_y + 3),
            (side * (f.mouth.half + 2.6), f.mouth.y + 1.5),
        ]
        layer.stroke(geo.face(fold), (0.2, 0.9, 0.2), dark, 0.12 + 0.4 * k, soft=0.3, clip=True)
        corner = f.eyes[0].x + f.eyes[0].half + 1.2
        for dy, slope in ((-0.8, -0.35), (0.6, 0.1), (1.9, 0.5)):
            a, b = (side * corner, dy), (side * (corner + 3.4), dy + 3.4 * slope)
            layer.stroke(geo.face([a, b]), (0.5, 0.1), dark, 0.12 + 0.35 * k, soft=0.1, clip=True)


def merge(layer: Layer, over: Layer) -> None:
    """Paint `over`'s colour onto `layer` where both are."""
    if over.box is None:
        return
    x0, y0, x1, y1 = over.box
    a = over.alpha[y0:y1, x0:x1, None]
    layer.rgb[y0:y1, x0:x1] += (over.rgb[y0:y1, x0:x1] - layer.rgb[y0:y1, x0:x1]) * a
