"""Build mini's tokenizer: the CLIP file format with a vocabulary of a few hundred words.

Every word of the world's vocabulary is one token (``word</w>``); any other text falls back
to single letters and bytes, so every prompt can be tokenised.  The layout of the ids is
CLIP's: 256 bytes, the same 256 with the end-of-word mark, the merges in their order, then
the start and the end token; the end token also pads, as in Stable Diffusion.

`mini.train.text.text` writes the folder into the weights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

START, END = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 32  # start + words + end, padded
SUFFIX = "</w>"


def byte_letters() -> list[str]:
    """The printable letter that byte-level BPE uses for each byte, in CLIP's order (256)."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in kept]
    for byte in range(256):
        if byte not in kept:
            letters.append(chr(256 + len(letters) - len(kept)))
    return letters


def split_words(words: Iterable[str]) -> list[str]:
    """Lower-case letter runs of the given words or phrases, each once, in order."""
    parts = (part for word in words for part in re.findall(r"[^\W\d_]+", word.lower()))
    return list(dict.fromkeys(part for part in parts if part.isascii()))


def _apply(symbols: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """Byte-pair encoding of one word: the pair of lowest rank is merged until none is left."""
    while len(symbols) > 1:
        pairs = list(zip(symbols, symbols[1:], strict=False))
        best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        merged: list[str] = []
        for symbol in symbols:
            if merged and (merged[-1], symbol) == best:
                merged[-1] += symbol
            else:
                merged.append(symbol)
        symbols = merged
    return symbols


def build_merges(words: Iterable[str]) -> list[tuple[str, str]]:
    """Merges under which every word becomes one token.

    A word that is not yet one token gets merges for what is left of it.  New merges rank
    after all older ones and therefore never change a word that is already complete.
    """
    ranks: dict[tuple[str, str], int] = {}
    for word in words:
        symbols = [*word[:-1], word[-1] + SUFFIX]
        while len(pieces := _apply(symbols, ranks)) > 1:
            ranks[pieces[0], pieces[1]] = len(ranks)
    return list(ranks)


def build_vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    """Token -> id in CLIP's order; the end token has the highest id."""
    letters = byte_letters()
    tokens = [*letters, *(letter + SUFFIX for letter in letters)]
    tokens += ["".join(pair) for pair in merges]
    return {token: index for index, token in enumerate([*dict.fromkeys(tokens), START, END])}


def write_tokenizer(folder: Path, words: Iterable[str]) -> Any:
    """Write the tokenizer's files for ``words`` and return the opened ``CLIPTokenizer``.

    The folder holds ``vocab.json`` and ``merges.txt`` (the classic pair), ``tokenizer.json``
    (the fast form) and the two configuration files.
    """
    from transformers import CLIPTokenizer

    merges = build_merges(split_words(words))
    vocabulary = build_vocabulary(merges)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=MAX_TOKENS)
    tokenizer.save_pretrained(folder)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    text = json.dumps(special, indent=2) + "\n"
    (folder / "special_tokens_map.json").write_text(text, encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder)
