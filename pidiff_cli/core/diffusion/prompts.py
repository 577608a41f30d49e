"""Prompts: completed with the noun, encoded, and the subject's tokens found."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

KEPT = 8  # encoded prompts; the empty one comes with every picture
NOUNS = ("person", "man", "woman", "boy", "girl")
_ARTICLE_AFTER = {"of", "with", "as", "by", "and", "for", "like", "to", "beside", "near", "showing"}
_MEDIUM = re.compile(
    r"(?:an? |the )?(?:[\w-]+ ){0,2}?(?:photo|photograph|portrait|painting|sketch|drawing|print|"
    r"watercolou?r|linocut|poster|picture|pop art)(?: (?:photo|painting|print|poster|picture))?",
    re.IGNORECASE,
)
#: mini's captions set a mood off with a comma, and without it a smile is drawn in a third of the
#: pictures that ask for one (docs/decisions/). Not "a smiling chef", not "a chef and smiling".
_MOOD = re.compile(
    r"(?<!,)(?<!\ba)(?<!\bthe)(?<!\band) "
    r"((?:smiling|laughing)(?: happily)?|looking (?:happy|sad|angry|surprised)|"
    r"with (?:a smile|a big laugh|an open mouth|a (?:sad|angry|neutral) face))"
    r"(?=$|,| (?:in|at|on|and|with|as|under|near|wearing)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class EncodedPrompt:
    """A prompt ready for the text encoder.

    Attributes:
        text: as completed.
        ids: (S,) token ids, padded.
        subject: (S,) float, 1 at the subject's tokens; all 0 when the prompt names none.
        unknown: words that the base's vocabulary does not hold.
        cut: the words that did not fit, "" when all did.
        second: (S,) token ids of the second tokenizer (SDXL); None on other bases.
        called: the prompt as a LoRA knows it, its own word beside the noun; None is this one.
    """

    text: str
    ids: Tensor
    subject: Tensor
    unknown: tuple[str, ...] = ()
    cut: str = ""
    second: Tensor | None = None
    called: EncodedPrompt | None = None


@dataclass(frozen=True)
class TextStates:
    """What a UNet reads of encoded prompts.

    Attributes:
        tokens: (B, S, C). pooled: (B, P), SDXL's; None on other bases.
    """

    tokens: Tensor
    pooled: Tensor | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: Tensor) -> TextStates:
        """Rows by index (B,) int64."""
        pooled = None if self.pooled is None else self.pooled[index]
        return TextStates(self.tokens[index], pooled)

    def part(self, first: int, count: int) -> TextStates:
        """Rows in a row, without a copy."""
        rows = slice(first, first + count)
        return TextStates(self.tokens[rows], None if self.pooled is None else self.pooled[rows])

    def added(self, height: int, width: int) -> dict[str, Any]:
        """SDXL's further inputs of the UNet for pictures of this size in px; {} on other bases.

        Its six numbers: the size before cropping, the crop's place, the size asked for.
        """
        if self.pooled is None:
            return {}
        ids = self.pooled.new_tensor([height, width, 0, 0, height, width])
        conditions = {"text_embeds": self.pooled, "time_ids": ids.expand(len(self), -1)}
        return {"added_cond_kwargs": conditions}


def complete(prompt: str, noun: str, name: str = "") -> str:
    """The full prompt of what a person typed.

    ``as an astronaut`` → ``a photo of a {noun} as an astronaut``; the profile's name → the noun,
    but not after an article (a profile named ``astronaut``, ``rose`` or ``snow``);
    a prompt that has a noun stays as it is; ``as a chef, oil painting`` → ``an oil painting of a
    {noun} as a chef``; a mood is set off: ``smiling`` → ``a photo of a {noun}, smiling``.
    """
    text = " ".join(prompt.split())
    named = bool(name and re.search(_called(name), text, re.IGNORECASE))
    if not named and subject_word(text, noun):
        return text
    whole = _replace_name(text, noun, name) if named else _composed(text, noun)
    return _MOOD.sub(r", \1", whole)


def _composed(text: str, noun: str) -> str:
    """A prompt of what a person is to be, with the noun and a medium before it."""
    parts = [part.strip() for part in text.split(",")]
    for i, part in enumerate(parts):  # a medium in any place leads: "as a chef, oil painting"
        if medium := _MEDIUM.match(part):
            tail = part[medium.end() :].strip()
            if tail and (i or re.match(r"of\b", tail)):
                continue
            whole = " ".join(
                [_with_article(medium[0]), "of a", noun, *filter(None, (tail, *parts[: min(i, 1)]))]
            )
            return ", ".join([whole.strip(), *parts[1:i], *parts[i + 1 :]])
    return f"a photo of a {noun} {text}".strip()


def subject_word(text: str, noun: str) -> re.Match[str] | None:
    """The first mention of the noun, or of another noun that can mean a person."""
    found = re.search(_word(noun), text, re.IGNORECASE)
    return found or re.search(rf"\b(?:{'|'.join(NOUNS)})\b", text, re.IGNORECASE)


def encode_prompt(base: Base, text: str, noun: str) -> EncodedPrompt:
    """Token ids (S,) of a completed prompt, the subject's places and what was not understood."""
    tokenizer = base.tokenizer
    ids = _ids(tokenizer, text, pad=True)
    length = len(ids)
    subject = _subject(tokenizer, text, noun, length)
    second = None
    if base.second_tokenizer is not None:
        second = torch.tensor(_ids(base.second_tokenizer, text, pad=True))
        subject = torch.maximum(subject, _subject(base.second_tokenizer, text, noun, length))
    words = re.findall(r"[^\W\d_]+", text)
    unknown = tuple(dict.fromkeys(w for w in words if base.closed_vocabulary and _odd(base, w)))
    cut = _cut(tokenizer, words, length)
    return EncodedPrompt(text, torch.tensor(ids), subject, unknown, cut, second)


def called(base: Base, prompt: EncodedPrompt, noun: str, word: str) -> EncodedPrompt:
    """A prompt that goes to a LoRA with its own word before the noun: ``a photo of ohwx woman``.

    Where the prompt names nobody, or has the word already, it stays as it is.
    """
    found = subject_word(prompt.text, noun)
    if not found or not word or re.search(_word(word), prompt.text, re.IGNORECASE):
        return prompt
    head = re.sub(r"\b(?:an?|the) $", "", prompt.text[: found.start()], flags=re.IGNORECASE)
    text = f"{head}{word} {prompt.text[found.start() :]}"
    return replace(prompt, called=encode_prompt(base, text, noun))


def text_states(base: Base, prompts: list[EncodedPrompt]) -> TextStates:
    """Text tokens of encoded prompts, and on SDXL their pooled embeddings.

    Each different prompt is encoded alone: its numbers do not depend on the others', and are
    those of the stock pipeline, bit for bit. The base keeps what it encoded last.
    """
    states: dict[str, TextStates] = {}
    with torch.no_grad():
        for prompt in prompts:
            if prompt.text not in states:
                known = base.texts.get(prompt.text)
                states[prompt.text] = _encode(base, prompt) if known is None else known
    others = {text: state for text, state in base.texts.items() if text not in states}
    base.texts = dict([*others.items(), *states.items()][-KEPT:])
    found = [states[prompt.text] for prompt in prompts]
    pooled = [state.pooled for state in found if state.pooled is not None]
    tokens = torch.cat([state.tokens for state in found])
    return TextStates(tokens, torch.cat(pooled) if pooled else None)


def subjects(prompts: list[EncodedPrompt], device: torch.device) -> Tensor:
    """The prompts' subject masks (B, S)."""
    return torch.stack([p.subject for p in prompts]).to(device)


def _encode(base: Base, prompt: EncodedPrompt) -> TextStates:
    """One prompt (1, S, C): of SDXL the last layer but one of both encoders, side by side."""
    where = next(base.text_encoder.parameters()).device  # the CPU, where it is parked
    ids = prompt.ids[None].to(where)
    if base.second_encoder is None or prompt.second is None:
        return TextStates(base.text_encoder(ids)[0].to(base.device))
    first = base.text_encoder(ids, output_hidden_states=True)
    second = base.second_encoder(prompt.second[None].to(where), output_hidden_states=True)
    tokens = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1).to(base.device)
    pooled = second[0].to(base.device)
    if base.zero_empty and not prompt.text:
        return TextStates(torch.zeros_like(tokens), torch.zeros_like(pooled))
    return TextStates(tokens, pooled)


def _subject(tokenizer: Any, text: str, noun: str, length: int) -> Tensor:
    """(S,) float, 1 at the tokens of the subject's word."""
    subject = torch.zeros(length)
    match = subject_word(text, noun) if text else None
    if match:
        start = 1 + len(_bare(tokenizer, text[: match.start()]))
        stop = start + len(_bare(tokenizer, match[0]))
        subject[start : min(stop, length - 1)] = 1.0
    return subject


def _with_article(medium: str) -> str:
    if re.match(r"(?:an?|the|pop)\b", medium, re.IGNORECASE):
        return medium
    return f"{'an' if medium[0].lower() in 'aeiou' else 'a'} {medium}"


def _replace_name(text: str, noun: str, name: str) -> str:
    def with_article(match: re.Match[str]) -> str:
        before = text[: match.start()].rstrip()
        last = before.split()[-1].lower() if before else ""
        article = not last or last in _ARTICLE_AFTER or last[-1] in ",;:."
        return f"a {noun}" if article else noun

    return re.sub(_called(name), with_article, text, flags=re.IGNORECASE)


def _called(name: str) -> str:
    """The profile's name; after an article it is a word: somebody is named like "an astronaut"."""
    return r"(?<!\ba )(?<!\ban )(?<!\bthe )" + _word(name)


def _word(word: str) -> str:
    return rf"(?<![\w-]){re.escape(word)}(?![\w-])"


def _ids(tokenizer: Any, text: str, pad: bool) -> list[int]:
    settings = {"padding": "max_length", "truncation": True} if pad else {}
    length = tokenizer.model_max_length
    return cast(list[int], tokenizer(text, max_length=length, **settings).input_ids)


def _bare(tokenizer: Any, text: str) -> list[int]:
    """Ids without the marks at both ends."""
    return cast(list[int], tokenizer(text, add_special_tokens=False).input_ids)


def _odd(base: Base, word: str) -> bool:
    ids = _bare(base.tokenizer, word)
    return len(ids) != 1 or ids[0] in base.tokenizer.all_special_ids  # else spelt by letters


def _cut(tokenizer: Any, words: list[str], length: int) -> str:
    room = length - 2
    for i, word in enumerate(words):
        room -= len(_bare(tokenizer, word))
        if room < 0:
            return " ".join(words[i:])
    return ""
