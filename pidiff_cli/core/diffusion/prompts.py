"""Prompts encoded: token ids, the subject's tokens, what does not fit, what is not known."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.subject import Span, find_mention
from pidiff_cli.core.diffusion.wording import said_words, whole_word

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

KEPT = 8  # encoded prompts; the empty one comes with every picture


@dataclass(frozen=True)
class EncodedPrompt:
    """A prompt ready for the text encoder.

    Attributes:
        text: as completed.
        ids: (S,) token ids, padded.
        subject: (S,) float, 1 at the subject's tokens; all 0 when the prompt names none.
        unknown: words that the base's vocabulary does not hold.
        cut: the end of the text that did not fit, "" when all did; the longest of both encoders.
        second: (S,) token ids of the second tokenizer (SDXL); None on other bases.
        called: the prompt as a LoRA knows it, its own word beside the noun; None is this one.
        place: characters of the subject's word in ``text``; None when the prompt names nobody.
    """

    text: str
    ids: Tensor
    subject: Tensor
    unknown: tuple[str, ...] = ()
    cut: str = ""
    second: Tensor | None = None
    called: EncodedPrompt | None = None
    place: Span | None = None

    @property
    def loses_subject(self) -> bool:
        """Whether the person is named where the encoder no longer reads."""
        return self.place is not None and not bool(self.subject.any())


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


def encode_prompt(base: Base, text: str, noun: str, subject: Span | None = None) -> EncodedPrompt:
    """Token ids (S,) of a whole prompt, the subject's places and what was not understood.

    Args:
        subject: characters of the word that stands for the person, where that is known
            (``wording.completed``); else it is looked for (``subject.find_mention``).
    """
    place = (subject or find_mention(text, noun)) if text else None
    tokenizers = [base.tokenizer]
    if base.second_tokenizer is not None:
        tokenizers.append(base.second_tokenizer)
    ids = [torch.tensor(_ids(tokenizer, text)) for tokenizer in tokenizers]
    masks = [_subject(one, text, place, len(ids[0])) for one in tokenizers]
    words = said_words(text) if base.closed_vocabulary else []
    unknown = tuple(word for word in words if is_odd(base, word))
    cut = max((_cut(tokenizer, text) for tokenizer in tokenizers), key=len)
    second = ids[1] if len(ids) > 1 else None
    return EncodedPrompt(
        text, ids[0], torch.stack(masks).amax(0), unknown, cut, second, place=place
    )


def called(base: Base, prompt: EncodedPrompt, noun: str, word: str) -> EncodedPrompt:
    """A prompt that goes to a LoRA with its own word before the noun: ``a photo of ohwx woman``.

    Where the prompt names nobody, or has the word already, it stays as it is.
    """
    text, place = prompt.text, prompt.place
    if not place or not word or re.search(whole_word(word), text, re.IGNORECASE):
        return prompt
    head = re.sub(r"\b(?:an?|the) $", "", text[: place[0]], flags=re.IGNORECASE)
    start = len(head) + len(word) + 1
    subject = start, start + place[1] - place[0]
    other = encode_prompt(base, f"{head}{word} {text[place[0] :]}", noun, subject)
    return replace(prompt, called=other)


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


def _subject(tokenizer: Any, text: str, place: Span | None, length: int) -> Tensor:
    """(S,) float, 1 at the tokens of the subject's word."""
    subject = torch.zeros(length)
    if place:
        start = 1 + len(_bare(tokenizer, text[: place[0]]))
        stop = start + len(_bare(tokenizer, text[slice(*place)]))
        subject[start : min(stop, length - 1)] = 1.0
    return subject


def _ids(tokenizer: Any, text: str) -> list[int]:
    length = tokenizer.model_max_length
    settings = {"padding": "max_length", "truncation": True, "max_length": length}
    return cast(list[int], tokenizer(text, **settings).input_ids)


def _bare(tokenizer: Any, text: str) -> list[int]:
    """Ids without the marks at both ends."""
    return cast(list[int], tokenizer(text, add_special_tokens=False).input_ids)


def is_odd(base: Base, word: str) -> bool:
    """Whether a word is none of the base's tokens: it is spelt by letters, or left out."""
    ids = _bare(base.tokenizer, word)
    return len(ids) != 1 or ids[0] in base.tokenizer.all_special_ids  # else spelt by letters


def _cut(tokenizer: Any, text: str) -> str:
    """The end of the text that the encoder does not read, from a word's beginning on."""
    room = tokenizer.model_max_length - 2  # a mark at both ends
    if len(_bare(tokenizer, text)) <= room:
        return ""
    pieces = [*re.finditer(r"\w+|[^\w\s]", text)]
    first = bisect_right(pieces, room, key=lambda p: len(_bare(tokenizer, text[: p.end()])))
    return text[pieces[first].start() :].rstrip() if first < len(pieces) else ""
