"""Captions of the wide world: the narrow one's words and more.

The canonical form is `captions.describe`, which tells the further facts where they are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from pidiff_cli.mini.world import captions
from pidiff_cli.mini.world.captions import Phrases
from pidiff_cli.mini.world.context import Context
from pidiff_cli.mini.world.people import Person, sample_person
from pidiff_cli.mini.world.people_wide import WIDE_HAIR_STOPS
from pidiff_cli.mini.world.worlds import NARROW, WIDE, World

STYLE_PHRASES: Phrases = {
    **captions.STYLE_PHRASES,
    "woodblock": ("a woodblock print", "a colour woodblock print", "a woodcut"),
}
ROLE_PHRASES: Phrases = {
    **captions.ROLE_PHRASES,
    "builder": ("as a builder", "as a construction worker", "dressed as a builder"),
    "pilot": ("as a pilot", "dressed as a pilot", "in a flying jacket"),
    "artist": ("as an artist", "dressed as an artist", "as a painter"),
}
SCENE_PHRASES: Phrases = {
    **captions.SCENE_PHRASES,
    "room": ("in a living room", "in the living room", "at home", "in a room"),
    "street": ("on a street", "in the street", "on a street by day"),
    "harbour": ("at a harbour", "at the harbour", "at a harbor", "by the boats"),
}
EXPRESSION_PHRASES: Phrases = captions.EXPRESSION_PHRASES
GLASSES_PHRASES: Phrases = captions.GLASSES_PHRASES
OCCLUDER_PHRASES: Phrases = {
    "none": ("",),
    "hand": ("with a hand at the chin", "thinking", "touching the chin"),
    "cheek": ("with a hand at the cheek", "leaning on a hand"),
    "mug": ("with a mug", "drinking from a mug", "with a cup of tea"),
    "microphone": ("with a microphone", "singing", "holding a microphone"),
    "scarf": ("with a scarf over the mouth", "in a warm scarf"),
    "mask": ("with a face mask", "wearing a face mask"),
    "strand": ("with hair in the face", "with hair blown across the face"),
    "shade": ("with shade on the face", "in the shade"),
}
LIGHT_PHRASES: Phrases = {
    "scene": ("",),
    "side": ("lit from the side", "in side light"),
    "top": ("lit from above",),
    "below": ("lit from below",),
    "front": ("with a flash", "lit from the front"),
    "back": ("lit from behind", "against the light"),
    "warm": ("in warm light", "in golden light"),
    "cool": ("in cold light", "in blue light"),
    "green": ("in green light",),
    "neon": ("in neon light", "in pink light"),
    "dim": ("in dim light", "in the dark"),
}
#: The second person, by noun; {noun} is the second one's.
COMPANION_PHRASES: tuple[str, ...] = (
    "with another {noun}", "with a {noun} behind", "beside a {noun}", "with a friend",
)  # fmt: skip
_BLURRED, _DARK, _BRIGHT = (
    ("blurry", "out of focus"),
    ("dark", "underexposed"),
    ("bright", "overexposed"),
)
_MARKS: Mapping[str, str] = {
    "scar": "a scar", "dimples": "dimples", "freckles": "freckles", "mole": "a mole",
}  # fmt: skip
_EXTRA = "two people couple friends together"
#: How often a light, an occluder, a second person, the camera's faults and marks are told.
_LIGHT, _OCCLUDER, _COMPANY, _CAMERA, _MARK, _AGE = 0.6, 0.9, 0.9, 0.5, 0.25, 0.3


def wide_caption(person: Person, context: Context, rng: np.random.Generator) -> str:
    """A sentence for a picture of the wide world, lower case."""
    medium = captions._pick(STYLE_PHRASES[context.style], rng)
    look = _appearance(person, rng) if rng.random() < 0.35 else ""
    role = captions._kept(ROLE_PHRASES[context.role], rng)
    scene = captions._kept(SCENE_PHRASES[context.scene], rng)
    company = _company(context, rng)
    parts = [role, look, company, scene] if rng.random() < 0.6 else [look, role, company, scene]
    noun = person.noun
    if person.age > 0.45 and rng.random() < _AGE:
        noun = f"old {noun}"
    elif -0.6 < person.age < -0.25 and rng.random() < _AGE:
        noun = f"young {noun}"
    article = "an" if noun[0] in "aeiou" else "a"
    two = context.companion is not None and rng.random() < 0.12
    subject = "two people" if two else f"{article} {noun}"
    body = " ".join(p for p in (f"{medium} of {subject}", *parts) if p)
    tail = [
        captions._kept(EXPRESSION_PHRASES[context.expression], rng),
        captions._kept(GLASSES_PHRASES[context.glasses], rng),
        _told(OCCLUDER_PHRASES[_occluder(person, context)], _OCCLUDER, rng),
        _told(LIGHT_PHRASES[context.light], _LIGHT, rng),
        _fault(context, rng),
    ]
    order = rng.permutation(len(tail)) if rng.random() < 0.4 else range(len(tail))
    text = ", ".join([body, *(tail[i] for i in order if tail[i])])
    return captions._named(text, person.noun)


def _occluder(person: Person, context: Context) -> str:
    """What is before the face; the bald have no strand to blow."""
    bare = person.hair_shape in ("bald", "buzz") and context.occluder == "strand"
    return "none" if bare else context.occluder


def _told(phrases: tuple[str, ...], share: float, rng: np.random.Generator) -> str:
    return captions._pick(phrases, rng) if rng.random() < share else ""


def _company(context: Context, rng: np.random.Generator) -> str:
    if context.companion is None or rng.random() >= _COMPANY:
        return ""
    phrase = captions._pick(COMPANION_PHRASES, rng)
    return phrase.replace("{noun}", sample_person(context.companion.person, WIDE).noun)


def _fault(context: Context, rng: np.random.Generator) -> str:
    camera = context.camera
    if rng.random() >= _CAMERA:
        return ""
    if camera.defocus > 0.9 or camera.motion > 2.5:
        return captions._pick(_BLURRED, rng)
    if abs(camera.exposure) > 0.4:
        return captions._pick(_DARK if camera.exposure < 0 else _BRIGHT, rng)
    return ""


def wide_hair_colour(person: Person) -> str:
    """The name of the nearest hair colour of the wide world, or grey or white."""
    rgb = np.asarray(person.hair_rgb)
    if person.salt > 0.5 or (float(np.ptp(rgb)) < 0.10 and float(rgb.mean()) > 0.35):
        return "white" if float(rgb.mean()) > 0.84 else "grey"
    names = [stop[0] for stop in WIDE_HAIR_STOPS]
    far = [float(np.abs(rgb - np.asarray(stop[1])).sum()) for stop in WIDE_HAIR_STOPS]
    return names[int(np.argmin(far))]


def _appearance(person: Person, rng: np.random.Generator) -> str:
    """Hair, beard and now and then a mark."""
    hair = captions.HAIR_PHRASES[person.hair_shape].format(c=wide_hair_colour(person))
    told = [hair]
    if (beard := captions.BEARD_PHRASES.get(person.beard, "")) and rng.random() < 0.6:
        told = [hair, beard] if rng.random() < 0.5 else [beard]
    sizes = {"scar": abs(person.scar), "dimples": person.dimples, "mole": abs(person.mole),
             "freckles": person.freckles}  # fmt: skip
    marks = [text for name, text in _MARKS.items() if sizes[name] > 0.4]
    if marks and rng.random() < _MARK:
        told.append(marks[int(rng.integers(len(marks)))])
    return "with " + " and ".join(told)


def _words() -> tuple[str, ...]:
    tables = (STYLE_PHRASES, ROLE_PHRASES, SCENE_PHRASES, OCCLUDER_PHRASES, LIGHT_PHRASES)
    texts = [phrase for table in tables for phrases in table.values() for phrase in phrases]
    texts += [*COMPANION_PHRASES, *_BLURRED, *_DARK, *_BRIGHT, *_MARKS.values(), _EXTRA]
    texts += [stop[0] for stop in WIDE_HAIR_STOPS]
    plain = re.sub(r"\{\w+\}", " ", " ".join(texts))
    return tuple(dict.fromkeys(re.findall(r"[a-z]+", plain)))


def vocabulary(world: World = NARROW) -> tuple[str, ...]:
    """Every word of the world's captions; the wide world's begins with the narrow one's."""
    if world == NARROW:
        return captions.VOCABULARY
    return tuple(dict.fromkeys((*captions.VOCABULARY, *_words())))
