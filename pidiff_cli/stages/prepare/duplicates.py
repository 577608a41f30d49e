"""Of photos that are nearly the same the best stays: the original, where it can be told."""

from __future__ import annotations

from pidiff_cli.core.faces import triage
from pidiff_cli.files import said
from pidiff_cli.stages.prepare.chosen import Choice
from pidiff_cli.stages.results import RejectedPhoto

TWIN_CODE = 0.97  # cosine of two faces that are the same picture of it
GREY = 0.01  # colour of a grey or tinted copy, at most
WEAR = 0.06  # steps of wear that count


def drop_duplicates(kept: list[Choice]) -> tuple[list[Choice], list[RejectedPhoto]]:
    """The photos that stay, in their order, and those left out as near duplicates.

    Of copies of one picture the one in colour, with its shades, the finest detail and the most
    pixels stays; after that the file that was given first.
    """
    best: list[Choice] = []
    rejected: list[RejectedPhoto] = []
    for one in sorted(kept, key=lambda c: (_originality(c), -kept.index(c)), reverse=True):
        twin = next((other for other in best if _twins(one, other)), None)
        if twin is None:
            best.append(one)
        else:
            reason = f"near duplicate of {said(twin.candidate.path.name)}"
            rejected.append(RejectedPhoto(said(one.candidate.path), reason))
    return [choice for choice in kept if choice in best], rejected


def _originality(choice: Choice) -> tuple[float, ...]:
    """The larger the likelier it is the original: colour, shades, quality, pixels, bytes."""
    return (
        float(triage.colour_of(choice.aligned) > GREY),
        -round(triage.wear_of(choice.aligned) / WEAR),
        choice.quality,
        choice.candidate.factor,
        choice.candidate.path.stat().st_size,
    )


def _twins(one: Choice, other: Choice) -> bool:
    if triage.hash_distance(one.candidate.hash, other.candidate.hash) < triage.SAME_HASH:
        return True
    faces = triage.hash_distance(
        triage.picture_hash(one.aligned), triage.picture_hash(other.aligned)
    )
    return faces < 0.6 * triage.SAME_HASH and float(one.code @ other.code) > TWIN_CODE
