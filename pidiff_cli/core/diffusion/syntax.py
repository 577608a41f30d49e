"""What other programs read in a prompt and this one does not: weights, LoRA calls, BREAK, emoji.

The text encoder would take brackets, figures and pictures for words and spend its places on them.
So they are taken out, what is in the brackets stays, and each is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_NUMBER = r"[+-]?\d*\.?\d+"
_EMOJI_MOODS = {
    "smiling": "😀😃😄😁😆😊🙂☺😍🥰😎😉😇🤗",
    "laughing": "😂🤣😹",
    "looking sad": "😢😭☹🙁😞😔😥😿",
    "looking angry": "😠😡🤬👿",
    "looking surprised": "😮😯😲😱🤯😳",
}
_MOODS = {emoji: mood for mood, several in _EMOJI_MOODS.items() for emoji in several}
_JOINERS = "\u200d\ufe0f\ufe0e"

Replace = Callable[[re.Match[str]], str]


def plain_words(prompt: str) -> tuple[str, list[str]]:
    """The prompt without other programs' syntax, and a sentence for each kind that was in it.

    Emoji of a mood become its words ("🙂" → "smiling").
    """
    told: dict[str, list[str]] = {}

    def taken(reason: str, instead: Replace) -> Replace:
        def replace(found: re.Match[str]) -> str:
            told.setdefault(reason, []).append(found[0].strip())
            return instead(found)

        return replace

    text = prompt
    for pattern, reason, instead in _RULES:
        while (once := re.sub(pattern, taken(reason, instead), text)) != text:
            text = once
    text = _without_emoji(text, told)
    if text == prompt:
        return prompt, []
    return _tidy(text), [f"{', '.join(dict.fromkeys(v))}: {k}." for k, v in told.items()]


def _nothing(found: re.Match[str]) -> str:
    return " "


_WEIGHTS = "weights and brackets mean nothing here, the words are read without them"
#: Pattern, what is told, what is read instead; in this order, each until it finds no more.
_RULES: tuple[tuple[str, str, Replace], ...] = (
    (
        r"<(?:lora|lyco|hypernet|embedding)\b[^<>]*>|\bembedding:[\w.-]+",
        "nothing is called from a prompt, left out; a LoRA becomes a profile of its own by "
        "`pidiff profile import FILE`",
        _nothing,
    ),
    (r"<[^<>]*>", "read by other programs only, left out", _nothing),
    (
        r"(?<!\S)--(?:ar|v|no|s|q|style|stylize|chaos|seed|steps|cfg|niji|iw|w|h|tile)\b"
        r"(?:\s+[\d.:]+)?",
        "options stand after the prompt's closing quote, left out; see pidiff generate --help",
        _nothing,
    ),
    (rf"\(([^()]*?)\s*:\s*{_NUMBER}\s*\)", _WEIGHTS, lambda found: found[1]),
    (r"\(\(([^()]*)\)\)", _WEIGHTS, lambda found: found[1]),
    (r"\[([^\[\]]*)\]|\{([^{}]*)\}", _WEIGHTS, lambda f: _choice(f[1] or f[2] or "")),
    (r"(?<!\w)(\w+)(?:\+{2,}|-{2,})(?!\w)", _WEIGHTS, lambda found: found[1]),
    (r"\\([()\[\]])", _WEIGHTS, lambda found: found[1]),
    (r"\bBREAK\b", "no word here, left out; a prompt is read in one piece", _nothing),
)


def _choice(inside: str) -> str:
    """The first of what square or curly brackets choose from."""
    return re.split(r"[|:]", inside)[0].strip()


def _without_emoji(text: str, told: dict[str, list[str]]) -> str:
    made = []
    for sign in text:
        if mood := _MOODS.get(sign):
            told.setdefault(f"read as: {mood}", []).append(sign)
            made.append(f", {mood}, ")
        elif _is_picture(sign):
            told.setdefault("no word that is read here, left out", []).append(sign)
            made.append(" ")
        elif sign not in _JOINERS or not any(map(_is_picture, text)):
            made.append(sign)
    return "".join(made)


def _is_picture(sign: str) -> bool:
    """Whether a sign is an emoji, a dingbat or a skin tone."""
    return unicodedata.category(sign) in ("So", "Sk") and ord(sign) > 0x2000


def _tidy(text: str) -> str:
    """Single blanks, no blank before a comma, no comma beside another or at an end."""
    text = re.sub(r"\s+([,;.])", r"\1", " ".join(text.split()))
    text = re.sub(r",(?:\s*,)+", ",", text)
    return text.strip(" ,;")
