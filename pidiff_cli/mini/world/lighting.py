"""Other lights than the scene's own: from every side, and coloured; for the wide world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pidiff_cli.mini.world.light import Light, Rgb

#: kind -> direction to the key (x to the key's side), levels of key, ambient, ground and rim, and
#: tints of key, ambient and rim; None keeps the scene's direction.
_Spec = tuple[Rgb | None, tuple[float, float, float, float], Rgb, Rgb, Rgb]
_WHITE: Rgb = (1.0, 1.0, 1.0)
_KINDS: dict[str, _Spec] = {
    "scene": (None, (1.0, 1.0, 1.0, 1.0), _WHITE, _WHITE, _WHITE),
    "side": ((0.95, -0.25, 0.30), (1.30, 0.62, 0.7, 0.8), _WHITE, _WHITE, _WHITE),
    "top": ((0.10, -0.95, 0.28), (1.25, 0.70, 0.7, 1.0), _WHITE, _WHITE, _WHITE),
    "below": ((0.22, 0.80, 0.55), (1.05, 0.68, 1.6, 0.9), _WHITE, _WHITE, _WHITE),
    "front": ((0.08, -0.12, 1.0), (1.08, 0.86, 1.0, 0.4), _WHITE, _WHITE, _WHITE),
    "back": ((0.70, -0.50, -0.25), (1.00, 0.86, 1.3, 2.2), _WHITE, _WHITE, _WHITE),
    "warm": (None, (1.02, 0.92, 1.0, 1.0), (1.16, 0.94, 0.66), (1.10, 0.95, 0.80), (1.2, 0.9, 0.6)),
    "cool": (None, (1.0, 0.95, 1.0, 1.0), (0.84, 0.96, 1.16), (0.84, 0.94, 1.14), (0.7, 0.95, 1.3)),
    "green": (None, (0.98, 0.92, 1.0, 1.0), (0.93, 1.06, 0.84), (0.90, 1.05, 0.90),
              (0.9, 1.2, 0.8)),
    "neon": ((0.80, -0.30, 0.50), (1.12, 0.78, 0.9, 1.5), (1.18, 0.74, 0.98), (0.80, 0.92, 1.20),
             (0.5, 1.3, 1.5)),
    "dim": (None, (0.70, 0.74, 0.7, 0.8), (1.05, 0.97, 0.9), (0.98, 0.98, 1.06), _WHITE),
}  # fmt: skip
#: Names of all lights, the scene's own first.
LIGHTS: tuple[str, ...] = tuple(_KINDS)
LIGHT_SHARES = (0.46, 0.12, 0.05, 0.03, 0.08, 0.05, 0.06, 0.06, 0.02, 0.03, 0.04)
#: How far a coloured light tints the backdrop too (1 = as much as the key).
_BACKDROP = 0.6


def relit(light: Light, kind: str, seed: int) -> tuple[Light, npt.NDArray[np.float32]]:
    """The light of this kind in a scene of `light`, and the backdrop's tint (3,).

    seed: chooses the side and moves the direction. KeyError for an unknown kind.
    """
    towards, (key, ambient, ground, rim), key_tint, ambient_tint, rim_tint = _KINDS[kind]
    if kind == "scene":
        return light, np.ones(3, np.float32)
    rng = np.random.default_rng([18, seed])
    side = -1.0 if rng.random() < 0.5 else 1.0
    direction, rim_dir = light.key_dir, light.rim_dir
    if towards is not None:
        x, y, z = towards
        direction = (side * x + rng.normal(0, 0.08), y + rng.normal(0, 0.08), z)
        rim_dir = (-side * abs(rim_dir[0]), rim_dir[1], rim_dir[2])
        if kind == "back":
            rim_dir = (side * abs(rim_dir[0]), rim_dir[1], rim_dir[2])
    made = replace(
        light, key_dir=direction, rim_dir=rim_dir,
        key_rgb=_times(light.key_rgb, key_tint, key),
        ambient=_times(light.ambient, ambient_tint, ambient),
        ground=_times(light.ground, ambient_tint, ground),
        rim_rgb=_times(light.rim_rgb, rim_tint, rim),
    )  # fmt: skip
    tint = 1 + _BACKDROP * (np.asarray(ambient_tint) - 1)
    level = {"dim": 0.66, "back": 1.14}.get(kind, 1.0)
    return made, np.asarray(tint * level, np.float32)


def _times(colour: Rgb, tint: Rgb, level: float) -> Rgb:
    r, g, b = (float(c * t * level) for c, t in zip(colour, tint, strict=True))
    return r, g, b
