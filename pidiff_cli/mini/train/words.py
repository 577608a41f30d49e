"""Teach mini's text encoder new words, and nothing else.

``python -m pidiff_cli.mini.train.words --world broad --minutes 3`` gives the tokenizer a world's
words and trains the embeddings of those it did not hold, so that their captions tell their facts
(`text.text_loss`, with heads of its own). All other weights stay: a prompt of old words keeps its
states to the bit, and a UNet that was trained on them need only learn what is new, and can
train on with a bank of that world (``world.bank --new``).

Source: Gal et al., "An Image is Worth One Word" (2023): new words by their embeddings alone; here
for captions, not for a picture's reconstruction.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pidiff_cli.mini.train import common, text
from pidiff_cli.mini.train.tokenizer import write_tokenizer
from pidiff_cli.mini.world.worlds import BROAD, WORLDS

RATE = 1e-2  # of the new embeddings; the heads learn at the text encoder's own


def grown(encoder: Any, before: dict[str, int], tokenizer: Any) -> tuple[Any, Tensor]:
    """The same encoder with a larger vocabulary, and which of its tokens are new (V,).

    Args:
        encoder: a CLIPTextModel. before: its tokens' ids. tokenizer: the larger one.
    Raises:
        ValueError: `tokenizer` lacks a token of `before`.
    """
    after: dict[str, int] = tokenizer.get_vocab()
    if not set(before) <= set(after):
        raise ValueError(f"the new vocabulary lacks {sorted(set(before) - set(after))[:3]}")
    large = text.build_encoder(tokenizer)
    old = encoder.get_input_embeddings().weight.detach()
    rows = torch.randn(len(after), old.shape[1]) * old.std() + old.mean(0)
    new = torch.ones(len(after), dtype=torch.bool)
    for token, row in before.items():
        rows[after[token]], new[after[token]] = old[row], False
    state = encoder.state_dict()
    name = next(key for key in state if key.endswith("token_embedding.weight"))
    large.load_state_dict({**state, name: rows})
    return large, new


def only_new(encoder: Any, new: Tensor) -> nn.Parameter:
    """Freeze all but the new tokens' embeddings; the table, whose other rows get no gradient."""
    encoder.requires_grad_(False)
    table: nn.Parameter = encoder.get_input_embeddings().weight
    table.requires_grad_(True)
    table.register_hook(lambda gradient: gradient * new[:, None].to(gradient))
    return table


def _open(folder: Path, words: Sequence[str], larger: Path) -> tuple[Any, Any, Tensor]:
    from transformers.models.clip.modeling_clip import CLIPTextModel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    known = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", local_files_only=True)
    tokenizer = write_tokenizer(larger, words)
    return tokenizer, *grown(encoder.float(), known.get_vocab(), tokenizer)


def train(args: argparse.Namespace) -> bool:
    """Train, export at the end; whether the budget is used up."""
    from pidiff_cli.mini.world.captions_wide import vocabulary

    facts = text.known_facts(WORLDS[args.world])
    words, folder = vocabulary(facts.world), args.weights / "diffusers"
    torch.manual_seed(args.seed)
    tokenizer, encoder, new = _open(folder, words, args.run_dir / "tokenizer")
    heads = text.Heads(len(tokenizer), facts)
    # Decay moves rows without a gradient too.
    table = {"params": [only_new(encoder, new)], "lr": RATE, "weight_decay": 0.0}
    groups = [table, {"params": [*heads.parameters()]}]
    done = text.fit(args, tokenizer, encoder, heads, facts, groups)
    if done:
        write_tokenizer(folder / "tokenizer", words)  # last: a stopped run leaves both as they were
    return done


def main(argv: Sequence[str] | None = None) -> bool:
    """Parse the options, train, export."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parser = common.arguments("words", "teach mini's text encoder new words")
    parser.add_argument("--world", choices=tuple(WORLDS), default=BROAD.name, help="whose words")
    return train(parser.parse_args(argv))


if __name__ == "__main__":
    main()
