"""What a picture is made of, as 79 numbers in three groups: coarse, medium, fine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mini.world.context import MOOD_NAMES, Context
from mini.world.paint.light import Light, unit
from mini.world.people import COARSE_FIELDS, FINE_FIELDS, HAIR_SHAPES, MEDIUM_FIELDS, Person
from mini.world.registry import PITCH, ROLL, YAW

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
#: Group -> (pose, the person's own, the rest).
_PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "coarse": (_POSE, _COARSE_ID, ()),
    "medium": ((), _MEDIUM_ID, _WORN),
    "fine": ((), _FINE_ID, _LIGHT),
}
#: What each number of `factors` is called, in order.
NAMES: tuple[str, ...] = tuple(n for group in _PARTS.values() for part in group for n in part)
#: Those that belong to the person alone.
IDENTITY_NAMES: tuple[str, ...] = tuple(n for _, identity, _ in _PARTS.values() for n in identity)


def _groups() -> dict[str, slice]:
    found, end = {}, 0
    for kind, parts in _PARTS.items():
        start, end = end, end + sum(len(part) for part in parts)
        found[kind] = slice(start, end)
    return found


#: Where the coarse, medium and fine factors lie among them.
GROUPS: dict[str, slice] = _groups()


def _identity_parts(p: Person) -> tuple[list[float], list[float], list[float]]:
    coarse = [getattr(p, n) for n in COARSE_FIELDS]
    coarse += [1.0 if p.hair_shape == s else 0.0 for s in HAIR_SHAPES]
    medium = [getattr(p, n) for n in MEDIUM_FIELDS] + [float(v) for v in BEARD_PARTS[p.beard]]
    fine = [getattr(p, n) for n in FINE_FIELDS]
    fine += [2 * v - 1 for v in (*p.hair_rgb, *p.eye_rgb)]
    return coarse, medium, fine


def factors(person: Person, context: Context, light: Light) -> Vector:
    """All factors of one picture, float32 (79,), roughly in [-1, 1]; see NAMES and GROUPS."""
    coarse, medium, fine = _identity_parts(person)
    pose = [context.yaw / YAW, context.pitch / PITCH, context.roll / ROLL]
    glasses = [1.0 if context.glasses == k else 0.0 for k in GLASSES_KINDS]
    values = [*pose, *coarse, *medium, *context.mood, *context.gaze, *glasses, *fine, *_lit(light)]
    return np.clip(np.asarray(values, np.float32), -1.5, 1.5)


def _lit(light: Light) -> list[float]:
    """Values of _LIGHT."""
    key = unit(light.key_dir)
    r, g, b = light.key_rgb
    ar, _, ab = light.ambient
    return [float(key[0]), float(key[1]), (r + g + b) - 1.9, 3 * (r - b), 3 * (ar - ab)]
