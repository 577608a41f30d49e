"""What a picture is made of, as 79 numbers in three groups: coarse, medium, fine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pidiff_cli.mini.world.context import MOOD_NAMES, Context
from pidiff_cli.mini.world.light import Light, unit
from pidiff_cli.mini.world.people import (
    COARSE_FIELDS,
    FINE_FIELDS,
    HAIR_SHAPES,
    MEDIUM_FIELDS,
    Person,
)

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
_COARSE = ("yaw", "pitch", "roll", *_COARSE_ID)
_MEDIUM = (
    *_MEDIUM_ID, *(f"mood_{n}" for n in MOOD_NAMES), "gaze_x", "gaze_y",
    *(f"glasses_{k}" for k in GLASSES_KINDS),
)  # fmt: skip
_FINE = (*_FINE_ID, "key_x", "key_y", "key_level", "key_warmth", "ambient_warmth")

NAMES: tuple[str, ...] = (*_COARSE, *_MEDIUM, *_FINE)
GROUPS = {
    "coarse": slice(0, len(_COARSE)),
    "medium": slice(len(_COARSE), len(_COARSE) + len(_MEDIUM)),
    "fine": slice(len(_COARSE) + len(_MEDIUM), 79),
}


def _identity_parts(p: Person) -> tuple[list[float], list[float], list[float]]:
    coarse = [getattr(p, n) for n in COARSE_FIELDS]
    coarse += [1.0 if p.hair_shape == s else 0.0 for s in HAIR_SHAPES]
    medium = [getattr(p, n) for n in MEDIUM_FIELDS] + [float(v) for v in BEARD_PARTS[p.beard]]
    fine = [getattr(p, n) for n in FINE_FIELDS]
    fine += [2 * v - 1 for v in (*p.hair_rgb, *p.eye_rgb)]
    return coarse, medium, fine


def identity_factors(person: Person) -> tuple[Vector, tuple[str, ...]]:
    """The values that belong to the person alone, float32 (57,), and their names."""
    parts = _identity_parts(person)
    return np.asarray([v for part in parts for v in part], np.float32), (
        *_COARSE_ID, *_MEDIUM_ID, *_FINE_ID,
    )  # fmt: skip


def factors(person: Person, context: Context, light: Light) -> Vector:
    """All factors of one picture, float32 (79,), roughly in [-1, 1]; see NAMES and GROUPS."""
    coarse, medium, fine = _identity_parts(person)
    key = unit(light.key_dir)
    r, g, b = light.key_rgb
    ar, _, ab = light.ambient
    pose = [context.yaw / 25, context.pitch / 8, context.roll / 6]
    glasses = [1.0 if context.glasses == k else 0.0 for k in GLASSES_KINDS]
    lit = [float(key[0]), float(key[1]), (r + g + b) - 1.9, 3 * (r - b), 3 * (ar - ab)]
    values = [*pose, *coarse, *medium, *context.mood, *context.gaze, *glasses, *fine, *lit]
    return np.clip(np.asarray(values, np.float32), -1.5, 1.5)
