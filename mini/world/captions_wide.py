"""Captions of the wide world: the narrow one's words and more.

The canonical form is `captions.describe`, which tells the further facts where they are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from mini.world import captions
from mini.world.captions import Phrases, filled, kept_phrase, pick_phrase
from mini.world.context import Context
from mini.world.people import Person, sample_person
from pidiff_cli.mini.world.people_wide import WIDE_HAIR_STOPS
from mini.world.worlds import NARROW, WIDE, World

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
#: Words and commas of the longest caption: what a text encoder of 32 tokens holds.
MOST_TOKENS = 30
_EXTRA = "two people couple friends together"
#: How often a light, an occluder, a second person, the camera's faults and marks are told.
_LIGHT, _OCCLUDER, _COMPANY, _CAMERA, _MARK, _AGE = 0.6, 0.9, 0.9, 0.5, 0.25, 0.3


def wide_caption(person: Person, context: Context, rng: np.random.Generator) -> str:
    """A sentence for a picture of the wide world, lower case, of at most MOST_TOKENS."""
    medium = pick_phrase(STYLE_PHRASES[context.style], rng)
    look = _appearance(person, rng) if rng.random() < 0.35 else ""
    role = kept_phrase(ROLE_PHRASES[context.role], rng)
    scene = kept_phrase(SCENE_PHRASES[context.scene], rng)
    company = _company(person, context, rng)
    look_first = rng.random() < 0.4
    opening = f"{medium} of {_subject(person, context, rng)}"
    tail = [
        kept_phrase(EXPRESSION_PHRASES[context.expression], rng),
        kept_phrase(GLASSES_PHRASES[context.glasses], rng),
        _told(OCCLUDER_PHRASES[_occluder(person, context)], _OCCLUDER, rng),
        _told(LIGHT_PHRASES[context.light], _LIGHT, rng),
        _fault(context, rng),
    ]
    order = rng.permutation(len(tail)) if rng.random() < 0.4 else range(len(tail))
    tail = [tail[i] for i in order if tail[i]]
    while True:
        parts = [look, role, company, scene] if look_first else [role, look, company, scene]
        body = " ".join(p for p in (opening, *parts) if p)
        text = filled(", ".join([body, *tail]), person.noun)
        if _tokens(text) <= MOST_TOKENS or not (tail or look):
            return text
        if tail:
            tail.pop()
        else:
            look = ""


def _tokens(text: str) -> int:
    """Words and commas."""
    return len(re.findall(r"[a-z]+|,", text))


def _subject(person: Person, context: Context, rng: np.random.Generator) -> str:
    """The person's noun, with an age at times; or both people at once."""
    noun = person.noun
    if person.age > 0.45 and rng.random() < _AGE:
        noun = f"old {noun}"
    elif -0.6 < person.age < -0.25 and rng.random() < _AGE:
        noun = f"young {noun}"
    if context.companion is not None and rng.random() < 0.12:
        return "two people"
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def companion_phrase(phrase: str, first: str, second: str) -> str:
    """A phrase of COMPANION_PHRASES for two nouns: another man, but a woman, beside a man."""
    if first != second:
        phrase = phrase.replace("another {noun}", "a {noun}")
    return phrase.replace("{noun}", second)


def _occluder(person: Person, context: Context) -> str:
    """What is before the face; the bald have no strand to blow."""
    bare = person.hair_shape in ("bald", "buzz") and context.occluder == "strand"
    return "none" if bare else context.occluder


def _told(phrases: tuple[str, ...], share: float, rng: np.random.Generator) -> str:
    return pick_phrase(phrases, rng) if rng.random() < share else ""


def _company(person: Person, context: Context, rng: np.random.Generator) -> str:
    if context.companion is None or rng.random() >= _COMPANY:
        return ""
    phrase = pick_phrase(COMPANION_PHRASES, rng)
    return companion_phrase(phrase, person.noun, sample_person(context.companion.person, WIDE).noun)


def _fault(context: Context, rng: np.random.Generator) -> str:
    if rng.random() >= _CAMERA or not (phrases := fault_phrases(context)):
        return ""
    return pick_phrase(phrases, rng)


def fault_phrases(context: Context) -> tuple[str, ...]:
    """What a caption may say of the camera's faults; none where they are not plain to see."""
    camera = context.camera
    if camera.defocus > 0.9 or camera.motion > 2.5:
        return _BLURRED
    if abs(camera.exposure) > 0.4:
        return _DARK if camera.exposure < 0 else _BRIGHT
    return ()


def canonical_rest(context: Context) -> tuple[dict[str, str], str]:
    """What `describe` says of a wide context beside role, scene, style, expression and noun; and
    the word for the camera's fault, or ""."""
    mate = context.companion
    rest = {"glasses": context.glasses, "occluder": context.occluder, "light": context.light,
            "companion": sample_person(mate.person, WIDE).noun if mate else ""}  # fmt: skip
    return rest, next(iter(fault_phrases(context)), "")


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


def _words(world: World) -> tuple[str, ...]:
    tables = [STYLE_PHRASES, ROLE_PHRASES, SCENE_PHRASES]
    tables += [OCCLUDER_PHRASES, LIGHT_PHRASES] if world.varied else []
    texts = [phrase for table in tables for phrases in table.values() for phrase in phrases]
    if world.varied:
        texts += [*COMPANION_PHRASES, *_BLURRED, *_DARK, *_BRIGHT, *_MARKS.values(), _EXTRA]
        texts += [stop[0] for stop in WIDE_HAIR_STOPS]
    plain = re.sub(r"\{\w+\}", " ", " ".join(texts))
    return tuple(dict.fromkeys(re.findall(r"[a-z]+", plain)))


def phrase_tables(world: World = NARROW) -> dict[str, Phrases]:
    """Fact -> its values' phrases, for whatever learns from captions; facts of contexts only."""
    tables = {"role": captions.ROLE_PHRASES, "scene": captions.SCENE_PHRASES,
              "style": captions.STYLE_PHRASES, "expression": captions.EXPRESSION_PHRASES,
              "glasses": captions.GLASSES_PHRASES}  # fmt: skip
    if world.listed:
        tables |= {"role": ROLE_PHRASES, "scene": SCENE_PHRASES, "style": STYLE_PHRASES}
    if world.varied:
        tables |= {"occluder": OCCLUDER_PHRASES, "light": LIGHT_PHRASES}
    return tables


def vocabulary(world: World = NARROW) -> tuple[str, ...]:
    """Every word of the world's captions; others begin with the narrow one's."""
    if not world.listed:
        return captions.VOCABULARY
    return tuple(dict.fromkeys((*captions.VOCABULARY, *_words(world))))
