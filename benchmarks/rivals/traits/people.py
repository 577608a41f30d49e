"""Who has which trait: groups of five people who are alike but for it.

A group is a trait person, their plain twin, and three twins with another trait of the same kind:
another side, place, colour or size.  Twenty groups, four of each kind, are a gallery of 100.
An id says all of it: ``HELD_OUT + first + 5 * group + place in the group``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from benchmarks.drawings import HELD_OUT, identities
from mini.world.people import Person, sample_person

KINDS = ("birthmark", "scar", "strand", "vitiligo", "proportions")
TABLE, VALIDATION, TRAINING = 80_000, 90_000, 100_000  # places among the held-out people
GROUPS, TWINS = 20, 5
SPAN = VALIDATION - TABLE  # places of a gallery
CANDIDATES = 200  # ids among which each group's person is looked for, apart from other groups'

#: kind -> places on the head, each with two sides (``marks`` knows where they are).
PLACES = {
    "birthmark": ("eye", "cheek", "jaw"),
    "scar": ("eye", "cheek", "mouth"),
    "strand": ("lock", "ends"),
    "vitiligo": ("eye", "mouth", "cheek"),
}
#: kind -> colours: those of ``UPON_SKIN`` are factors upon it, all others are the mark's own.
COLOURS = {
    "birthmark": ((0.74, 0.32, 0.42), (0.48, 0.55, 0.74)),  # wine, slate
    "scar": ((0.62, 0.32, 0.34), (0.96, 0.74, 0.67)),  # red, pale
    "strand": (
        (0.94, 0.93, 0.90), (0.16, 0.40, 0.90), (0.85, 0.12, 0.16), (0.12, 0.66, 0.40),
    ),
    "vitiligo": ((0.97, 0.84, 0.75),),
}  # fmt: skip
UPON_SKIN = (*COLOURS["birthmark"], COLOURS["scar"][0])
#: What the world samples within [-1, 1], far outside it.
PROPORTIONS: tuple[dict[str, Any], ...] = (
    {"eye_size": 2.4, "eye_spacing": 1.5},
    {"nose_length": 2.4, "nose_width": 3.2},
    {"mouth_width": 2.8, "upper_lip": 2.4, "lower_lip": 2.4},
    {"brow_thickness": 3.2, "brow_arch": 2.4},
    {"chin_length": 2.6, "chin_width": -2.0},
    {"eye_size": -2.4, "eye_spacing": -2.4},
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """One trait that is painted: kind, place, side (-1 the picture's left), factors and size.

    ``size`` is about 1; ``seed`` is of the outline.
    """

    kind: str
    place: str
    side: int
    colour: tuple[float, float, float]
    size: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Somebody:
    """A person of the world (or with proportions beyond it), and the mark upon them."""

    person: Person
    mark: Mark | None = None


def trait_people(validation: bool = False) -> list[int]:
    """Ids of the twenty with a trait."""
    return gallery(validation)[::TWINS]


def gallery(validation: bool = False) -> list[int]:
    """Ids of the hundred: a trait person, their plain twin, three other twins, and so on."""
    return identities(GROUPS * TWINS, VALIDATION if validation else TABLE)


def kind_of(person_id: int) -> str:
    """The kind of trait in this person's group."""
    return KINDS[(person_id - HELD_OUT) % SPAN // TWINS % len(KINDS)]


def somebody(person_id: int) -> Somebody:
    """Who has this id."""
    first = (person_id - HELD_OUT) // SPAN * SPAN
    group, place = divmod(person_id - HELD_OUT - first, TWINS)
    return _group(first, group)[place]


@cache
def _group(first: int, group: int) -> tuple[Somebody, ...]:
    """The five of a group; its person is the next one of the span whom the trait suits."""
    kind = KINDS[group % len(KINDS)]
    rng = np.random.default_rng([80, first, group])
    start = HELD_OUT + first + CANDIDATES * group
    person = next(filter(SUITS[kind], map(sample_person, range(start, start + CANDIDATES))))
    return tuple(twins(person, kind, rng))


def twins(person: Person, kind: str, rng: np.random.Generator) -> Iterator[Somebody]:
    """The trait person, the plain twin and three others."""
    if kind == "proportions":
        picks = rng.permutation(len(PROPORTIONS))[:4]
        own, *others = (Somebody(replace(person, **PROPORTIONS[i])) for i in picks)
    else:
        own, *others = (Somebody(person, mark) for mark in marks_of(kind, person, rng))
    yield own
    yield Somebody(person)
    yield from others


def marks_of(kind: str, person: Person, rng: np.random.Generator) -> list[Mark]:
    """A mark, and it on the other side, at another place, in another colour or size."""
    colours = [c for c in COLOURS[kind] if kind != "scar" or _shows(c, person)]
    place, colour = (int(rng.integers(len(n))) for n in (PLACES[kind], colours))
    mark = Mark(
        kind, PLACES[kind][place], int(rng.choice((-1, 1))), colours[colour],
        seed=int(rng.integers(1 << 30)),
    )  # fmt: skip
    step = 1 + int(rng.integers(len(PLACES[kind]) - 1))
    moved = PLACES[kind][(place + step) % len(PLACES[kind])]
    last = (
        replace(mark, colour=colours[(colour + 1) % len(colours)])
        if len(colours) > 1
        else replace(mark, size=0.5)
    )
    return [mark, replace(mark, side=-mark.side), replace(mark, place=moved), last]


def _shows(colour: tuple[float, float, float], person: Person) -> bool:
    """A pale scar does not show on fair skin, a red one hardly on deep skin."""
    return person.skin < 0.2 if colour in UPON_SKIN else person.skin > 0.2


def _bare(person: Person) -> bool:
    return person.beard in ("none", "stubble") and person.freckles < 0


SUITS: dict[str, Callable[[Person], bool]] = {
    "birthmark": lambda p: _bare(p) and p.skin < 0.0,
    "scar": lambda p: _bare(p) and p.age < 0.5 and not 0.05 < p.skin < 0.45,
    "strand": lambda p: p.hair_shape in ("bob", "straight", "wavy") and max(p.hair_rgb) < 0.55,
    "vitiligo": lambda p: _bare(p) and p.skin > 0.25,
    "proportions": lambda p: p.beard in ("none", "stubble"),
}
