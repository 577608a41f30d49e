"""Train mini's text encoder on captions alone: a CLIPTextModel of 192 numbers a token.

Captions of random people in random contexts need no drawing.  The end token's state learns to
name the facts (role, scene, style, expression, headgear, glasses, noun) and the bag of words;
every token's state learns to keep its own word and the word before it, so that cross-attention
finds both.  Some words are replaced by random ones, which makes the states robust to words
that the vocabulary does not hold.

``python -m mini.train.text.text --minutes 4`` trains, resumes and exports both the tokenizer and
the text encoder into ``--weights``. Words and facts are those of the bank's world.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mini.train import common
from mini.train.machine import ahead, bf16, machine, seed_of
from mini.train.text.tokenizer import MAX_TOKENS, write_tokenizer
from mini.world.bank import HELD_OUT_FROM, read_world
from mini.world.captions import canonical, caption, phrase_tables, vocabulary
from mini.world.combinations import is_held_out, scenes_with
from mini.world.context import Context, sample_context
from mini.world.people import NOUNS, Person, sample_person
from mini.world.registry import NARROW, World

WIDTH, LAYERS, HEADS, INNER = 192, 4, 6, 768
BATCH, GPU_BATCH = 64, 512
RATE = 2e-3
NOISE = 0.08  # part of the words replaced by random ones
EMPTY = 0.03  # part of the captions that are empty, as guidance needs them
CANONICAL = 0.3  # part of the captions in their canonical wording
NEUTRAL = 0.2  # part of the captions that say person
BALANCED = ("role", "scene", "style", "expression")  # drawn evenly, else most would be photos


@dataclass(frozen=True)
class Facts:
    """The classes that a caption's context holds: fact name -> values, of one world."""

    values: dict[str, tuple[str, ...]]
    world: World = NARROW

    def encode(self, noun: str, context: Context) -> list[int]:
        """One class index a fact."""
        return [
            values.index(noun if name == "noun" else str(getattr(context, name)))
            for name, values in self.values.items()
        ]


def known_facts(world: World = NARROW) -> Facts:
    """The facts that a world's captions tell, with all their values."""
    tables = {name: tuple(table) for name, table in phrase_tables(world).items()}
    values = {name: tables[name] for name in BALANCED}
    values |= {"headgear": ("False", "True"), "glasses": tables["glasses"], "noun": NOUNS}
    return Facts(values, world)


def draw_captions(count: int, rng: np.random.Generator, facts: Facts) -> tuple[list[str], Tensor]:
    """``count`` captions of random training people and contexts, and their facts (count, K)."""
    world = facts.world
    texts, rows = [], []
    for _ in range(count):
        person = sample_person(int(rng.integers(HELD_OUT_FROM)))
        chosen = {name: str(rng.choice(facts.values[name])) for name in BALANCED}
        if is_held_out(chosen["role"], chosen["scene"], world):
            chosen["scene"] = str(rng.choice(scenes_with(chosen["role"], world)))
        context = replace(sample_context(rng, world), **chosen)
        texts.append("" if rng.random() < EMPTY else caption_of(person, context, rng))
        rows.append(facts.encode(person.noun, context))
    return texts, torch.tensor(rows)


def caption_of(person: Person, context: Context, rng: np.random.Generator) -> str:
    """A caption, now and then the canonical one, now and then of a "person"."""
    if rng.random() < CANONICAL:
        text = canonical(context, person.noun)
    else:
        text = caption(person, context, rng)
    if rng.random() < NEUTRAL:
        text = re.sub(rf"\b{person.noun}\b", "person", text)
    return text


def build_encoder(tokenizer: Any) -> Any:
    """The CLIPTextModel for this tokenizer, untrained."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=MAX_TOKENS,
        projection_dim=WIDTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


class Heads(nn.Module):
    """The training heads: own word, word before, bag of words, facts."""

    def __init__(self, tokens: int, facts: Facts) -> None:
        super().__init__()
        self.own = nn.Linear(WIDTH, tokens)
        self.before = nn.Linear(WIDTH, tokens)
        self.bag = nn.Linear(WIDTH, tokens)
        self.facts = nn.ModuleDict(
            {name: nn.Linear(WIDTH, len(values)) for name, values in facts.values.items()}
        )


def add_noise(ids: Tensor, fixed: set[int], tokens: int, generator: torch.Generator) -> Tensor:
    """Replace a part of the words (not start, end) by random tokens; ids (B, T)."""
    swap = torch.rand(ids.shape, generator=generator) < NOISE
    for token in fixed:
        swap &= ids != token
    other = torch.randint(tokens - 2, ids.shape, generator=generator)
    return torch.where(swap, other, ids)


def text_loss(
    encoder: Any, heads: Heads, ids: Tensor, noisy: Tensor, facts: Tensor, end: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """The sum of the word, bag and fact losses, and each for the log. ids, noisy (B, T)."""
    with bf16(ids.device):
        out = encoder(input_ids=noisy)
    states, pooled = out.last_hidden_state.float(), out.pooler_output.float()  # (B, T, D), (B, D)
    first_end = (ids == end).int().argmax(1)  # (B,)
    held = torch.arange(ids.shape[1], device=ids.device)[None] <= first_end[:, None]  # (B, T)
    own = F.cross_entropy(heads.own(states[held]), noisy[held])
    later = held.clone()
    later[:, 0] = False
    before = F.cross_entropy(heads.before(states[later]), noisy.roll(1, 1)[later])
    bag = torch.zeros_like(ids[:, :1], dtype=torch.float32).repeat(1, heads.bag.out_features)
    bag = bag.scatter_(1, ids, 1.0)
    words = F.binary_cross_entropy_with_logits(heads.bag(pooled), bag) * 40.0
    said = ids[:, 1] != end  # an empty caption names nothing
    parts = {"own": own, "before": before, "bag": words}
    for index, (name, head) in enumerate(heads.facts.items()):
        parts[name] = 0.3 * F.cross_entropy(head(pooled[said]), facts[said, index])
    total = torch.stack(list(parts.values())).sum()
    return total, {name: part.detach() for name, part in parts.items()}


def export(encoder: Any, folder: Path) -> None:
    """Write config.json and model.safetensors (fp16 values; opens as float32)."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.config.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config.update(dtype="float32", architectures=["CLIPTextModel"])
    text = json.dumps(config, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    common.export_fp16(encoder.state_dict(), folder / "model.safetensors", {"format": "pt"})


def train(args: argparse.Namespace) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    torch.manual_seed(args.seed)
    facts = known_facts(read_world(args.bank))
    words = vocabulary(facts.world)
    tokenizer = write_tokenizer(args.weights / "diffusers" / "tokenizer", words)
    encoder, heads = build_encoder(tokenizer), Heads(len(tokenizer), facts)
    run, where = common.open_run(args, save_seconds=30.0), machine(args, BATCH, GPU_BATCH)
    both = where.place(nn.ModuleDict({"encoder": encoder, "heads": heads}), channels_last=False)
    end, fixed = tokenizer.eos_token_id, {tokenizer.bos_token_id, tokenizer.eos_token_id}
    optimizer = torch.optim.AdamW(both.parameters(), RATE, (0.9, 0.98), fused=True)
    run.keep(net=both, optimizer=optimizer)

    def batch(step: int) -> tuple[Tensor, Tensor, Tensor]:
        texts, truth = draw_captions(where.batch, np.random.default_rng([args.seed, step]), facts)
        ids = tokenizer(texts, padding="longest", truncation=True, return_tensors="pt").input_ids
        generator = torch.Generator().manual_seed(seed_of(args.seed, step))
        return ids, add_noise(ids, fixed, len(tokenizer), generator), truth

    batches = ahead(batch, run.step, where)
    for step in run.budget(0 if args.export_only else args.minutes):
        ids, noisy, truth = (where.to(part) for part in next(batches))
        loss, parts = text_loss(encoder, heads, ids, noisy, truth, end)
        rate = where.rate * common.cosine_rate(run.progress(args.minutes))
        optimizer.param_groups[0]["lr"] = RATE * rate
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            numbers = {name: float(part) for name, part in parts.items()}
            run.log(step, loss=float(loss.detach()), **numbers)
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)
    if run.finished:
        export(encoder, args.weights / "diffusers" / "text_encoder")
    return run.finished


def main(argv: Sequence[str] | None = None) -> bool:
    """Parse the options, train, export."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return train(common.arguments("text", "train mini's text encoder on captions").parse_args(argv))


if __name__ == "__main__":
    main()
