"""What a picture is made of, as numbers in three groups: coarse, medium, fine.

79 in the narrow world (NAMES and GROUPS), more in the wide one: `names(world)`, `groups(world)`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.context import MOOD_NAMES, Context
from mini.world.paint.light import Light, unit
from mini.world.people import (
    COARSE_FIELDS,
    FINE_FIELDS,
    HAIR_SHAPES,
    MEDIUM_FIELDS,
    WIDE_COARSE_FIELDS,
    WIDE_FINE_FIELDS,
    WIDE_MEDIUM_FIELDS,
    Person,
)
from mini.world.worlds import NARROW, WORLDS, World

Vector = npt.NDArray[np.float32]

#: beard -> stubble, moustache, chin, cheeks
BEARD_PARTS = {
    "none": (0, 0, 0, 0), "stubble": (1, 0, 0, 0), "moustache": (0, 1, 0, 0),
    "goatee": (0, 1, 1, 0), "short": (0, 1, 0.5, 0.5), "full": (0, 1, 1, 1),
}  # fmt: skip
GLASSES_KINDS = ("round", "square", "sunglasses")

_COARSE_ID = (*COARSE_FIELDS, *(f"hair_{s}" for s in HAIR_SHAPES))
_MEDIUM_ID = (*MEDIUM_FIELDS, "stubble", "moustache", "chin_beard", "cheek_beard")
_FINE_ID = (
    *FINE_FIELDS, "hair_r", "hair_g", "hair_b", "eye_r", "eye_g", "eye_b",
)  # fmt: skip
_POSE = ("yaw", "pitch", "roll")
_WORN = (
    *(f"mood_{n}" for n in MOOD_NAMES), "gaze_x", "gaze_y",
    *(f"glasses_{k}" for k in GLASSES_KINDS),
)  # fmt: skip
_LIGHT = ("key_x", "key_y", "key_level", "key_warmth", "ambient_warmth")
_WIDE_LIGHT = (
    "key_green", "ambient_level", "ambient_green", "rim_level", "exposure", "contrast",
    "cast_warm", "cast_green", "defocus",
)  # fmt: skip

#: World.varied -> group -> (pose, identity names, the rest's names).
_PARTS: dict[bool, tuple[tuple[tuple[str, ...], ...], ...]] = {
    False: ((_POSE, _COARSE_ID, ()), ((), _MEDIUM_ID, _WORN), ((), _FINE_ID, _LIGHT)),
    True: (
        (_POSE, (*_COARSE_ID, *WIDE_COARSE_FIELDS), ()),
        ((), (*_MEDIUM_ID, *WIDE_MEDIUM_FIELDS), _WORN),
        ((), (*_FINE_ID, *WIDE_FINE_FIELDS), (*_LIGHT, *_WIDE_LIGHT)),
    ),
}


def names(world: World = NARROW) -> tuple[str, ...]:
    """What each number of `factors` is called, in order."""
    return tuple(n for group in _PARTS[world.varied] for part in group for n in part)


def groups(world: World = NARROW) -> dict[str, slice]:
    """Where the coarse, medium and fine factors lie among them."""
    sizes = [sum(len(part) for part in group) for group in _PARTS[world.varied]]
    ends = np.cumsum(sizes).tolist()
    kinds = ("coarse", "medium", "fine")
    return {k: slice(end - size, end) for k, size, end in zip(kinds, sizes, ends, strict=True)}


def identity_names(world: World = NARROW) -> tuple[str, ...]:
    """The names of those that belong to the person alone."""
    return tuple(n for _, identity, _ in _PARTS[world.varied] for n in identity)


#: The narrow world's, on which the shipped networks stand.
NAMES: tuple[str, ...] = names(NARROW)
GROUPS: dict[str, slice] = groups(NARROW)


def _identity_parts(p: Person, wide: bool) -> tuple[list[float], list[float], list[float]]:
    coarse = [getattr(p, n) for n in COARSE_FIELDS]
    coarse += [1.0 if p.hair_shape == s else 0.0 for s in HAIR_SHAPES]
    medium = [getattr(p, n) for n in MEDIUM_FIELDS] + [float(v) for v in BEARD_PARTS[p.beard]]
    fine = [getattr(p, n) for n in FINE_FIELDS]
    fine += [2 * v - 1 for v in (*p.hair_rgb, *p.eye_rgb)]
    if wide:
        coarse += [getattr(p, n) for n in WIDE_COARSE_FIELDS]
        medium += [getattr(p, n) for n in WIDE_MEDIUM_FIELDS]
        fine += [getattr(p, n) for n in WIDE_FINE_FIELDS]
    return coarse, medium, fine


def identity_factors(person: Person, world: World = NARROW) -> tuple[Vector, tuple[str, ...]]:
    """The values that belong to the person alone, float32 (59,) or (87,), and their names."""
    parts = _identity_parts(person, world.varied)
    return np.asarray([v for part in parts for v in part], np.float32), identity_names(world)


def factors(person: Person, context: Context, light: Light) -> Vector:
    """All factors of one picture, float32 (79,) or of the context's world (F,), roughly in
    [-1, 1]; see `names` and `groups`."""
    world = WORLDS[context.world]
    wide = world.varied
    coarse, medium, fine = _identity_parts(person, wide)
    pose = [context.yaw / world.yaw, context.pitch / world.pitch, context.roll / world.roll]
    glasses = [1.0 if context.glasses == k else 0.0 for k in GLASSES_KINDS]
    lit = _lit(light) + (_seen(context, light) if wide else [])
    values = [*pose, *coarse, *medium, *context.mood, *context.gaze, *glasses, *fine, *lit]
    return np.clip(np.asarray(values, np.float32), -1.5, 1.5)


def _lit(light: Light) -> list[float]:
    """Values of _LIGHT."""
    key = unit(light.key_dir)
    r, g, b = light.key_rgb
    ar, _, ab = light.ambient
    return [float(key[0]), float(key[1]), (r + g + b) - 1.9, 3 * (r - b), 3 * (ar - ab)]


def _seen(context: Context, light: Light) -> list[float]:
    """Values of _WIDE_LIGHT: more of the light, and the camera's colours."""
    (r, g, b), (ar, ag, ab), camera = light.key_rgb, light.ambient, context.camera
    return [
        3 * (2 * g - r - b), (ar + ag + ab) - 1.35, 3 * (2 * ag - ar - ab),
        sum(light.rim_rgb) - 1.0, camera.exposure, camera.contrast, camera.warm, camera.green,
        camera.defocus,
    ]  # fmt: skip
