"""Skin colours: ten stops from fair to deep, undertone, and what is derived from them."""

from __future__ import annotations

import numpy as np

from mini.world.paint.canvas import Array
from mini.world.people import Person

STOPS = np.array(
    [
        (252, 226, 206), (245, 210, 184), (236, 194, 162), (226, 178, 142), (208, 156, 118),
        (186, 132, 96), (162, 110, 78), (136, 90, 64), (110, 71, 52), (88, 56, 43),
    ],
    np.float32,
) / np.float32(255.0)  # fmt: skip


def skin_rgb(person: Person) -> Array:
    """Local skin colour (3,), [0, 1]."""
    t = (np.clip(person.skin, -1, 1) + 1) / 2 * (len(STOPS) - 1)
    base = np.array([np.interp(t, np.arange(len(STOPS)), STOPS[:, c]) for c in range(3)])
    # undertone: rosy (-1) to golden (+1)
    u = person.undertone
    return np.asarray(base * (1 + u * np.array([0.0, 0.022, -0.075])), np.float32)


def skin_line(base: Array, strength: float = 1.0) -> Array:
    """Colour of shadows and lines on skin: skin x (.6, .45, .4), never black."""
    return np.asarray(base * (1 - strength * np.array([0.4, 0.55, 0.6])), np.float32)


def lip_rgb(person: Person, base: Array) -> Array:
    """Lips: skin x (.86, .56, .54); the lip factor goes from pale to deep rose."""
    tone = base * np.array([0.88, 0.62, 0.60], np.float32)
    rose = np.array([0.70, 0.17, 0.21], np.float32) * (0.55 + 0.45 * float(base.mean()) / 0.75)
    k = 0.22 * (person.lip + 1)
    return np.asarray(tone * (1 - k) + rose * k, np.float32)
