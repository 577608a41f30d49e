"""What a base with a closed vocabulary can draw, in a person's words; no torch."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SPELT = 5  # letters from which a word may be another one misspelt
#: Unknown or not, they say nothing by themselves.
JOINING = frozenset(
    "a an the of in on at as by with and or to for from is are be it its this that very over into "
    "onto out up off while his her their my your our me myself i he she they we you who".split()
)


#: Told where nothing of a prompt is known, as where it is in another language.
ALONE = "Nothing else is asked for, so it draws the person alone. It reads English."


def quoted(words: Iterable[str]) -> str:
    """Words in quotation marks, commas between."""
    return ", ".join(f"“{word}”" for word in words)


@dataclass(frozen=True)
class Look:
    """Words about looks that the base does not draw from a prompt, and the edits that do.

    Attributes:
        phrase: what a person would type. pattern: finds it in a prompt, whatever the case.
        edits: (name, strength), of `KnownEdit`s.
    """

    phrase: str
    pattern: str
    edits: tuple[tuple[str, float], ...]

    def found_in(self, prompt: str) -> str:
        """The words of the prompt that ask for it, "" when none do."""
        found = re.search(self.pattern, prompt, re.IGNORECASE)
        return found[0] if found else ""


@dataclass(frozen=True)
class KnownEdit:
    """An edit that shows in pictures.

    Attributes:
        does: what more of it draws. less: what less of it draws, "" where that shows nothing.
    """

    name: str
    does: str
    less: str = ""


@dataclass(frozen=True)
class Known:
    """What a base knows.

    Attributes:
        groups: name of a kind → phrases that are drawn, the first the plainest.
        near: a word that it does not know → the phrase nearest to it.
        nothing: a word → why nothing comes near it.
        silent: pattern of words that it knows and does not draw → what to do.
        looks, edits: what is drawn by edits of the W+ code.
        gone: names that were edits and show nothing → what to do instead.
    """

    about: str
    groups: Mapping[str, tuple[str, ...]]
    near: Mapping[str, str]
    nothing: Mapping[str, str]
    silent: Mapping[str, str]
    looks: tuple[Look, ...]
    edits: tuple[KnownEdit, ...]
    gone: Mapping[str, str]

    def nearest(self, word: str) -> str:
        """What comes nearest to a word that the base does not know: "the nearest is …"; why there
        is nothing; "" where neither is known."""
        word = word.lower()
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in self.near:
                return f"the nearest is “{self.near[form]}”"
            if form in self.nothing:
                return self.nothing[form]
        if len(word) < SPELT:
            return ""
        everything = {w: p for several in self.groups.values() for p in several for w in p.split()}
        spelt = difflib.get_close_matches(word, [*everything, *self.near], n=1, cutoff=0.82)
        phrase = (everything | dict(self.near)).get(spelt[0]) if spelt else None
        return f"the nearest is “{phrase}”" if phrase else ""

    def reasons(self, words: Iterable[str], prompt: str) -> dict[str, list[str]]:
        """Unknown words by what comes nearest; without those that only join others or that a look
        of the prompt is called by."""
        looks = " ".join(look.found_in(prompt) for look in self.looks).lower().split()
        found: dict[str, list[str]] = {}
        for word in words:
            if word.lower() not in JOINING and word.lower() not in looks:
                found.setdefault(self.nearest(word), []).append(word)
        return found

    def nothing_left(self, words: Iterable[str], unknown: Iterable[str], prompt: str) -> bool:
        """Whether a prompt asks for something, and for nothing that is drawn.

        Args:
            words: that it says, without those for the person.
        """
        asked = {word.lower() for word in words} - JOINING
        looks = any(look.found_in(prompt) for look in self.looks)
        return bool(asked) and asked <= {word.lower() for word in unknown} and not looks

    def silent_in(self, prompt: str) -> list[str]:
        """What of a prompt the base has words for and does not draw, a sentence each."""
        return [told for pattern, told in self.silent.items() if re.search(pattern, prompt, re.I)]


@cache
def known_of(family: str) -> Known | None:
    """Of a base's kind; None where it reads any text."""
    path = Path(__file__).parent / f"{family}.json"
    if not path.is_file():
        return None
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Known(
        data["about"],
        {group["name"]: tuple(group["phrases"]) for group in data["groups"]},
        _by_word(data["near"]),
        _by_word(data["nothing"]),
        data["silent"],
        tuple(
            Look(look["phrase"], look["pattern"], tuple(look["edits"].items()))
            for look in data["looks"]
        ),
        tuple(KnownEdit(**edit) for edit in data["edits"]),
        _by_word(data["gone"]),
    )


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    """``{"as a chef": "baker cook"}`` as ``{"baker": "as a chef", "cook": "as a chef"}``."""
    return {word: phrase for phrase, words in table.items() for word in words.split()}
