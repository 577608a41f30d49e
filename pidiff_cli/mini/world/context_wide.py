"""Contexts of the wide world: farther turns, other framing and light, a second person, a camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pidiff_cli.mini.world.camera import NO_CAMERA, Camera, sample_camera
from pidiff_cli.mini.world.combinations import role_for, scene_for
from pidiff_cli.mini.world.context import (
    EXPRESSIONS,
    GLASSES,
    Companion,
    Context,
    make_mood,
)
from pidiff_cli.mini.world.lighting import LIGHT_SHARES, LIGHTS
from pidiff_cli.mini.world.occluders import OCCLUDER_SHARES, OCCLUDERS
from pidiff_cli.mini.world.registry import roles, styles, zoom_for
from pidiff_cli.mini.world.worlds import WIDE

EXPRESSION_SHARES = (0.29, 0.30, 0.12, 0.10, 0.10, 0.09)
GLASSES_SHARES = (0.70, 0.105, 0.105, 0.09)
COMPANY, CAMERA, FRAMING = 0.12, 0.5, 0.35  # shares of pictures with each
_PAINTERS_LIGHTS = ("scene", "side", "front", "warm", "cool")  # others hide painted faces
#: Companions' ids: below the held-out ones and above those that banks are drawn from.
COMPANION_IDS = (WIDE.people, 1_000_000)


def sample_wide_context(rng: np.random.Generator, **fixed: Any) -> Context:
    """A random context of the wide world; keywords fix fields, `companion=None` included.

    Role and scene are no pair of `combinations.held_out_pairs`, unless both are given.
    """
    made = _alone(rng, fixed)
    style = made.style
    others: dict[str, Any] = {}
    if rng.random() < COMPANY and "companion" not in fixed:
        others = _company(rng, made)
    elif rng.random() < 0.15:
        others["occluder"] = str(rng.choice(OCCLUDERS[1:], p=OCCLUDER_SHARES))
    if style != "photo" and made.light not in _PAINTERS_LIGHTS:
        made = replace(made, light="scene")
    if rng.random() < CAMERA:
        others["camera"] = _camera(sample_camera(rng), style)
    return replace(made, **{**others, **fixed})


def _camera(camera: Camera, style: str) -> Camera:
    """Works of art are photographed too, but in focus."""
    if style == "photo":
        return camera
    return replace(NO_CAMERA, exposure=camera.exposure * 0.5, warm=camera.warm * 0.5)


def _alone(rng: np.random.Generator, fixed: dict[str, Any]) -> Context:
    """All but companion, occluder and camera."""
    expression = str(fixed.get("expression") or rng.choice(list(EXPRESSIONS), p=EXPRESSION_SHARES))
    names = [r for r in roles(WIDE) if r != "casual"]
    role = str(rng.choice(names)) if rng.random() < 0.45 else "casual"
    role = fixed.get("role", role_for(fixed.get("scene"), role, WIDE, rng))
    headgear = bool(fixed.get("headgear", rng.random() < (0.6 if role != "casual" else 0.06)))
    other = [s for s in styles(WIDE) if s != "photo"]
    yaw = rng.normal(0, 15.0) if rng.random() < 0.85 else rng.uniform(-WIDE.yaw, WIDE.yaw)
    zoom = zoom_for(role, headgear) * _zoom(rng)
    return Context(
        world=WIDE.name,
        expression=expression,
        mood=wide_mood(expression, rng),
        yaw=float(np.clip(yaw, -WIDE.yaw, WIDE.yaw)),
        pitch=float(np.clip(rng.normal(0, 5.5), -WIDE.pitch, WIDE.pitch)),
        roll=float(np.clip(rng.normal(0, 5.0), -WIDE.roll, WIDE.roll)),
        gaze=_gaze(rng),
        role=role,
        scene=scene_for(role, WIDE, rng),
        style=str(rng.choice(other)) if rng.random() < 0.20 else "photo",
        headgear=headgear,
        glasses=str(rng.choice(GLASSES, p=GLASSES_SHARES)),
        light_seed=int(rng.integers(1 << 30)),
        light=str(rng.choice(LIGHTS, p=LIGHT_SHARES)),
        zoom=float(zoom),
        offset=_offset(rng, float(fixed.get("zoom", zoom))),
        seed=int(rng.integers(1 << 30)),
    )


def wide_mood(expression: str, rng: np.random.Generator) -> tuple[float, ...]:
    """The expression's seven numbers; every second smile shows its teeth."""
    mood = list(make_mood(expression, rng))
    if expression == "surprised":  # a round mouth: not a laugh
        mood[0], mood[6] = mood[0] - 0.15, mood[6] - 0.25
        mood[1], mood[2], mood[4] = mood[1] + 0.12, mood[2] + 0.2, mood[4] + 0.2
    elif expression == "laughing":
        mood[5] += 0.15
    if expression == "smile" and rng.random() < 0.5:
        mood[1] += float(rng.uniform(0.17, 0.42))
        mood[6] += float(rng.uniform(0.0, 0.15))
    return tuple(mood)


def _zoom(rng: np.random.Generator) -> float:
    if rng.random() < FRAMING:
        return float(rng.uniform(0.72, 1.20))
    return float(rng.uniform(0.93, 1.06))


def _offset(rng: np.random.Generator, zoom: float) -> tuple[float, float]:
    """Off-centre framing; bodies still reach the lower edge, heads stay inside."""
    far = rng.random() < FRAMING
    x = float(np.clip(rng.normal(0, 9.0 if far else 2.4), -17, 17))
    y = float(np.clip(rng.normal(0, 4.0 if far else 1.5), -9, 9))
    return x, max(y, 27.0 - 46.0 * zoom)


def _gaze(rng: np.random.Generator) -> tuple[float, float]:
    if rng.random() < 0.35:
        return float(rng.uniform(-1, 1)), float(rng.uniform(-0.9, 0.9))
    return (
        float(np.clip(rng.normal(0, 0.3), -1, 1)),
        float(np.clip(rng.normal(0, 0.2), -1, 1)),
    )


def _company(rng: np.random.Generator, first: Context) -> dict[str, Any]:
    """Room for two: the first person's framing, and the second person."""
    side = -1.0 if rng.random() < 0.5 else 1.0
    zoom = float(zoom_for(first.role, first.headgear) * rng.uniform(0.70, 0.82))
    apart = float(rng.uniform(17.0, 23.0))
    own = _alone(rng, {"style": first.style, "scene": first.scene})
    size = float(zoom_for(own.role, own.headgear) * rng.uniform(0.68, 0.78))
    low = max(float(rng.uniform(-4, 5)), 27.0 - 46.0 * size)
    other = replace(
        own, scene=first.scene, style=first.style, light=first.light, light_seed=first.light_seed,
        zoom=size, offset=(float(side * rng.uniform(19.0, 27.0)), low),
        yaw=float(np.clip(rng.normal(-8 * side, 12), -WIDE.yaw, WIDE.yaw)),
    )  # fmt: skip
    return {
        "zoom": zoom,
        "offset": (-side * apart, max(float(rng.uniform(-3, 3)), 27.0 - 46.0 * zoom)),
        "companion": Companion(int(rng.integers(*COMPANION_IDS)), other),
    }
