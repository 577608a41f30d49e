"""From judged pictures to numbers: every measure with its interval and its yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pidiff_cli.core.metrics.bootstrap import interval, share_interval
from pidiff_cli.stages.judge.look import JudgedPicture, JudgedSet
from pidiff_cli.stages.judge.readers import Encoder

NO_HELD_OUT = "give --held-out: photos of the person that were not learnt from"
SAME_PHOTOS = "the held-out photos are the ones learnt from"
NO_FACE = "no face was found in the pictures"
NO_PROMPT = (
    "no picture tells its prompt: give --prompt, or a .txt of its name (looked for in our record, "
    "A1111's, ComfyUI's and InvokeAI's)"
)
#: Measures that an encoder gives, and all of them, in the order in which they are told.
BY_ENCODER = ("likeness", "copied", "copy_paste")
MEASURES = (*BY_ENCODER, "faces", "text")


@dataclass(frozen=True)
class Figure:
    """A measure of a set of pictures.

    Attributes:
        value: mean over pictures, None where it was not measured: ``why`` says so.
        low, high: 95 % interval; None for fewer than five pictures. n: pictures that count.
        beside: what it is read against, name → value.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    beside: dict[str, float]
    why: str = ""


def series(
    judged: JudgedSet, measure: str, encoder: str, person: str | None = None
) -> list[float | None]:
    """A measure of each picture: of one person, or the mean over those who were found in it."""
    return [_value(judged, picture, measure, encoder, person) for picture in judged.pictures]


def _value(
    judged: JudgedSet, picture: JudgedPicture, measure: str, encoder: str, person: str | None
) -> float | None:
    if measure == "text":
        return picture.text
    wanted = [one.name for one in judged.people] if person is None else [person]
    found = [picture.near[name][encoder] for name in wanted if name in picture.near]
    if measure == "faces":
        return len(found) / len(wanted)
    values: list[float | None] = [near.copy_paste for near in found]
    if measure == "copied" or (measure == "likeness" and not against_held_out(judged)):
        values = [near.learnt_from for near in found]
    elif measure == "likeness":
        values = [near.held_out for near in found]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def against_held_out(judged: JudgedSet) -> bool:
    """Whether likeness is measured on photos held out, not on those learnt from."""
    return all(person.held_out for person in judged.people)


def figures(
    judged: JudgedSet, encoder: Encoder, no_text: str, person: str | None = None
) -> dict[str, Figure]:
    """Every measure of a set, of all its people or of one.

    Args:
        no_text: why text is not scored at all, or "".
    """
    found = {}
    for measure in MEASURES:
        values = series(judged, measure, encoder.name, person)
        known = [value for value in values if value is not None]
        ends = interval(known)
        if measure == "faces":
            ends = share_interval(round(sum(known)), len(known))
        beside = _yardsticks(judged, measure, encoder, person)
        why = "" if known else _why(judged, measure, no_text)
        mean = float(np.mean(known)) if known else None
        low, high = ends or (None, None)
        found[measure] = Figure(mean, low, high, len(known), beside, why)
    return found


def _why(judged: JudgedSet, measure: str, no_text: str) -> str:
    if measure == "text":
        return no_text or NO_PROMPT
    if measure == "copy_paste" and not against_held_out(judged):
        return NO_HELD_OUT
    if measure == "copy_paste" and any(picture.near for picture in judged.pictures):
        return SAME_PHOTOS
    return NO_FACE


def _yardsticks(
    judged: JudgedSet, measure: str, encoder: Encoder, person: str | None
) -> dict[str, float]:
    """What a measure is read against, the mean over several people: the person's own spread and the
    published threshold; what further photos and copies would read."""
    people = [one for one in judged.people if person in (None, one.name)]
    if measure == "copy_paste":
        pairs = [pair for one in people if (pair := one.copying.get(encoder.name)) is not None]
        names = ("new_photos", "copies") if pairs else ()
        return {name: float(np.mean([pair[i] for pair in pairs])) for i, name in enumerate(names)}
    if measure not in ("likeness", "copied"):
        return {}
    spreads = [one.spread[encoder.name] for one in people]
    medians = [spread.median for spread in spreads if spread.median is not None]
    lowest = [spread.lowest for spread in spreads if spread.lowest is not None]
    told: dict[str, float] = {}
    if medians:
        told |= {"own_median": float(np.mean(medians)), "own_lowest": float(np.mean(lowest))}
    if encoder.same is not None:
        told["same_person"] = encoder.same
    return told


def nearest_told(judged: JudgedSet, encoder: str) -> dict[str, float] | None:
    """How many pictures are nearer to one photo learnt from than any two of those are to each
    other, and what share of new photos would be; None where a person has one photo only.

    Of R + 1 photos one is in the closest pair with probability 2 / (R + 1).
    """
    limits = {one.name: one.closest[encoder] for one in judged.people}
    if any(limit is None for limit in limits.values()):
        return None
    seen = [picture for picture in judged.pictures if picture.near]
    nearer = sum(
        any(near[encoder].nearest > (limits[name] or 1) for name, near in picture.near.items())
        for picture in seen
    )
    fewest = min(one.count for one in judged.people)
    return {"pictures": nearer, "of": len(seen), "of_new_photos": 2 / (fewest + 1)}


def document(
    judged: JudgedSet, encoders: Sequence[Encoder], no_text: str, against: int = 0
) -> dict[str, Any]:
    """A set as JSON values.

    Args:
        against: whose photos: sets of the same number share them.
    """
    first = encoders[0]
    return {
        "name": judged.name,
        "pictures": len(judged.pictures),
        "against": against,
        "likeness_against": "held_out" if against_held_out(judged) else "learnt_from",
        "measures": _plain(figures(judged, first, no_text)),
        "encoders": {
            one.name: {
                name: figure
                for name, figure in _plain(figures(judged, one, no_text)).items()
                if name in BY_ENCODER
            }
            for one in encoders
        },
        "nearer_than_own_photos": nearest_told(judged, first.name),
        "people": [
            {"name": one.name, "measures": _plain(figures(judged, first, no_text, one.name))}
            for one in judged.people
        ],
        "each": [_picture(picture) for picture in judged.pictures],
        "left_out": [{"file": file, "reason": reason} for file, reason in judged.left_out],
    }


def _plain(found: dict[str, Figure]) -> dict[str, dict[str, Any]]:
    return {name: asdict(figure) for name, figure in found.items()}


def _picture(picture: JudgedPicture) -> dict[str, Any]:
    return {
        "file": picture.file,
        "faces": picture.faces,
        "people": {
            person: {encoder: asdict(near) for encoder, near in by_encoder.items()}
            for person, by_encoder in picture.near.items()
        },
        "text": picture.text,
        "prompt": picture.prompt.text or None,
        "prompt_from": picture.prompt.source or None,
        "seed": picture.prompt.seed,
    }
