"""Contact sheets of what only the wide world has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pidiff_cli.mini.world.camera import NO_CAMERA, Camera, sample_camera
from pidiff_cli.mini.world.context import EXPRESSIONS, sample_context
from pidiff_cli.mini.world.lighting import LIGHTS
from pidiff_cli.mini.world.occluders import OCCLUDERS
from pidiff_cli.mini.world.people import (
    WIDE_COARSE_FIELDS,
    WIDE_FINE_FIELDS,
    WIDE_MEDIUM_FIELDS,
    Person,
    sample_person,
)
from pidiff_cli.mini.world.people_wide import WIDE_HAIR_STOPS
from pidiff_cli.mini.world.render import draw
from pidiff_cli.mini.world.sheets import portrait
from pidiff_cli.mini.world.worlds import World

Cells = Sequence[Sequence[np.ndarray]]
#: Fields that only show upwards of 0.
_ONE_SIDED = ("eye_bags", "dimples", "chin_cleft", "tooth_gap", "pale", "salt", "streaks")


def plain_person(person: Person) -> Person:
    """The person with every field of the wide world at 0."""
    fields = (*WIDE_COARSE_FIELDS, *WIDE_MEDIUM_FIELDS, *WIDE_FINE_FIELDS)
    return replace(person, **dict.fromkeys(fields, 0.0))


def marks(first: int, world: World) -> Cells:
    """Every field of the wide world, low and high on one person: seven fields a row."""
    fields = (*WIDE_COARSE_FIELDS, *WIDE_MEDIUM_FIELDS, *WIDE_FINE_FIELDS)
    base = Person(seed=7, noun="man", hair_shape="short", skin=-0.5, age=0.0, hair_length=-0.6)
    cells = []
    for name in fields:
        person = replace(base, beard="short") if name == "beard_tone" else base
        person = replace(person, hair_rgb=(0.86, 0.8, 0.7)) if name == "pale" else person
        mood = "laughing" if name == "tooth_gap" else "smile" if name == "dimples" else "neutral"
        low = 0.0 if name in _ONE_SIDED else -1.0
        cells.append([portrait(replace(person, **{name: value}), world=world, expression=mood,
                               zoom=1.75, offset=(0.0, 30.0), take=1)
                      for value in (low, 1.0)])  # fmt: skip
    while len(cells) % 7:
        cells.append([np.full((128, 128, 3), 255, np.uint8)] * 2)
    return [[c for pair in cells[i : i + 7] for c in pair] for i in range(0, len(cells), 7)]


def hair(first: int, world: World) -> Cells:
    """Every hair colour, greys and white on fair, medium and deep skin, without a beard."""
    colours = [stop[1] for stop in WIDE_HAIR_STOPS]
    colours += [(0.46, 0.45, 0.45), (0.80, 0.80, 0.82), (0.945, 0.945, 0.945)]
    shapes = ("short", "wavy", "curls", "bob")
    rows = []
    for i, skin in enumerate((-0.9, -0.2, 0.35, 0.9)):
        person = replace(sample_person(first + 5 + i, world), skin=skin, beard="none", salt=0.0,
                         hair_shape=shapes[i], streaks=0.0)  # fmt: skip
        row = []
        for colour in colours:
            pale = float(np.clip((np.mean(colour) - 0.55) / 0.35, 0, 1))
            old = 0.8 if np.ptp(colour) < 0.05 and np.mean(colour) > 0.3 else 0.0
            row.append(portrait(replace(person, hair_rgb=colour, pale=pale, age=old,
                                        brow_tone=0.6 * pale), world=world))  # fmt: skip
        rows.append(row)
    return rows


def old(first: int, world: World) -> Cells:
    """Old people as they are sampled."""
    found = [p for p in (sample_person(first + i, world) for i in range(400)) if p.age > 0.45]
    return [[portrait(p, world=world) for p in found[8 * r : 8 * r + 8]] for r in range(4)]


def smiles(first: int, world: World) -> Cells:
    """Neutral, four smiles and four laughs of six persons: closed and with teeth."""
    rows = []
    for i in range(6):
        person = sample_person(first + 20 + i, world)
        moods = ["neutral", *["smile"] * 4, *["laughing"] * 3]
        rows.append([portrait(person, world=world, expression=m, take=k, zoom=1.22)
                     for k, m in enumerate(moods)])  # fmt: skip
    return rows


def poses(first: int, world: World) -> Cells:
    """The ends of yaw, pitch, roll and gaze, a person a row."""
    y, p, r = world.yaw, world.pitch, world.roll
    ends = [(-y, 0, 0), (y, 0, 0), (0, -p, 0), (0, p, 0), (0, 0, -r), (0, 0, r), (y, p, r),
            (-y, -p, r)]  # fmt: skip
    gazes = ((0.0, 0.0), (-1.0, 0.0), (1.0, 0.4), (0.0, -0.9))
    rows = []
    for i in range(6):
        person = sample_person(first + 30 + i, world)
        row = [portrait(person, world=world, yaw=a, pitch=b, roll=c) for a, b, c in ends]
        rows.append([*row, *(portrait(person, world=world, gaze=g) for g in gazes)])
    return rows


def lights(first: int, world: World) -> Cells:
    """Every light on skins from fair to deep."""
    rows = []
    for i, skin in enumerate((-1.0, -0.4, 0.2, 0.7, 1.0)):
        person = replace(sample_person(first + 40 + i, world), skin=skin)
        rows.append([portrait(person, world=world, light=kind, take=i, scene="garden" if i % 2
                              else "studio") for kind in LIGHTS])  # fmt: skip
    return rows


def occluders(first: int, world: World) -> Cells:
    """Everything that may be before a face, on six persons."""
    rows = []
    for i in range(6):
        person = sample_person(first + 50 + i, world)
        yaw = (-20.0, 0.0, 15.0, 30.0, 0.0, -8.0)[i]
        rows.append([portrait(person, world=world, occluder=kind, yaw=yaw, take=i,
                              expression=list(EXPRESSIONS)[i]) for kind in OCCLUDERS])  # fmt: skip
    return rows


def company(first: int, world: World) -> Cells:
    """Two people a picture, 32 of them."""
    cells: list[np.ndarray] = []
    rng, i = np.random.default_rng([64, first]), 0
    while len(cells) < 32:
        context = sample_context(rng, world)
        i += 1
        if context.companion is not None:
            cells.append(draw(sample_person(first + i, world), context).rgb)
    return [cells[8 * r : 8 * r + 8] for r in range(4)]


def framings(first: int, world: World) -> Cells:
    """48 pictures of one person as they are sampled, without company."""
    rng, person = np.random.default_rng([65, first]), sample_person(first + 60, world)
    return [[draw(person, sample_context(rng, world, companion=None)).rgb for _ in range(8)]
            for _ in range(5)]  # fmt: skip


def cameras(first: int, world: World) -> Cells:
    """Each fault of the camera at its ends, then eight sampled ones."""
    ends = [NO_CAMERA, Camera(defocus=1.6), Camera(motion=4.5, angle=30), Camera(exposure=-0.9),
            Camera(exposure=0.8), Camera(contrast=-1), Camera(contrast=1), Camera(warm=-1),
            Camera(warm=1), Camera(green=-1), Camera(green=1), Camera(noise=0.034),
            Camera(jpeg=28)]  # fmt: skip
    rows, rng = [], np.random.default_rng([66, first])
    for i in range(3):
        person = sample_person(first + 70 + i, world)
        rows.append([portrait(person, world=world, camera=c, scene="street") for c in ends])
    person = sample_person(first + 75, world)
    rows.append(
        [portrait(person, world=world, camera=sample_camera(rng), scene="room") for _ in ends]
    )
    return rows


WIDE_SHEETS: dict[str, Callable[[int, World], Cells]] = {
    "marks": marks,
    "hair": hair,
    "old": old,
    "smiles": smiles,
    "poses": poses,
    "lights": lights,
    "occluders": occluders,
    "company": company,
    "framings": framings,
    "cameras": cameras,
}
