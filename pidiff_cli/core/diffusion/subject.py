"""Where a text speaks of its subject: the person it is about, not one beside them.

A noun that can mean a person ("man", "woman") often does not: "spider-man", "a man cave", "beside
a man". It is the subject where it heads what is said: at the beginning, after a comma or after
"photo of", with at most an article and describing words before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

NOUNS = ("person", "man", "woman", "boy", "girl")
Span = tuple[int, int]  # characters, half-open

#: How a picture is called: "a pencil sketch", "oil painting", "pop art poster".
MEDIUM = re.compile(
    r"(?:an? |the )?(?:[\w-]+ ){0,2}?(?:photo|photograph|portrait|painting|sketch|drawing|print|"
    r"watercolou?r|linocut|poster|picture|pop art)(?: (?:photo|painting|print|poster|picture))?",
    re.IGNORECASE,
)
ARTICLES = frozenset("a an the this that one my our your his her their some another".split())
#: After these somebody else is spoken of; "of" is looked at by itself.
BETWEEN = frozenset(
    "as like with without and or but beside besides behind before near by for from to into onto in "
    "on at under over above below between among against around about toward towards than versus vs "
    "next opposite following front instead".split()
)
#: Before "of", these make it a thing that somebody has: "with a statue of a man".
HOLDING = frozenset(
    "as like with without beside behind near front holding wearing carrying instead made".split()
)
#: After these somebody is what the picture shows.
SHOWING = frozenset("showing depicting portraying featuring is am i'm".split())
#: "a man cave" is no man.
_MADE_OF_TWO = frozenset(
    "cave caves bun buns bag bags purse purses hole holes hood band bands group groups scout "
    "scouts power hunt made size sized friend friends toy toys doll dolls".split()
)
_WORD = re.compile(r"[^\W_](?:[\w'’-]*[^\W_])?|[^\w\s]")
_DESCRIBING = 5  # words, at most, between the article and the noun


class Word(NamedTuple):
    """A word of a text, in lower case, or one sign; ``start`` is its place."""

    text: str
    start: int

    @property
    def is_sign(self) -> bool:
        """Whether it is a comma, a bracket or the like."""
        return not (self.text[0].isalnum())


def words_of(text: str) -> list[Word]:
    """The words and signs of a text; what a hyphen joins is one word."""
    return [Word(found[0].lower(), found.start()) for found in _WORD.finditer(text)]


def find_subject(text: str, noun: str) -> Span | None:
    """The characters of the word that a whole prompt calls its subject by; None where it names
    nobody, or only others.

    Args:
        noun: what the person is called. It comes before other nouns, and where somebody else heads
            the sentence ("a man beside a woman") it need not be the head.
    """
    words = words_of(text)
    heads = [place for place in _mentions(words, NOUNS) if _is_head(words, place)]
    heads = [place for place in heads if not _is_of_a_part(words, place)]
    own = [*_mentions(words, (noun.lower(),))]
    first = next((place for place in heads if place in own), None)
    if first is None and heads:
        first = own[0] if own else heads[0]
    return None if first is None else _span(words[first])


def find_mention(text: str, noun: str) -> Span | None:
    """`find_subject`, else the first place where the noun, or another, stands as a word: for
    captions, which may call their subject in passing ("snow, and a woman in it")."""
    found = find_subject(text, noun)
    if found:
        return found
    words = words_of(text)
    places = [*_mentions(words, (noun.lower(),)), *_mentions(words, NOUNS)]
    return _span(words[places[0]]) if places else None


def _mentions(words: list[Word], nouns: tuple[str, ...]) -> Iterator[int]:
    """Places of the nouns, also as "man's", but not of what is joined with another word."""
    for place, word in enumerate(words):
        bare = re.sub(r"['’]s$", "", word.text)
        following = words[place + 1].text if place + 1 < len(words) else ""
        if bare in nouns and following not in _MADE_OF_TWO:
            yield place


def _span(word: Word) -> Span:
    return word.start, word.start + len(re.sub(r"['’]s$", "", word.text))


def _is_head(words: list[Word], place: int) -> bool:
    """Whether nothing but an article and describing words is between a beginning and the word."""
    at = place - 1
    for _ in range(_DESCRIBING):
        if at < 0 or words[at].is_sign or words[at].text in ARTICLES | BETWEEN | SHOWING | {"of"}:
            break
        at -= 1
    articled = at >= 0 and words[at].text in ARTICLES
    at -= articled
    if at < 0 or words[at].is_sign or words[at].text in SHOWING:
        return True
    if words[at].text == "of":
        before = [word.text for word in _clause(words, at)]
        return not HOLDING.intersection(before)
    # "a photo with a woman"
    clause = " ".join(word.text for word in _clause(words, at))
    return words[at].text in ("with", "by") and bool(MEDIUM.fullmatch(clause))


def _clause(words: list[Word], end: int) -> list[Word]:
    """The words between the last sign and a place."""
    first = max((i + 1 for i in range(end) if words[i].is_sign), default=0)
    return words[first:end]


def _is_of_a_part(words: list[Word], place: int) -> bool:
    """Whether the text began with what somebody is to be: "as a chef, a boy at the door"."""
    later = any(word.is_sign for word in words[:place])
    return later and words[0].text in ("as", "dressed", "wearing")
