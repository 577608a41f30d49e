"""Everything about a picture that is not the person: pose, mood, outfit, scene, style, framing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mini.world.combinations import role_for, scene_for
from mini.world.registry import NARROW, PITCH, ROLL, WORLDS, YAW, World, roles, styles, zoom_for

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
    world: str = "narrow"  # which world this was sampled from: captions follow it


def context_line(context: Context) -> dict[str, Any]:
    """The context as plain data for a bank's meta line; `context_from` reads it."""
    line = asdict(context)
    if context.world == NARROW.name:
        del line["world"]  # as in banks that were drawn before there were two worlds
    return line


def context_from(line: dict[str, Any]) -> Context:
    """The context that a meta line tells; what else the line holds is passed over."""
    names = Context.__dataclass_fields__
    held: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in line.items() if k in names
    }
    return Context(**held)


def make_mood(expression: str, rng: np.random.Generator) -> tuple[float, ...]:
    """The expression's seven numbers with a little life in them."""
    base = np.asarray(EXPRESSIONS[expression])
    return tuple(float(v) for v in base * rng.uniform(0.85, 1.12) + rng.normal(0, 0.05, 7))


def sample_context(rng: np.random.Generator, world: World | str = NARROW, **fixed: Any) -> Context:
    """A random context; keywords fix fields (a fixed `expression` draws its mood around it)."""
    world = WORLDS[world] if isinstance(world, str) else world
    expression = str(fixed.get("expression") or rng.choice(list(EXPRESSIONS), p=EXPRESSION_SHARES))
    names = [r for r in roles(world) if r != "casual"]
    role = str(rng.choice(names)) if names and rng.random() < 0.45 else "casual"
    role = fixed.get("role", role_for(fixed.get("scene"), role, world, rng))
    headgear = bool(fixed.get("headgear", role != "casual" and rng.random() < 0.6))
    other = [s for s in styles(world) if s != "photo"]
    style = str(rng.choice(other)) if other and rng.random() < 0.18 else "photo"
    glasses = str(rng.choice(GLASSES, p=(0.76, 0.105, 0.105, 0.03)))
    made = Context(
        world=world.name,
        expression=expression,
        mood=make_mood(expression, rng),
        yaw=float(np.clip(rng.normal(0, 12), -YAW, YAW)),
        pitch=float(np.clip(rng.normal(0, 3.5), -PITCH, PITCH)),
        roll=float(np.clip(rng.normal(0, 2.4), -ROLL, ROLL)),
        gaze=(
            float(np.clip(rng.normal(0, 0.35), -1, 1)),
            float(np.clip(rng.normal(0, 0.2), -1, 1)),
        ),
        role=role,
        scene=scene_for(role, world, rng),
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
