"""Everything about a picture that is not the person: pose, mood, outfit, scene, style, framing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

#: The seven mood numbers, each in about [-1, 1].
MOOD_NAMES = ("corner", "open", "brow", "inner", "eye_open", "squint", "width")
#: expression -> corner lift, mouth opening, brow raise, inner brow, eye opening, squint, width.
EXPRESSIONS: dict[str, tuple[float, ...]] = {
    "neutral": (0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "smile": (0.75, 0.0, 0.1, 0.05, -0.02, 0.35, 0.45),
    "laughing": (1.0, 0.62, 0.3, 0.1, -0.1, 0.65, 0.6),
    "sad": (-0.75, 0.0, -0.05, 0.95, -0.2, 0.0, -0.15),
    "surprised": (-0.1, 0.85, 1.0, 0.35, 0.75, -0.3, -0.5),
    "angry": (-0.55, 0.0, -0.85, -1.0, 0.0, 0.5, -0.1),
}
EXPRESSION_SHARES = (0.34, 0.26, 0.08, 0.12, 0.12, 0.08)
GLASSES = ("none", "round", "square", "sunglasses")


@dataclass(frozen=True)
class Context:
    """One picture's circumstances; see MOOD_NAMES for mood. Angles in degrees, yaw > 0 looks to
    the picture's right, pitch > 0 looks down, roll > 0 leans clockwise. gaze in [-1, 1]."""

    expression: str = "neutral"
    mood: tuple[float, ...] = EXPRESSIONS["neutral"]
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    role: str = "casual"
    scene: str = "studio"
    style: str = "photo"
    headgear: bool = False
    glasses: str = "none"
    light_seed: int = 0
    zoom: float = 1.17
    offset: tuple[float, float] = (0.0, 0.0)
    seed: int = 0


def make_mood(expression: str, rng: np.random.Generator) -> tuple[float, ...]:
    """The expression's seven numbers with a little life in them."""
    base = np.asarray(EXPRESSIONS[expression])
    return tuple(float(v) for v in base * rng.uniform(0.85, 1.12) + rng.normal(0, 0.05, 7))


def sample_context(rng: np.random.Generator, **fixed: Any) -> Context:
    """A random context; keywords fix fields (a fixed `expression` draws its mood around it)."""
    from pidiff_cli.mini.world.registry import roles, scenes, styles, zoom_for

    expression = str(fixed.get("expression") or rng.choice(list(EXPRESSIONS), p=EXPRESSION_SHARES))
    names = [r for r in roles() if r != "casual"]
    role = str(rng.choice(names)) if names and rng.random() < 0.45 else "casual"
    role = fixed.get("role", role)
    headgear = bool(fixed.get("headgear", role != "casual" and rng.random() < 0.6))
    other = [s for s in styles() if s != "photo"]
    style = str(rng.choice(other)) if other and rng.random() < 0.18 else "photo"
    glasses = str(rng.choice(GLASSES, p=(0.76, 0.105, 0.105, 0.03)))
    made = Context(
        expression=expression,
        mood=make_mood(expression, rng),
        yaw=float(np.clip(rng.normal(0, 12), -25, 25)),
        pitch=float(np.clip(rng.normal(0, 3.5), -8, 8)),
        roll=float(np.clip(rng.normal(0, 2.4), -6, 6)),
        gaze=(
            float(np.clip(rng.normal(0, 0.35), -1, 1)),
            float(np.clip(rng.normal(0, 0.2), -1, 1)),
        ),
        role=role,
        scene=str(rng.choice(list(scenes()))),
        style=style,
        headgear=headgear,
        glasses=glasses,
        light_seed=int(rng.integers(1 << 30)),
        zoom=float(zoom_for(role, headgear) * rng.uniform(0.94, 1.05)),
        offset=(
            float(np.clip(rng.normal(0, 2.2), -6, 6)),
            float(np.clip(rng.normal(0, 1.4), -4, 4)),
        ),
        seed=int(rng.integers(1 << 30)),
    )
    return replace(made, **fixed)
