"""The wide world's people: wider shapes, more marks, every hair from black to white, many old.

Ranges: shapes are normal with sd 0.62, cut at +-1.4 (the narrow world: uniform in [-1, 1]), so
skulls, jaws, necks and shoulders vary about 1.4 times as far at their ends.
"""

from __future__ import annotations

import numpy as np

from pidiff_cli.mini.world.people import (
    BEARDS,
    COARSE_FIELDS,
    EYE_STOPS,
    FINE_FIELDS,
    HAIR_SHAPES,
    MEDIUM_FIELDS,
    NOUNS,
    Person,
    Rgb,
    pick_colour,
    shape_priors,
)

#: How far a shape may go from the average.
REACH = 1.4
_UNIFORM = ("hair_length", "hair_volume", "parting", "skin", "undertone", "blush", "lip")
#: Hair: name, colour, weight on fair skin, weight on deep skin.
WIDE_HAIR_STOPS: tuple[tuple[str, Rgb, float, float], ...] = (
    ("black", (0.075, 0.068, 0.075), 0.12, 0.62),
    ("dark brown", (0.190, 0.120, 0.085), 0.16, 0.22),
    ("brown", (0.340, 0.210, 0.130), 0.14, 0.06),
    ("light brown", (0.500, 0.350, 0.215), 0.11, 0.02),
    ("auburn", (0.430, 0.165, 0.085), 0.06, 0.02),
    ("red", (0.690, 0.290, 0.110), 0.09, 0.01),
    ("dark blond", (0.660, 0.510, 0.300), 0.09, 0.01),
    ("blond", (0.860, 0.690, 0.390), 0.13, 0.03),
    ("platinum", (0.945, 0.875, 0.710), 0.10, 0.01),
)
_GREYS: tuple[Rgb, ...] = (
    (0.46, 0.45, 0.45), (0.64, 0.64, 0.65), (0.80, 0.80, 0.82), (0.945, 0.945, 0.945),
)  # fmt: skip


def sample_wide_person(person_id: int) -> Person:
    """The wide world's person with this id, always the same."""
    rng = np.random.default_rng([20_243, person_id])
    noun = str(rng.choice(NOUNS, p=(0.37, 0.37, 0.13, 0.13)))
    young, male = noun in ("girl", "boy"), noun in ("man", "boy")
    age = _age(rng, young)
    values = {name: float(rng.uniform(-1, 1) if name in _UNIFORM else rng.normal(0, 0.62))
              for name in (*COARSE_FIELDS, *MEDIUM_FIELDS, *FINE_FIELDS)}  # fmt: skip
    for name, shift in shape_priors(male, young).items():
        values[name] = 0.85 * values[name] + shift
    values = {name: float(np.clip(v, -REACH, REACH)) for name, v in values.items()}
    for name in _UNIFORM:
        values[name] = float(np.clip(values[name], -1, 1))
    skin = values["skin"]
    values["age"] = age
    values["freckles"] = float(rng.uniform(0.0, 1.0) if rng.random() < 0.26 - 0.18 * skin else -1.0)
    values["mole"] = float(rng.uniform(0.35, 1) * rng.choice((-1, 1)) if rng.random() < 0.2 else 0)
    hair, pale, salt = _hair(rng, skin, age)
    shape = _hair_shape(rng, male, young, age)
    return Person(
        seed=int(rng.integers(1 << 30)),
        noun=noun,
        hair_shape=shape,
        beard=_beard(rng, noun, age),
        hair_rgb=hair,
        eye_rgb=pick_colour(rng, EYE_STOPS, skin, 0.04),
        pale=pale,
        salt=salt,
        **(values | _marks(rng, male, young, age, hair)),
    )


def _age(rng: np.random.Generator, young: bool) -> float:
    """Children, and adults of whom a quarter is old."""
    if young:
        return float(rng.uniform(-1.0, -0.65))
    if rng.random() < 0.26:
        return float(rng.uniform(0.4, 1.0))
    return float(np.clip(rng.normal(-0.15, 0.38), -0.6, 0.7))


def _marks(
    rng: np.random.Generator, male: bool, young: bool, age: float, hair: Rgb
) -> dict[str, float]:
    """Everything that only the wide world's people have, but for the hair's own fields."""

    def shape(sd: float = 0.6) -> float:
        return float(np.clip(rng.normal(0, sd), -1.2, 1.2))

    def at_times(share: float, low: float = 0.35) -> float:
        return float(rng.uniform(low, 1.0)) if rng.random() < share else 0.0

    old = max(age, 0.0)
    fair = float(np.mean(hair)) > 0.5
    marks = {name: shape() for name in (
        "weight", "crown", "jaw_corner", "neck_length", "slope", "lobe", "cheek_fullness",
        "eye_depth", "eye_asymmetry", "iris", "brow_slant", "brow_peak", "nose_bend", "nostril",
        "lip_corner", "cupid",
    )}  # fmt: skip
    marks["weight"] += 0.25 * old if not young else -0.1
    marks["jaw_corner"] += 0.25 if male and not young else -0.15
    marks["cheek_fullness"] += 0.5 if young else -0.3 * old
    marks["eye_depth"] += 0.3 * old - (0.3 if young else 0.0)
    marks["lobe"] += 0.4 * old
    marks["lip_corner"] -= 0.25 * old
    receding = 0.0 if young else (0.30 + 0.4 * old if male else 0.05)
    marks["recede"] = at_times(receding, 0.3) or 0.5 * shape()
    marks["eye_bags"] = 0.0 if young else at_times(0.2 + 0.45 * old, 0.25)
    marks["dimples"] = at_times(0.24)
    marks["chin_cleft"] = at_times(0.22 if male else 0.1)
    marks["tooth_gap"] = at_times(0.35 if young else 0.15)
    marks["lines"] = 0.0 if young else shape(0.4)
    marks["scar"] = at_times(0.08) * float(rng.choice((-1, 1)))
    # fair hair keeps light or darker brows, white hair white or grey ones
    marks["brow_tone"] = float(rng.uniform(0.0, 1.0) if fair else rng.uniform(-0.4, 0.5))
    marks["beard_tone"] = float(rng.uniform(-0.3, 0.9) if rng.random() < 0.3 else -at_times(0.2))
    if fair and float(np.ptp(hair)) < 0.25:
        marks["beard_tone"] = min(marks["beard_tone"], 0.0)  # no red beard under white hair
    marks["streaks"] = at_times(0.06 if male else 0.22)
    return {name: float(np.clip(v, -1.2, 1.2)) for name, v in marks.items()}


def _hair_shape(rng: np.random.Generator, male: bool, young: bool, age: float) -> str:
    weights = (
        [0.0, 0.13, 0.21, 0.20, 0.15, 0.03, 0.05, 0.05, 0.02, 0.02, 0.14]
        if male
        else [0.01, 0.03, 0.07, 0.06, 0.07, 0.15, 0.17, 0.17, 0.10, 0.10, 0.09]
    )
    if male and not young:
        weights[0] = 0.10 + 0.16 * max(age, 0.0)
    elif not young:
        weights[2] += 0.14 * max(age, 0.0)  # short hair on old women
        weights[4] += 0.14 * max(age, 0.0)
    p = np.asarray(weights) / np.sum(weights)
    return str(rng.choice(HAIR_SHAPES, p=p))


def _beard(rng: np.random.Generator, noun: str, age: float) -> str:
    """Half of the men, old or young, shave."""
    if noun != "man":
        return "none"
    bare = 0.55 if age > 0.3 else 0.45
    shares = np.array([0.15, 0.12, 0.09, 0.16, 0.14])
    return str(rng.choice(BEARDS, p=(bare, *(shares / shares.sum() * (1 - bare)))))


def _hair(rng: np.random.Generator, skin: float, age: float) -> tuple[Rgb, float, float]:
    """Colour, paleness and salt: natural, greying by age, and white on every skin."""
    colour = np.asarray(pick_colour(rng, WIDE_HAIR_STOPS, skin, 0.025))
    salt, pale = 0.0, 0.0
    grey = float(np.clip(1.15 * age + rng.normal(0, 0.18), 0, 1)) if age > 0.0 else 0.0
    if rng.random() < (0.9 if age > 0.3 else 0.02):
        kind = int(np.clip(rng.normal(0.6 + 2.6 * grey, 0.7), 0, 3.49))
        to = np.asarray(_GREYS[kind]) * rng.uniform(0.97, 1.03)
        if rng.random() < 0.7 or kind == 3:
            colour = to if kind else 0.5 * (colour + to)
        else:
            salt = float(rng.uniform(0.35, 1.0))
    light = float(np.clip((colour.mean() - 0.55) / 0.35, 0, 1))
    pale = light * float(rng.uniform(0.75, 1.0))
    r, g, b = (float(v) for v in np.clip(colour, 0.03, 0.97))
    return (r, g, b), pale, salt
