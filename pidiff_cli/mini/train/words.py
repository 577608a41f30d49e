"""Teach mini's text encoder new words, and nothing else.

``python -m pidiff_cli.mini.train.words --world broad --minutes 3`` gives the tokenizer a world's
words and trains the embeddings of those it did not hold, so that their captions tell their facts
(`text.text_loss`, with heads of its own). All other weights stay: a prompt of old words keeps its
states to the bit, and a UNet that was trained on them need only learn what is new. Then it trains
on with a bank of that world (``world.bank --fresh``).

Source: Gal et al., "An Image is Worth One Word" (2023): new words by their embeddings alone; here
for captions, not for a picture's reconstruction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pidiff_cli.mini.train import common, text
from pidiff_cli.mini.train.machine import machine, seed_of
from pidiff_cli.mini.train.tokenizer import write_tokenizer
from pidiff_cli.mini.world.worlds import BROAD, WORLDS

RATE = 1e-2
HEADS_RATE = 2e-3
LOG_EVERY = 50


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
    for token, row in before.items():
        rows[after[token]] = old[row]
    state = encoder.state_dict()
    name = next(key for key in state if key.endswith("token_embedding.weight"))
    large.load_state_dict({**state, name: rows})
    return large, torch.tensor([token not in before for token in sorted(after, key=after.get)])  # type: ignore[arg-type]


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


def train(args: Any) -> bool:
    """Train, export at the end; whether the budget is used up."""
    from pidiff_cli.mini.world.captions_wide import vocabulary

    run = common.open_run(args, save_seconds=30.0)
    where = machine(args, text.BATCH, text.GPU_BATCH)
    facts = text.known_facts(WORLDS[args.world])
    words, folder = vocabulary(facts.world), args.weights / "diffusers"
    tokenizer, encoder, new = _open(folder, words, run.folder / "tokenizer")
    heads = text.Heads(len(tokenizer), facts)
    both = where.place(nn.ModuleDict({"encoder": encoder, "heads": heads}), channels_last=False)
    parts = [{"params": [only_new(encoder, new)], "lr": RATE}, {"params": [*heads.parameters()]}]
    optimizer = torch.optim.AdamW(parts, HEADS_RATE, (0.9, 0.98), weight_decay=0.0)
    run.keep(net=both, optimizer=optimizer)
    fixed = {tokenizer.bos_token_id, tokenizer.eos_token_id}
    for step in run.budget(0 if args.export_only else args.minutes):
        rng = np.random.default_rng([args.seed, step])
        texts, truth = text.draw_captions(where.batch, rng, facts)
        ids = tokenizer(texts, padding="longest", truncation=True, return_tensors="pt").input_ids
        generator = torch.Generator().manual_seed(seed_of(args.seed, step))
        noisy = text.add_noise(ids, fixed, len(tokenizer), generator)
        ids, noisy, truth = (where.to(part) for part in (ids, noisy, truth))
        end = tokenizer.eos_token_id
        loss, said = text.text_loss(encoder, heads, ids, noisy, truth, end)
        rate = common.cosine_rate(run.progress(args.minutes))
        for group, peak in zip(optimizer.param_groups, (RATE, HEADS_RATE), strict=True):
            group["lr"] = peak * where.rate * rate
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step % LOG_EVERY == 0:
            run.log(step, loss=float(loss.detach()), **{n: float(v) for n, v in said.items()})
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)
    if run.finished:
        text.export(encoder, folder / "text_encoder")
        write_tokenizer(folder / "tokenizer", words)  # last: a stopped run leaves both as they were
    return run.finished


def main(argv: Sequence[str] | None = None) -> bool:
    """Parse the options, train, export."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parser = common.arguments("words", "teach mini's text encoder new words")
    parser.add_argument("--world", choices=tuple(WORLDS), default=BROAD.name, help="whose words")
    return train(parser.parse_args(argv))


if __name__ == "__main__":
    main()
