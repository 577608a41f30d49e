"""What is worth knowing of a photo that is kept, and which photo is missing: no reason to reject.

Glasses are left out: none of the networks that come with the set-up tells them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pidiff_cli.core.faces.expression import Expression
from pidiff_cli.core.faces.light import FRONTAL, Light
from pidiff_cli.core.faces.pose import Pose
from pidiff_cli.core.faces.sharpness import TOLD, Blur

TURNED, NODDED, TILTED = 30.0, 20.0, 30.0  # degrees from which a pose is worth a word
SOFT = 0.45  # amount of blur: still kept, but worth a word
LOW = 110  # px, brow to chin: fewer than the aligned face of 256 px gives it
FRONT, ASIDE = 12.0, 15.0  # degrees of turn: from the front, from the side
STOPS = 0.5  # light that differs by less is alike


def notes(
    pose: Pose, light: Light, expression: Expression, blur: Blur, native_height: float
) -> tuple[str, ...]:
    """Short words on one photo, none where nothing is particular.

    Args:
        native_height: brow to chin in pixels of the photo.
    """
    aside = "right" if pose.turn > 0 else "left"
    told = {
        f"turned to the {aside}": abs(pose.turn) >= TURNED,
        "looks down": pose.nod >= NODDED,
        "looks up": pose.nod <= -NODDED,
        "tilted": abs(pose.tilt) >= TILTED,
        "eyes closed": expression.closed,
        "low light": light.low,
        "harsh shadow": light.harsh and not light.low and abs(pose.turn) <= FRONTAL,
        "low resolution": native_height < LOW,
        "a little soft": SOFT <= blur.amount < TOLD,
    }
    return tuple(word for word, so in told.items() if so)


def missing(
    poses: Sequence[Pose], lights: Sequence[Light], expressions: Sequence[Expression]
) -> str:
    """One sentence on which photo to add next, and why; "" where the set is rich.

    Args:
        poses, lights, expressions: of every photo that is kept.
    """
    if len(poses) < 3:
        return "Three to eight photos work best: add a few, from other days and angles."
    for gap in (_view(poses), _mouth(expressions), _light(lights), _other_side(poses)):
        if gap:
            return gap
    if all(expression.closed for expression in expressions):
        return "Open eyes would help most: they are closed in every photo."
    return "" if len(poses) >= 5 else "One or two more photos from other angles would help."


def _view(poses: Sequence[Pose]) -> str:
    """The gap where all look the same way, or nobody looks ahead."""
    turns = [pose.turn for pose in poses]
    if min(abs(turn) for turn in turns) > FRONT:
        return "A view straight from the front would help most: there is none."
    if max(abs(turn) for turn in turns) < ASIDE:
        return "A view from the side would help most: the head is turned in none."
    return ""


def _other_side(poses: Sequence[Pose]) -> str:
    turns = [pose.turn for pose in poses]
    left, right = (sum(sign * turn >= ASIDE for turn in turns) for sign in (-1, 1))
    if left and right:
        return ""
    lacking, there = ("left", "right") if right else ("right", "left")
    return (
        f"A head turned to the picture's {lacking} would help most: "
        f"{left + right} of {len(poses)} turn to its {there}, none to its {lacking}."
    )


def _mouth(expressions: Sequence[Expression]) -> str:
    words = [expression.word for expression in expressions]
    if "smile" not in words:
        return "A smile would help most: there is none."
    if "calm" not in words:
        return "A calm face, mouth closed, would help most: there is none."
    return ""


def _light(lights: Sequence[Light]) -> str:
    """The gap where brightness and side of the light are the same in all."""
    levels = [float(np.log2(max(light.level, 1e-3))) for light in lights]
    sides = [light.side for light in lights]
    if all(light.low for light in lights):
        return "A photo in brighter light would help most: all are dark."
    if max(np.ptp(levels), np.ptp(sides)) < STOPS:
        return "A photo in other light would help most: it is alike in all."
    return ""
