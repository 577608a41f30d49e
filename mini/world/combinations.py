"""Combinations of role and scene that training never sees, to ask a trained network for later.

A fixed list of the broad world: two scenes of each role, of these the eleven that the narrow world,
on which mini began, cannot have shown. Everyday clothes and the studio are seen with everything,
because prompts that leave role or scene out mean them.

Sampling a context does not draw them, neither do captions made for training; a context that is
given both a role and a scene gets what it is given, which is how benchmarks ask for them.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from mini.world.registry import NARROW, World, roles, scenes

Pair = tuple[str, str]
EVERYDAY, PLAIN = "casual", "studio"  # seen with everything
#: Of the i-th role, the scenes with the numbers a i + b (a and b below; both odd steps, so that a
#: role's two scenes differ and the scenes take turns).
_STEPS = ((5, 1), (7, 6))


@cache
def held_out_pairs(world: World) -> tuple[Pair, ...]:
    """The (role, scene) pairs never sampled for training, by role; none in the narrow world."""
    if world == NARROW:
        return ()
    seen = frozenset(product(roles(), scenes()))
    some_roles = [role for role in roles(world) if role != EVERYDAY]
    some_scenes = [scene for scene in scenes(world) if scene != PLAIN]
    count = len(some_scenes)
    pairs = (
        (role, some_scenes[(step * i + first) % count])
        for i, role in enumerate(some_roles)
        for step, first in _STEPS
    )
    return tuple(pair for pair in pairs if pair not in seen)


def is_held_out(role: str, scene: str, world: World) -> bool:
    """Whether training never sees this role in this scene."""
    return (role, scene) in _held(world)


def scenes_with(role: str, world: World) -> tuple[str, ...]:
    """The scenes that training sees a role in."""
    return tuple(scene for scene in scenes(world) if not is_held_out(role, scene, world))


def roles_with(scene: str, world: World) -> tuple[str, ...]:
    """The roles that training sees in a scene."""
    return tuple(role for role in roles(world) if not is_held_out(role, scene, world))


def role_for(scene: str | None, role: str, world: World, rng: np.random.Generator) -> str:
    """The role, or where training never sees it in this scene another that it does."""
    if scene is None or not is_held_out(role, scene, world):
        return role
    return str(rng.choice(roles_with(scene, world)))


def scene_for(role: str, world: World, rng: np.random.Generator) -> str:
    """A scene that training sees this role in."""
    scene = str(rng.choice(list(scenes(world))))
    return str(rng.choice(scenes_with(role, world))) if is_held_out(role, scene, world) else scene


@cache
def _held(world: World) -> frozenset[Pair]:
    return frozenset(held_out_pairs(world))
