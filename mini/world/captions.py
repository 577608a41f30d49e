"""What a picture's caption says, in the words that people use for prompts.

The commonest form is the one that prompts are completed to, ``a photo of a {noun} as an
astronaut``; others vary wording and order. Only words of `vocabulary` occur.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from mini.world.context import Context
from mini.world.people import HAIR_STOPS, Person
from mini.world.registry import BROAD, NARROW, WORLDS, World

Phrases = Mapping[str, tuple[str, ...]]

#: style -> how the picture is called; the first is the canonical wording.
STYLE_PHRASES: Phrases = {
    "photo": ("a photo", "a portrait", "a photograph", "a picture", "a portrait photo"),
    "oil": ("an oil painting", "a painting", "an oil portrait"),
    "pencil": ("a pencil sketch", "a pencil drawing", "a sketch", "a drawing"),
    "watercolour": ("a watercolour painting", "a watercolour", "a watercolor painting"),
    "pop": ("a pop art picture", "a pop art portrait", "a pop art poster", "pop art"),
    "linocut": ("a linocut", "a linocut print"),
    "woodblock": ("a woodblock print", "a colour woodblock print", "a woodcut"),
}
ROLE_PHRASES: Phrases = {
    "casual": ("", "", "", "in casual clothes"),
    "astronaut": ("as an astronaut", "dressed as an astronaut", "in a space suit"),
    "chef": ("as a chef", "as a cook", "dressed as a chef"),
    "knight": ("as a knight", "in armour", "dressed as a knight", "as a knight in armor"),
    "doctor": ("as a doctor", "dressed as a doctor", "in a white coat"),
    "pirate": ("as a pirate", "dressed as a pirate", "as a pirate captain"),
    "wizard": ("as a wizard", "dressed as a wizard", "as a magician"),
    "firefighter": ("as a firefighter", "dressed as a firefighter"),
    "royal": ("as a {ruler}", "dressed as a {ruler}", "as a {ruler} with a crown"),
    "cowboy": ("as a cowboy", "dressed as a cowboy", "as a {cow}"),
    "diver": ("as a diver", "as a scuba diver", "dressed as a diver"),
    "police": ("as a police officer", "in police uniform", "dressed as a police officer"),
    "clown": ("as a clown", "dressed as a clown"),
    "business": (
        "in a business suit",
        "in a suit",
        "wearing a suit and tie",
        "as a business {noun}",
    ),
    "athlete": ("as an athlete", "dressed for sport", "in sportswear"),
    "builder": ("as a builder", "as a construction worker", "dressed as a builder"),
    "pilot": ("as a pilot", "dressed as a pilot", "in a flying jacket"),
    "artist": ("as an artist", "dressed as an artist", "as a painter"),
}
SCENE_PHRASES: Phrases = {
    "studio": ("in a studio", "", "", "in front of a plain background"),
    "beach": ("at the beach", "on the beach", "on a sunny beach", "by the sea"),
    "forest": ("in the forest", "in a forest", "in the woods", "among trees"),
    "snow": ("in the snow", "in winter", "in falling snow"),
    "city": ("in a city at night", "in the city at night", "in the city", "on a street at night"),
    "space": ("in space", "in outer space", "among the stars"),
    "library": ("in a library", "in the library", "in front of books"),
    "garden": ("in a garden", "in the garden", "among flowers"),
    "desert": ("in the desert", "in a desert"),
    "kitchen": ("in a kitchen", "in the kitchen"),
    "underwater": ("underwater", "under water", "under the sea"),
    "mountains": ("in the mountains", "in the mountains at sunset", "at sunset"),
    "castle": ("in front of a castle", "at a castle", "near a castle"),
    "stage": ("on a stage", "on stage", "in a theatre", "in a theater"),
    "room": ("in a living room", "in the living room", "at home", "in a room"),
    "street": ("on a street", "in the street", "on a street by day"),
    "harbour": ("at a harbour", "at the harbour", "at a harbor", "by the boats"),
}
EXPRESSION_PHRASES: Phrases = {
    "neutral": ("", "", "", "with a neutral face"),
    "smile": ("smiling", "with a smile", "looking happy", "happy"),
    "laughing": ("laughing", "laughing happily", "with a big laugh"),
    "sad": ("looking sad", "sad", "with a sad face"),
    "surprised": ("looking surprised", "surprised", "with an open mouth"),
    "angry": ("looking angry", "angry", "with an angry face"),
}
GLASSES_PHRASES: Phrases = {
    "none": ("",),
    "round": ("wearing glasses", "with glasses", "with round glasses"),
    "square": ("wearing glasses", "with glasses", "with square glasses"),
    "sunglasses": ("wearing sunglasses", "with sunglasses"),
}
HAIR_PHRASES: Mapping[str, str] = {
    "bald": "a bald head", "buzz": "very short {c} hair", "short": "short {c} hair",
    "sidepart": "short {c} hair", "crop": "short {c} hair", "bob": "{c} hair",
    "straight": "long {c} hair", "wavy": "long {c} wavy hair", "ponytail": "a {c} ponytail",
    "bun": "{c} hair in a bun", "curls": "curly {c} hair",
}  # fmt: skip
BEARD_PHRASES: Mapping[str, str] = {
    "stubble": "stubble", "moustache": "a moustache", "goatee": "a goatee",
    "short": "a short beard", "full": "a long beard",
}  # fmt: skip
_EXTRA = (
    "person someone face man woman girl boy king queen cowgirl cowboy old young hat helmet cap "
    "crown headgear without no wearing glasses the of and with in on at a an by to his her their "
    "black dark brown red blond blonde platinum grey gray white green blue yellow purple orange "
    "pink day night sunny light background style looking left right up down front wide close "
    "good best quality bad ugly blurry low high detailed beautiful is are very riding"
)
_DROP = 0.15


def caption(person: Person, context: Context, rng: np.random.Generator) -> str:
    """A sentence for a picture, lower case; phrases are left out now and then.

    Args:
        person, context: what is drawn. rng: chooses wording and order.
    """
    known = phrase_tables(WORLDS[context.world])
    medium = pick_phrase(known["style"].get(context.style, STYLE_PHRASES["photo"]), rng)
    look = _appearance(person, rng) if rng.random() < 0.3 else ""
    role = kept_phrase(known["role"].get(context.role, (f"as a {context.role}",)), rng)
    scene = kept_phrase(known["scene"].get(context.scene, (f"in the {context.scene}",)), rng)
    mood = kept_phrase(EXPRESSION_PHRASES.get(context.expression, (context.expression,)), rng)
    glasses = kept_phrase(GLASSES_PHRASES[context.glasses], rng)
    if rng.random() < 0.6:
        parts = [role, look, scene]
    else:
        parts = [look, role, scene] if rng.random() < 0.5 else [look, scene, role]
    body = " ".join(p for p in (f"{medium} of a {person.noun}", *parts) if p)
    tail = [p for p in ((mood, glasses) if rng.random() < 0.6 else (glasses, mood)) if p]
    return filled(", ".join([body, *tail]), person.noun)


def describe(
    role: str = "casual",
    scene: str = "studio",
    style: str = "photo",
    expression: str = "neutral",
    noun: str = "person",
    glasses: str = "none",
) -> str:
    """The canonical caption of given facts, for benchmarks and plain training captions."""
    body = [f"{STYLE_PHRASES[style][0]} of a {noun}", ROLE_PHRASES[role][0]]
    body.append(SCENE_PHRASES.get(scene, (f"in the {scene}",))[0])
    tail = [EXPRESSION_PHRASES[expression][0], GLASSES_PHRASES[glasses][0]]
    text = ", ".join([" ".join(p for p in body if p), *(p for p in tail if p)])
    return filled(text, noun)


def canonical(context: Context, noun: str) -> str:
    """The canonical caption of a context (`describe`).

    Args:
        noun: what the person is called.
    """
    names = ("role", "scene", "style", "expression", "glasses")
    told: dict[str, str] = {name: getattr(context, name) for name in names}
    return describe(**told, noun=noun)


def hair_colour(person: Person) -> str:
    """The name of the nearest natural hair colour, or grey."""
    rgb = np.asarray(person.hair_rgb)
    if float(np.ptp(rgb)) < 0.12 and float(rgb.mean()) > 0.35:
        return "white" if float(rgb.mean()) > 0.75 else "grey"
    names = [stop[0] for stop in HAIR_STOPS]
    far = [float(np.abs(rgb - np.asarray(stop[1])).sum()) for stop in HAIR_STOPS]
    return names[int(np.argmin(far))]


def _appearance(person: Person, rng: np.random.Generator) -> str:
    hair = HAIR_PHRASES.get(person.hair_shape, "{c} hair").format(c=hair_colour(person))
    beard = BEARD_PHRASES.get(person.beard, "")
    if beard and rng.random() < 0.6:
        return f"with {hair} and {beard}" if rng.random() < 0.5 else f"with {beard}"
    return f"with {hair}"


def filled(text: str, noun: str) -> str:
    """A phrase's {ruler}, {noun} and {cow} by the person's noun."""
    male = noun in ("man", "boy")
    text = text.replace("{ruler}", "king" if male else "queen").replace("{noun}", noun)
    return text.replace("{cow}", "cowboy" if male else "cowgirl")


def pick_phrase(phrases: Sequence[str], rng: np.random.Generator) -> str:
    """One of the phrases; the first is as likely as all the others together."""
    if len(phrases) == 1 or rng.random() < 0.4:
        return phrases[0]
    return phrases[int(rng.integers(len(phrases)))]


def kept_phrase(phrases: Sequence[str], rng: np.random.Generator) -> str:
    """One of the phrases, or "" in 15 %."""
    return "" if rng.random() < _DROP else pick_phrase(phrases, rng)


def phrase_tables(world: World = NARROW) -> dict[str, Phrases]:
    """Fact -> its values' phrases, for whatever learns from captions; facts of contexts only."""
    tables = {"role": ROLE_PHRASES, "scene": SCENE_PHRASES, "style": STYLE_PHRASES,
              "expression": EXPRESSION_PHRASES, "glasses": GLASSES_PHRASES}  # fmt: skip
    hidden = _lacking(world)
    return {
        fact: {value: phrases for value, phrases in table.items() if value not in hidden}
        for fact, table in tables.items()
    }


def vocabulary(world: World = NARROW) -> tuple[str, ...]:
    """Every word of the world's captions, in a fixed order that begins with the narrow one's."""
    if world == NARROW:
        return VOCABULARY
    return tuple(dict.fromkeys((*VOCABULARY, *_words(world))))


def _lacking(world: World) -> set[str]:
    """Roles, scenes and styles that are another world's alone."""
    every = {*BROAD.roles, *BROAD.scenes, *BROAD.styles}
    return every - {*world.roles, *world.scenes, *world.styles}


def _words(world: World) -> tuple[str, ...]:
    tables = phrase_tables(world)
    parts = (tables[fact] for fact in ("style", "role", "scene", "expression", "glasses"))
    texts = [phrase for table in parts for phrases in table.values() for phrase in phrases]
    texts += [*HAIR_PHRASES.values(), *BEARD_PHRASES.values(), _EXTRA]
    plain = re.sub(r"\{\w+\}", " ", " ".join(texts))
    return tuple(dict.fromkeys(re.findall(r"[a-z]+", plain)))


#: Every word that captions of the narrow world hold, in a fixed order.
VOCABULARY: tuple[str, ...] = _words(NARROW)
