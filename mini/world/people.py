"""Who is drawn: `Person`, 42 identity factors that are a function of an id.

Continuous fields lie in about [-1, 1] (0 = average) and mean the same for everybody; the modules
that draw turn them into units. Priors depend on noun, age and skin; nothing is forced by them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HAIR_SHAPES = (
    "bald", "buzz", "short", "sidepart", "crop", "bob",
    "straight", "wavy", "ponytail", "bun", "curls",
)  # fmt: skip
BEARDS = ("none", "stubble", "moustache", "goatee", "short", "full")
NOUNS = ("woman", "man", "girl", "boy")

Rgb = tuple[float, float, float]

#: Natural hair stops: name, colour, weight on fair skin, weight on deep skin.
HAIR_STOPS: tuple[tuple[str, Rgb, float, float], ...] = (
    ("black", (0.085, 0.075, 0.080), 0.16, 0.62),
    ("dark brown", (0.200, 0.125, 0.085), 0.20, 0.24),
    ("brown", (0.360, 0.220, 0.130), 0.20, 0.07),
    ("red", (0.640, 0.250, 0.090), 0.16, 0.02),
    ("blond", (0.850, 0.660, 0.360), 0.22, 0.04),
    ("platinum", (0.930, 0.850, 0.680), 0.06, 0.01),
)
GREY: Rgb = (0.78, 0.78, 0.80)
EYE_STOPS: tuple[tuple[str, Rgb, float, float], ...] = (
    ("brown", (0.34, 0.19, 0.09), 0.26, 0.70),
    ("dark", (0.17, 0.10, 0.07), 0.06, 0.22),
    ("hazel", (0.50, 0.36, 0.13), 0.14, 0.05),
    ("green", (0.27, 0.50, 0.25), 0.18, 0.02),
    ("blue", (0.25, 0.48, 0.76), 0.26, 0.01),
    ("grey", (0.46, 0.54, 0.60), 0.10, 0.00),
)

COARSE_FIELDS = (
    "skull", "head_length", "forehead", "cheek", "jaw", "chin_width", "chin_length",
    "ear_size", "ear_stick", "neck", "build", "hair_length", "hair_volume", "parting",
)  # fmt: skip
MEDIUM_FIELDS = (
    "eye_size", "eye_spacing", "eye_tilt", "eye_hood", "lash",
    "brow_thickness", "brow_arch", "brow_height", "brow_spacing",
    "nose_length", "nose_width", "nose_tip", "nose_bridge",
    "mouth_width", "upper_lip", "lower_lip", "mouth_height", "age",
)  # fmt: skip
FINE_FIELDS = ("skin", "undertone", "freckles", "mole", "blush", "lip")


@dataclass(frozen=True)
class Person:
    """Identity. `mole` is its signed side (0 = none); `age` runs from child (-1) to old (1)."""

    seed: int = 0
    noun: str = "woman"
    # coarse
    skull: float = 0.0
    head_length: float = 0.0
    forehead: float = 0.0
    cheek: float = 0.0
    jaw: float = 0.0
    chin_width: float = 0.0
    chin_length: float = 0.0
    ear_size: float = 0.0
    ear_stick: float = 0.0
    neck: float = 0.0
    build: float = 0.0
    hair_shape: str = "straight"
    hair_length: float = 0.0
    hair_volume: float = 0.0
    parting: float = 0.0
    # medium
    eye_size: float = 0.0
    eye_spacing: float = 0.0
    eye_tilt: float = 0.0
    eye_hood: float = 0.0
    lash: float = 0.0
    brow_thickness: float = 0.0
    brow_arch: float = 0.0
    brow_height: float = 0.0
    brow_spacing: float = 0.0
    nose_length: float = 0.0
    nose_width: float = 0.0
    nose_tip: float = 0.0
    nose_bridge: float = 0.0
    mouth_width: float = 0.0
    upper_lip: float = 0.0
    lower_lip: float = 0.0
    mouth_height: float = 0.0
    age: float = 0.0
    beard: str = "none"
    # fine
    skin: float = 0.0
    undertone: float = 0.0
    freckles: float = -1.0
    mole: float = 0.0
    blush: float = 0.0
    lip: float = 0.0
    hair_rgb: Rgb = (0.36, 0.22, 0.13)
    eye_rgb: Rgb = (0.34, 0.19, 0.09)


def sample_person(person_id: int) -> Person:
    """The person with this id, always the same. Ids >= 1,000,000 are held out from training."""
    rng = np.random.default_rng([20_241, person_id])
    noun = str(rng.choice(NOUNS, p=(0.38, 0.38, 0.12, 0.12)))
    young, male = noun in ("girl", "boy"), noun in ("man", "boy")
    age = float(rng.uniform(-1.0, -0.72) if young else np.clip(rng.normal(-0.1, 0.5), -0.55, 1.0))
    values = {name: float(np.clip(rng.uniform(-1, 1) * 1.0, -1, 1))
              for name in (*COARSE_FIELDS, *MEDIUM_FIELDS, *FINE_FIELDS)}  # fmt: skip
    for name, shift in shape_priors(male, young).items():
        values[name] = float(np.clip(0.8 * values[name] + shift, -1, 1))
    values["age"] = age
    skin = values["skin"]
    values["freckles"] = float(rng.uniform(0.1, 1.0) if rng.random() < 0.3 - 0.2 * skin else -1.0)
    values["mole"] = float(rng.uniform(0.35, 1) * rng.choice((-1, 1)) if rng.random() < 0.2 else 0)
    return Person(
        seed=int(rng.integers(1 << 30)),
        noun=noun,
        hair_shape=_hair_shape(rng, male, young, age),
        beard=_beard(rng, noun),
        hair_rgb=_hair_colour(rng, skin, age),
        eye_rgb=pick_colour(rng, EYE_STOPS, skin, 0.04),
        **values,
    )


def shape_priors(male: bool, young: bool) -> dict[str, float]:
    """Shift of the averages: heavier jaw and brow for men, rounder and shorter for children."""
    sign = 1.0 if male else -1.0
    shifts = {
        "jaw": 0.22 * sign, "chin_width": 0.25 * sign, "neck": 0.35 * sign, "build": 0.3 * sign,
        "brow_thickness": 0.25 * sign, "eye_size": -0.15 * sign, "lash": -0.45 * sign,
        "upper_lip": -0.15 * sign, "lower_lip": -0.15 * sign, "lip": -0.4 * sign,
        "nose_width": 0.1 * sign, "ear_size": 0.12 * sign, "brow_height": -0.15 * sign,
    }  # fmt: skip
    if young:
        child = {
            "eye_size": 0.3, "chin_length": -0.45, "chin_width": -0.1, "nose_length": -0.5,
            "neck": -0.55, "build": -0.6, "cheek": 0.3, "brow_thickness": -0.3, "forehead": 0.25,
            "mouth_width": -0.25, "jaw": -0.15, "blush": 0.3, "nose_bridge": -0.3, "lip": -0.1,
        }  # fmt: skip
        for name, shift in child.items():
            shifts[name] = 0.4 * shifts.get(name, 0.0) + shift
    return shifts


def _hair_shape(rng: np.random.Generator, male: bool, young: bool, age: float) -> str:
    weights = (
        [0.0, 0.12, 0.2, 0.2, 0.16, 0.04, 0.05, 0.05, 0.02, 0.02, 0.14]
        if male
        else [0.01, 0.03, 0.06, 0.05, 0.05, 0.17, 0.17, 0.17, 0.11, 0.1, 0.08]
    )
    if male and not young:
        weights[0] = 0.1 + 0.25 * max(age, 0.0)
    p = np.asarray(weights) / np.sum(weights)
    return str(rng.choice(HAIR_SHAPES, p=p))


def _beard(rng: np.random.Generator, noun: str) -> str:
    if noun != "man":
        return "none"
    return str(rng.choice(BEARDS, p=(0.36, 0.14, 0.11, 0.1, 0.16, 0.13)))


def pick_colour(
    rng: np.random.Generator,
    stops: tuple[tuple[str, Rgb, float, float], ...],
    skin: float,
    jitter: float,
) -> Rgb:
    """A stop by weights that go from fair to deep skin, with a little jitter."""
    t = (skin + 1) / 2
    p = np.array([(1 - t) * fair + t * deep for _, _, fair, deep in stops])
    base = np.asarray(stops[int(rng.choice(len(stops), p=p / p.sum()))][1])
    c = base * rng.uniform(0.85, 1.15) + rng.normal(0, jitter, 3) * (0.3 + base)
    r, g, b = (float(v) for v in np.clip(c, 0.03, 0.97))
    return r, g, b


def _hair_colour(rng: np.random.Generator, skin: float, age: float) -> Rgb:
    c = np.asarray(pick_colour(rng, HAIR_STOPS, skin, 0.03))
    if age > 0.15 and rng.random() < 0.85:
        t = np.clip((age - 0.15) * rng.uniform(0.9, 2.4), 0, 0.97)
        c = c * (1 - t) + np.asarray(GREY) * t * rng.uniform(0.85, 1.08)
    r, g, b = (float(v) for v in np.clip(c, 0.03, 0.97))
    return r, g, b
