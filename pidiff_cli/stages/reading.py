"""What a person typed, as it is drawn: cleaned, completed, encoded, its doubts told beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from textwrap import shorten

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, called, encode_prompt, is_odd
from pidiff_cli.core.diffusion.subject import MEDIUM, NOUNS
from pidiff_cli.core.diffusion.syntax import plain_words
from pidiff_cli.core.diffusion.wording import Completed, completed, medium_set_off, said_words
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.known import ALONE, Known, known_of, quoted

MOST = 6  # unknown words told of one kind
LISTED = "All that it draws: pidiff words"
Edits = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class PromptReader:
    """How prompts are read for one person on one base.

    Attributes:
        name, family: of the base. noun, person: what the person is called, the profile's name.
        trigger: the word by which a LoRA knows the person.
        literal: nothing is taken out of a prompt and nothing becomes an edit.
        edits: whether words about looks may become edits; else they are told.
        subject: where a record says that the person is in its prompt; () where that is looked for.
    """

    base: Base
    name: str
    family: str
    noun: str
    person: str
    trigger: str = ""
    literal: bool = False
    edits: bool = True
    subject: tuple[int, ...] = ()

    def read(self, prompt: str, progress: Progress, which: str = "") -> Reading:
        """A prompt as it is drawn; what is doubtful about it is told first.

        Args:
            which: says which of several prompts it is.
        """
        text, told = (prompt, []) if self.literal else plain_words(prompt)
        text, gone = (text, []) if self.literal else self._known_medium(medium_set_off(text))
        whole = completed(text, self.noun, self.person)
        if len(self.subject) == 2:
            whole = Completed(text, (self.subject[0], self.subject[1]))
        if whole.name_read:
            told.append(
                f"“{whole.name_read}” is read as the person; for the word, begin with "
                f"“with {whole.name_read}” or “the {whole.name_read}”."
            )
        encoded = encode_prompt(self.base, whole.text, self.noun, whole.subject)
        if self.trigger and self.base.lora:
            encoded = called(self.base, encoded, self.noun, self.trigger)
        wished, more = self._looks(text)
        unknown = self._unknown((*gone, *encoded.unknown), text)
        notes = (*told, *unknown, *more, *self._cut(encoded))
        for line in notes:
            progress.warn(f"{which}{line}")
        listed = bool(unknown) and self.known is not None
        return Reading(prompt, encoded, wished, listed, whole.named, notes)

    def negative(self, text: str, progress: Progress) -> tuple[str, tuple[str, ...]]:
        """The negative prompt as it is drawn, and its doubts, told as those of any prompt."""
        if not text:
            return "", ()
        text, told = (text, []) if self.literal else plain_words(text)
        encoded = encode_prompt(self.base, text, "")
        doubts = (
            *told,
            *self._unknown(encoded.unknown, ""),
            *self._cut(replace(encoded, place=None)),
        )
        notes = tuple(f"--negative: {line}" for line in doubts)
        for line in notes:
            progress.warn(line)
        return text, notes

    @property
    def known(self) -> Known | None:
        """What the base knows, where that is a list."""
        return known_of(self.family) if self.base.closed_vocabulary else None

    def _cut(self, encoded: EncodedPrompt) -> list[str]:
        for one in filter(None, (encoded, encoded.called)):
            if not one.cut:
                continue
            reads = len(one.ids) - 2
            told = f"The prompt is too long: {self.name} reads {reads} tokens (words, signs)"
            tail = one.cut if len(one.cut) < 120 else f"{one.cut[:80]} … {one.cut[-30:]}"
            with_it = ", and with it the person: name them earlier" if one.loses_subject else ""
            return [f"{told}; left out: “{tail}”{with_it}."]
        return []

    def _known_medium(self, text: str) -> tuple[str, list[str]]:
        """A prompt without unknown words before its medium, and those words: spelt by letters there
        they colour the whole face ("a LinkedIn photo of …")."""
        gone: list[str] = []
        parts = text.split(",") if self.known is not None else []
        for i, part in enumerate(parts):
            medium = MEDIUM.match(part.strip())
            *before, last = said_words(medium[0]) if medium else [""]
            odd = [word for word in before if is_odd(self.base, word)]
            if odd and not is_odd(self.base, last):
                gone += odd
                parts[i] = " ".join(re.sub(_either(odd), "", part).split())
        return (", ".join(map(str.strip, parts)), gone) if gone else (text, [])

    def _unknown(self, unknown: tuple[str, ...], text: str) -> list[str]:
        """Words that the base does not know, each with what comes nearest, and those that it knows
        and does not draw."""
        known, lines = self.known, []
        reasons = known.reasons(unknown, text) if known else {"": [*unknown]}
        told = [f"{quoted(w[:MOST])}{f' ({near})' if near else ''}" for near, w in reasons.items()]
        if any(reasons.values()):
            alone = known and known.nothing_left(_asked(text), unknown, text)
            line = f"Not known to {self.name}, and not drawn: {', '.join(told)}."
            lines.append(f"{line} {ALONE}" if alone else line)
        return lines + (known.silent_in(text) if known else [])

    def _looks(self, text: str) -> tuple[Edits, list[str]]:
        """The edits that words about looks become, and what is told of them."""
        known = self.known
        if known is None:
            return (), []
        found = [(look, said) for look in known.looks if (said := look.found_in(text))]
        if not found:
            return (), []
        edits = dict(edit for look, _ in found for edit in look.edits)
        options = " ".join(f"--edit {name}={x:+g}" for name, x in edits.items())
        words = quoted(dict.fromkeys(said for _, said in found))
        if self.literal or not self.edits or not self.base.has_branch:
            able = "" if self.base.has_branch else ", where a profile has W+ codes"
            told = f"{self.name} does not draw {words} from a prompt; pidiff generate does by"
            return (), [f"{told} {options}{able}."]
        told = f"{words}: drawn by {options} (--literal leaves it to the words)."
        return tuple(edits.items()), [told]


def short(prompt: str) -> str:
    """A prompt as it is called in a line: its first words."""
    first = shorten(prompt, 40, placeholder=" …")
    return first if first.strip(" …") else f"{prompt[:37]}…"


def _either(words: list[str]) -> str:
    """A pattern of any of these words."""
    return rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])"


def _asked(text: str) -> list[str]:
    """The words of a prompt but for those that say that there is a person."""
    return [word for word in said_words(text) if word.lower() not in NOUNS]


@dataclass(frozen=True)
class Reading:
    """A prompt as it is drawn.

    Attributes:
        typed: by the person. edits: what its words about looks become.
        doubtful: something in it is not drawn, and there is a list of what is.
        named: the person is typed by name. notes: what was told of it.
    """

    typed: str
    encoded: EncodedPrompt
    edits: Edits = ()
    doubtful: bool = False
    named: bool = False
    notes: tuple[str, ...] = ()
