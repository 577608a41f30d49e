"""words: what the embedded base knows, and what it would make of a prompt; nothing is loaded."""

from __future__ import annotations

import json

from pidiff_cli.core.diffusion.subject import NOUNS
from pidiff_cli.core.diffusion.syntax import plain_words
from pidiff_cli.core.diffusion.wording import said_words
from pidiff_cli.errors import InputError
from pidiff_cli.stages.results import KnownWords, ReadWords
from pidiff_cli.weights import locate
from pidiff_cli.weights.known import JOINING, Known, known_of, quoted

FAMILY = "mini"


def known_words() -> KnownWords:
    """Everything that is drawn, by kind."""
    known = _known()
    does = {e.name: f"{e.does}; less: {e.less}" if e.less else e.does for e in known.edits}
    groups = {name: list(phrases) for name, phrases in known.groups.items()}
    return KnownWords(known.about, groups, tuple(look.phrase for look in known.looks), does)


def read(prompt: str) -> ReadWords:
    """What would be drawn of a prompt, what by edits, and what not."""
    known = _known()
    text, notes = plain_words(prompt)
    words = said_words(text.lower())
    vocabulary = _vocabulary()
    reasons = known.reasons([word for word in words if word not in vocabulary], text)
    unknown = [f"{quoted(w)}{': ' * bool(near)}{near}" for near, w in reasons.items()]
    looks = [look for look in known.looks if look.found_in(text)]
    edits = tuple(f"--edit {name}={x:+g}" for look in looks for name, x in look.edits)
    said = [word for word in words if word in vocabulary]
    drawn = tuple(w for w in said if w not in JOINING and w not in NOUNS)
    return ReadWords(prompt, drawn, edits, tuple(unknown), (*notes, *known.silent_in(text)))


def _known() -> Known:
    known = known_of(FAMILY)
    if known is None:
        raise InputError(f"What {FAMILY} knows is missing.", "Install the program again.")
    return known


def _vocabulary() -> set[str]:
    """The words that are one token of mini's tokenizer."""
    path = locate.PACKAGE_WEIGHTS / "diffusers" / "tokenizer" / "vocab.json"
    tokens = json.loads(path.read_text(encoding="utf-8"))
    return {token.removesuffix("</w>") for token in tokens if token.endswith("</w>")}
