"""What a person types as a whole prompt, and where in it they are.

``as an astronaut`` becomes ``a photo of a woman as an astronaut``, and "woman" is its subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pidiff_cli.core.diffusion.names import NEVER_A_NAME, OF_PROMPTS, WORDS_TOO
from pidiff_cli.core.diffusion.subject import MEDIUM, Span, Word, find_subject, words_of

_ARTICLE_AFTER = {"of", "with", "as", "by", "and", "for", "like", "to", "beside", "near", "showing"}
#: mini's captions set a mood off with a comma, and without it a smile is drawn in a third of the
#: pictures that ask for one (docs/decisions/). Not "a smiling chef", not "a chef and smiling".
_MOOD = re.compile(
    r"(?<!,)(?<!\ba)(?<!\bthe)(?<!\band) "
    r"((?:smiling|laughing)(?: happily)?|looking (?:happy|sad|angry|surprised)|"
    r"with (?:a smile|a big laugh|an open mouth|a (?:sad|angry|neutral) face))"
    r"(?=$|,| (?:in|at|on|and|with|as|under|near|wearing)\b)",
    re.IGNORECASE,
)
#: Somebody "as an oil painting" is an oil painting of somebody.
_AS_A_MEDIUM = re.compile(
    r"\b(?:as|like|in the style of|in the form of) ((?:an? )?(?:(?:oil|pencil|colou?r|woodblock|"
    r"watercolou?r|charcoal|pop[- ]art) )?(?:painting|sketch|drawing|watercolou?r|linocut|woodcut|"
    r"print|pop art|(?<=pop art )(?:picture|poster|portrait)))(?=$|[,.;])",
    re.IGNORECASE,
)
#: What can follow a person's name at the beginning of a prompt.
_GOES_ON = frozenset("as in at on with wearing dressed and is who under near by beside".split())


@dataclass(frozen=True)
class Completed:
    """A whole prompt.

    Attributes:
        subject: characters of the word that stands for the person.
        name_read: the profile's name, as typed, where it is a word that was read as the person.
        named: whether the person was typed by the profile's name.
    """

    text: str
    subject: Span
    name_read: str = ""
    named: bool = False


def complete(prompt: str, noun: str, name: str = "") -> str:
    """The text of `completed`."""
    return completed(prompt, noun, name).text


def completed(prompt: str, noun: str, name: str = "") -> Completed:
    """The full prompt of what a person typed, and who in it is meant.

    ``as an astronaut`` → ``a photo of a {noun} as an astronaut``; the profile's name → the noun,
    where it names somebody (not after an article: a profile may be called ``astronaut``, ``rose``
    or ``snow``); a prompt whose subject is a noun that can mean a person stays as it is; ``as a
    chef, oil painting`` → ``an oil painting of a {noun} as a chef``; a mood is set off: ``smiling``
    → ``a photo of a {noun}, smiling``.
    """
    text = " ".join(prompt.split())
    mentions = _mentions(text, name)
    if mentions:
        whole, subject = _replaced(text, noun, mentions)
        typed = text[slice(*mentions[0])]
        read = typed if name.lower() in WORDS_TOO and typed.islower() else ""
        return replace(_with_mood(whole, subject), name_read=read, named=True)
    if found := find_subject(text, noun):
        return Completed(text, found)
    return _with_mood(*_composed(text, noun))


def _with_mood(text: str, subject: Span) -> Completed:
    """The mood set off with a comma; the subject stays where it is meant."""
    commas = sum(found.start() < subject[0] for found in _MOOD.finditer(text))
    whole = _MOOD.sub(r", \1", text)
    return Completed(whole, (subject[0] + commas, subject[1] + commas))


def _composed(text: str, noun: str) -> tuple[str, Span]:
    """A prompt of what a person is to be, with the noun and a medium before it."""
    parts = [part.strip() for part in text.split(",")]
    for i, part in enumerate(parts):  # a medium in any place leads: "as a chef, oil painting"
        if medium := MEDIUM.match(part):
            tail = part[medium.end() :].strip()
            if tail and (i or re.match(r"of\b", tail)):
                continue
            head = f"{_with_article(medium[0])} of a "
            said = " ".join([head.strip(), noun, *filter(None, (tail, *parts[: min(i, 1)]))])
            whole = ", ".join([said.strip(), *parts[1:i], *parts[i + 1 :]])
            return whole, (len(head), len(head) + len(noun))
    head = "a photo of a "
    link = "as " if re.match(r"an? [\w-]* ?(?:boy|girl|man|woman) (?:scout|band)", text) else ""
    return f"{head}{noun} {link}{text}".strip(), (len(head), len(head) + len(noun))


def _with_article(medium: str) -> str:
    if re.match(r"(?:an?|the|pop)\b", medium, re.IGNORECASE):
        return medium
    return f"{'an' if medium[0].lower() in 'aeiou' else 'a'} {medium}"


def _replaced(text: str, noun: str, mentions: list[Span]) -> tuple[str, Span]:
    """The text with the noun for the name, and where the first one came to be."""
    made, last, first = "", 0, (0, 0)
    for start, stop in mentions:
        made += text[last:start]
        before = text[:start].rstrip()
        word = before.split()[-1].lower() if before else ""
        if not word or word in _ARTICLE_AFTER or word[-1] in ",;:.":
            made += "a "
        first = first if first[1] else (len(made), len(made) + len(noun))
        made, last = made + noun, stop
    return made + text[last:], first


def _mentions(text: str, name: str) -> list[Span]:
    """Where the name is the person: after an article it is a word ("as an astronaut")."""
    if not name or name.lower() in NEVER_A_NAME:
        return []
    pattern = r"(?<!\ba )(?<!\ban )(?<!\bthe )" + whole_word(name)
    found = [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
    if name.lower() not in WORDS_TOO:
        return found
    return [span for span in found if _names_somebody(text, span)]


def _names_somebody(text: str, span: Span) -> bool:
    """Whether a name that is a word, too, is the person here."""
    words = words_of(text)
    at = next((i for i, word in enumerate(words) if word.start == span[0]), None)
    if at is None:
        return False
    typed = text[slice(*span)]
    if at and typed[0].isupper() and any(w.text[0].islower() for w in _as_typed(text)):
        return True
    if len(words) == 1 and typed.lower() in OF_PROMPTS:
        return False
    following = words[at + 1].text if at + 1 < len(words) else ","
    can_follow = following in _GOES_ON or not following[0].isalnum() or following.endswith("ing")
    after_medium = words[at - 1].text == "of" and MEDIUM.match(text) is not None if at else True
    return after_medium and can_follow


def _as_typed(text: str) -> list[Word]:
    return [Word(text[word.start :][: len(word.text)], word.start) for word in words_of(text)]


def medium_set_off(text: str) -> str:
    """``as a chef, as an oil painting`` → ``as a chef, an oil painting``, which then leads."""
    found = _AS_A_MEDIUM.sub(r", \1", text)
    return text if found == text else re.sub(r"\s*,(?:\s*,)*\s*", ", ", found).strip(" ,")


def said_words(text: str) -> list[str]:
    """The words of a text as typed, each once: "4k" is one, "man's" is "man", a number is none."""
    bare = re.sub(r"['’]s\b", "", text)
    return list(dict.fromkeys(re.findall(r"[^\W_]*[^\W\d_][^\W_]*", bare)))


def whole_word(word: str) -> str:
    """A pattern of the word by itself, not joined by hyphens."""
    return rf"(?<![\w-]){re.escape(word)}(?![\w-])"
