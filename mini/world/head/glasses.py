"""Glasses: round, square and (rarely) sunglasses, on the face's surface."""

from __future__ import annotations

import numpy as np

from mini.world.context import Context
from mini.world.head.features import Features
from mini.world.paint.canvas import ORDER, Array, Layer
from mini.world.paint.geometry import Geometry

FRAMES = np.array([(0.10, 0.09, 0.10), (0.32, 0.17, 0.08), (0.66, 0.50, 0.22), (0.45, 0.10, 0.12),
                   (0.16, 0.24, 0.42)])  # fmt: skip


def glasses_layers(c: Context, geo: Geometry, f: Features) -> list[Layer]:
    """Lens tint and frame; the frame's colour comes with the context's seed."""
    if c.glasses == "none":
        return []
    rng = np.random.default_rng([11, c.seed])
    dark = c.glasses == "sunglasses"
    colour = FRAMES[0] if dark else FRAMES[int(rng.integers(len(FRAMES)))]
    layer = Layer(geo.frame, "glasses", material="metal", label=5, order=ORDER["glasses"],
                  thickness=0.35, shadow=0.4)  # fmt: skip
    layer.gloss = 0.35
    arms = Layer(geo.frame, "arms", material="metal", label=5, order=ORDER["front_hair"] - 4,
                 thickness=0.3, shadow=0.3)  # fmt: skip
    lens = Layer(geo.frame, "lens", material="glass", label=5, order=ORDER["glasses"] - 1,
                 thickness=0.5, shadow=0.1 if not dark else 0.4)  # fmt: skip
    eye = f.eyes[1]
    width = 1.15 if c.glasses == "square" else 1.05
    rings = [_rim(c.glasses, side, eye.x + 0.4) for side in (-1, 1)]
    for ring in rings:
        on = _lift(geo, ring)
        if dark:
            lens.fill(on, (0.07, 0.06, 0.08), 0.93, to=(0.24, 0.20, 0.22))
        else:
            lens.fill(on, (0.88, 0.94, 1.0), 0.07)
        closed = np.vstack([on, on[:1]])
        layer.stroke(closed, width * (1.25 if dark else 1.0), colour, smooth=False)
    bridge_x = eye.x - 7.6
    bridge = np.array([(-bridge_x, -1.0), (0, -2.6), (bridge_x, -1.0)])
    layer.stroke(_lift(geo, bridge), width, colour)
    for side in (-1, 1):
        if side * geo.yaw < 0.28:
            hinge = _lift(geo, [(side * (eye.x + 8.4), -2.2)])[0]
            ear = geo.place([(side * (geo.shape.cheek - 0.2), -1.5)], -2.0)[0]
            arms.stroke([hinge, ear], (width, width * 0.8), colour, smooth=False)
    return [arms, lens, layer]


def _lift(geo: Geometry, points: Array | list[tuple[float, float]]) -> Array:
    """Glasses stand on one plane a little in front of the face."""
    p = np.asarray(points, np.float64)
    z = 19.0 - 0.027 * p[:, 0] ** 2
    return np.asarray(geo.turn(p, z + 2.0))


def _rim(kind: str, side: int, x: float) -> Array:
    t = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    if kind == "round":
        return np.stack([side * x + 8.0 * c, 0.6 + 7.6 * s], 1)
    power = 0.48 if kind == "square" else 0.62
    half, tall = 8.5, 6.2 if kind == "square" else 6.9
    px = np.sign(c) * np.abs(c) ** power * half
    py = np.sign(s) * np.abs(s) ** power * tall
    return np.stack([side * (x + px), 0.5 + py - 0.08 * px], 1)
