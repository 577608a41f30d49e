"""Which prompts are refused before anything is loaded: intimate ones, above all of minors.

A list of words finds what people plainly write in a dozen languages. It finds neither what is
paraphrased nor what is spelt to hide, and that is said in docs/responsible-use.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from pidiff_cli.errors import InputError
from pidiff_cli.safety import words

YOUNG = ("boy", "girl")  # nouns of a profile that may be a minor's
_AGE = re.compile(
    r"\b(\d{1,2})[\s-]*(?:years?[\s-]*old|yrs?[\s-]*old|yo|y/o|jahrige?[rnsm]?|ans|anos|лет)\b"
)
_WEIGHTS = re.compile(r"[:=]\s*-?\d*\.?\d+")  # (word:1.3)
_SIGNS = re.compile(r"[^\w\s'/-]+|_+")


def check_prompts(prompts: Iterable[str], noun: str = "") -> None:
    """Raise InputError for the first prompt that asks for an intimate picture of a person.

    Args:
        noun: what a prompt calls the person; a boy or a girl may be a minor.
    """
    for prompt in prompts:
        if told := refused(prompt, noun):
            raise InputError(told, "If something else is meant, say it in other words.")


def refused(prompt: str, noun: str = "") -> str:
    """Why a prompt is not drawn, a sentence; "" for one that may be."""
    text = plain(prompt)
    if _never().search(text) or _within(words.NEVER_WITHIN, text):
        return _OF_MINOR
    text = _innocent().sub(" ", text)
    explicit = _found(_explicit(), words.EXPLICIT_WITHIN, text)
    young = noun in YOUNG or _found(_minor(), words.MINOR_WITHIN, text) or _age_under(text, 18)
    if young and (explicit or _found(_suggestive(), words.SUGGESTIVE_WITHIN, text)):
        return _OF_MINOR
    return _OF_PERSON.format(word=explicit) if explicit else ""


_OF_MINOR = (
    "The prompt asks for an intimate picture of somebody who is, or may be, under age: "
    "pidiff draws none."
)
_OF_PERSON = "The prompt asks for an intimate picture of a person (“{word}”): pidiff draws none."


def plain(prompt: str) -> str:
    """A prompt without case, accents, invisible signs, brackets and weights, as `words` has it."""
    text = unicodedata.normalize("NFKD", prompt.casefold())
    kept = "".join(
        c for c in text if unicodedata.category(c) not in ("Mn", "Cf") or not _latin_mark(c)
    )
    text = unicodedata.normalize("NFC", kept).replace("ø", "o").replace("ł", "l").replace("ı", "i")
    text = _SIGNS.sub(" ", _WEIGHTS.sub(" ", text.replace("’", "'")))
    text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def _latin_mark(sign: str) -> bool:
    """Whether a sign only decorates a letter: accents of Latin and Cyrillic, invisible signs."""
    return unicodedata.category(sign) == "Cf" or 0x300 <= ord(sign) <= 0x36F


def _found(pattern: re.Pattern[str], within: Iterable[str], text: str) -> str:
    """The first word of a list that is in a text; "" for none."""
    if found := pattern.search(text):
        return found.group(0).strip()
    return _within(within, text)


def _within(several: Iterable[str], text: str) -> str:
    return next((word for word in several if unicodedata.normalize("NFC", word) in text), "")


def _age_under(text: str, limit: int) -> bool:
    return any(int(age) < limit for age in _AGE.findall(text))


def _pattern(several: Iterable[str]) -> re.Pattern[str]:
    """Whole words or phrases; ``*`` is any ending."""
    parts = {
        re.escape(plain(word.strip().rstrip("*"))) + (r"\w*" if word.strip().endswith("*") else "")
        for word in several
        if word.strip()
    }
    longest_first = sorted(parts, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


@cache
def _explicit() -> re.Pattern[str]:
    return _pattern([*words.EXPLICIT, *words.PHRASES])


@cache
def _innocent() -> re.Pattern[str]:
    return _pattern(words.INNOCENT)


@cache
def _minor() -> re.Pattern[str]:
    return _pattern([*words.MINOR, *words.MINOR_PHRASES])


@cache
def _suggestive() -> re.Pattern[str]:
    return _pattern(words.SUGGESTIVE)


@cache
def _never() -> re.Pattern[str]:
    return _pattern(words.NEVER)
