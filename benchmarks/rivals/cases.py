"""Who is drawn in the comparison of methods: people, their photos, and what is asked for.

A case is one held-out person with so many photos in one situation.  The table's people, those
that settings are chosen on, and those of the other scripts are four groups apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import drawings
from benchmarks.drawings import HELD_OUT, Drawings, identities
from benchmarks.quality.banks import facts_of, trained_contexts
from benchmarks.quality.people import DISTRACTORS, PROMPTS
from benchmarks.rivals import traits
from mini.world.captions import describe

HOME = Path(".mini/rivals")
TABLE_FIRST, VALIDATION_FIRST = 60_000, 70_000  # places among the held-out people
GALLERY = 100  # people among whom a face has to be the right one
NOUN = "person"
SITUATIONS = ("main", "occluded", "stranger", "absent", "combined", "traits")
draw_set = partial(drawings.draw_set, cache=HOME / "drawings")

#: Four facts at once that no picture of the training banks combines (``trained_combinations``).
COMBINED = (
    ("cowboy", "stage", "pencil", "angry"), ("clown", "mountains", "watercolour", "laughing"),
    ("knight", "beach", "oil", "angry"), ("royal", "kitchen", "oil", "surprised"),
    ("chef", "space", "pop", "laughing"), ("wizard", "city", "pop", "angry"),
    ("doctor", "underwater", "oil", "laughing"), ("firefighter", "garden", "pop", "sad"),
)  # fmt: skip
#: Asked of people whose photos are all calm and turned to one side.
MOODS = (
    "smiling", "laughing", "looking sad", "looking angry", "looking surprised",
    "as a chef, laughing", "in the snow, looking surprised", "as an astronaut, looking angry",
)  # fmt: skip
OTHER_MOODS = (
    "", "as a chef", "in the snow", "as an astronaut", "as a chef, looking sad",
    "as a chef, looking angry", "as a chef, looking surprised", "in the snow, laughing",
    "in the snow, looking sad", "in the snow, looking angry", "as an astronaut, laughing",
    "as an astronaut, looking sad", "as an astronaut, looking surprised", "at the beach, laughing",
    "as a pirate, looking angry", "as a king, smiling", "in a library, looking sad",
    "in a garden, smiling", "as a doctor, laughing", "as a knight, looking surprised",
    "in space, looking angry", "as a wizard, smiling", "oil painting", "pencil sketch",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One person (id) with ``count`` photos of their own in one situation."""

    person: int
    count: int = 4
    situation: str = "main"

    @property
    def name(self) -> str:
        """The same for the same case, fit for a file and for a profile."""
        return f"{self.situation}-{self.person}-{self.count}"

    @property
    def seeds(self) -> tuple[int, int]:
        """Two seeds of the person's own."""
        first = 2 * (self.person - HELD_OUT)
        return first, first + 1


@dataclass(frozen=True)
class Wishes:
    """What is asked for, and the 24 wishes it has to win against."""

    asked: tuple[str, ...]
    others: tuple[str, ...]


def table_people(count: int = GALLERY) -> list[int]:
    """People of the table; the first ones are drawn, all hundred are the gallery."""
    return identities(count, TABLE_FIRST)


def validation_people(count: int = GALLERY) -> list[int]:
    """People on whom settings are chosen; no table uses them."""
    return identities(count, VALIDATION_FIRST)


def people_of(situation: str, validation: bool = False) -> list[int]:
    """Who is put into pictures in a situation, in order."""
    if situation == "traits":
        return traits.trait_people(validation)
    return validation_people() if validation else table_people()


def gallery_of(person: int) -> list[int]:
    """The hundred people among whom this one has to be found."""
    first = person - HELD_OUT
    if first >= traits.TABLE:
        return traits.gallery(first >= traits.VALIDATION)
    return validation_people() if first >= VALIDATION_FIRST else table_people()


def wishes_of(situation: str) -> Wishes:
    """Prompts of a situation as a person types them (completed by ``prompts.complete``)."""
    if situation == "absent":
        return Wishes(MOODS, OTHER_MOODS)
    if situation == "combined":
        return Wishes(
            tuple(_describe(*facts) for facts in COMBINED),
            tuple(_describe(*facts) for facts in near_combinations()),
        )
    return Wishes(PROMPTS, DISTRACTORS)


def near_combinations() -> list[tuple[str, ...]]:
    """Three neighbours of every combination, with one fact of the next combination each."""
    near = []
    for place, facts in enumerate(COMBINED):
        other = COMBINED[(place + 1) % len(COMBINED)]
        for k in (0, 1, 3):
            near.append((*facts[:k], other[k], *facts[k + 1 :]))
    return near


@cache
def trained_combinations() -> int:
    """How many pictures of the training banks hold one of the combinations; takes a minute."""
    return count_combined(trained_contexts())


def count_combined(contexts: Iterable[Any]) -> int:
    """How many contexts hold all four facts of one of the combinations."""
    return sum(facts_of(context) in COMBINED for context in contexts)


def photos_of(case: Case) -> Drawings:
    """The photos that go in, 256 px; those of fewer photos are the first of those of more."""
    if case.situation == "traits":
        return traits.photos_of(case.person, case.count)
    person = [case.person]
    plain: dict[str, Any] = {"size": 256, "style": "photo", "headgear": False}
    if case.situation == "absent":
        calm = {**plain, "glasses": "none", "expression": "neutral", "yaw": 16.0}
        return _first(draw_set("rivals-calm", person, case.count, **calm), case.count)
    own = _first(draw_set("rivals", person, max(12, case.count), **plain), case.count)
    if case.situation == "occluded":  # half of them: dark glasses, hats
        half = case.count // 2
        shaded = draw_set("rivals-shaded", person, half, **{**plain, "glasses": "sunglasses"})
        hats = {**plain, "headgear": True, "role": "cowboy"}
        hatted = draw_set("rivals-hatted", person, half, **hats)
        return _joined(_first(own, case.count - half), _first(shaded, half - half // 2),
                       _first(hatted, half // 2))  # fmt: skip
    if case.situation == "stranger":
        other = draw_set("rivals", [case.person + GALLERY], 12, **plain)
        return _joined(own, _first(other, 1))
    return own


def gallery_drawings(people: list[int]) -> Drawings:
    """Four reference portraits of every person, in order; none of them goes in."""
    if people[0] - HELD_OUT >= traits.TABLE:
        return traits.references(people)
    return draw_set("gallery", people, 4, style="photo")


def _describe(role: str, scene: str, style: str, expression: str) -> str:
    return describe(role=role, scene=scene, style=style, expression=expression, noun=NOUN)


def _first(drawn: Drawings, count: int) -> Drawings:
    return Drawings(**{key: getattr(drawn, key)[:count] for key in Drawings.__dataclass_fields__})


def _joined(*parts: Drawings) -> Drawings:
    keys = Drawings.__dataclass_fields__
    return Drawings(**{key: np.concatenate([getattr(p, key) for p in parts]) for key in keys})
