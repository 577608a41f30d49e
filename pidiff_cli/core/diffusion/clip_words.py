"""CLIP's tokenizer from its published list of merges: single-file checkpoints bring none.

`configs/clip_merges.txt.gz` is the used part of OpenAI's `bpe_simple_vocab_16e6.txt` (MIT licence,
copyright 2021 OpenAI), the one list that Stable Diffusion 1.x and XL share.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

START, END = "<|startoftext|>", "<|endoftext|>"


def clip_tokenizer(merges: Path, pad: str = END, length: int = 77) -> Any:
    """A CLIP tokenizer: 512 bytes, one token a merge, start and end (49,408 as published).

    Args:
        merges: gzip text, one merge of two parts a line, in order.
        pad: what fills a short prompt; SDXL's second tokenizer takes "!".
        length: tokens of a prompt, start and end among them.
    """
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    lines = gzip.decompress(merges.read_bytes()).decode().split("\n")
    pairs = [tuple(line.split()) for line in lines if line]
    letters = byte_letters()
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(p) for p in pairs)]
    ids = {word: i for i, word in enumerate([*words, START, END])}
    return CLIPTokenizer(vocab=ids, merges=pairs, pad_token=pad, model_max_length=length)


def byte_letters() -> list[str]:
    """The printable letter that stands for each byte, in the order of the vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(len(others))]
