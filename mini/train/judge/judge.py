"""Train the judge's image-text model: pictures of the bank against captions drawn on the fly.

Contrastive over the batch, with hard negatives (the same person and context with one phrase
changed) and class heads (role, scene, style, ...) that make it learn from few pictures. Art styles
come more often than the world draws them, and the heads learn to favour no class: a measure that
takes what is rare for what is common would be wrong where it matters.

    python -m mini.train.judge.judge --minutes 10

trains, resumes and exports ``weights/judge/clip.{safetensors,json}``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mini.train import common
from mini.train.judge.data import Optimizers, class_shares, even_out, move, soften, tinted, tints
from mini.train.machine import ahead, bf16, machine
from mini.train.text.text import Facts, caption_of, known_facts
from mini.world.bank import read_world
from mini.world.captions import vocabulary
from mini.world.combinations import roles_with, scenes_with
from mini.world.context import Context, context_from
from mini.world.people import sample_person
from pidiff_cli.core.metrics.judge import build_clip, caption_words, encode_captions
from pidiff_cli.core.tensors.packed import pack

BATCH, GPU_BATCH = 64, 512
HELD = 50  # every 50th person is kept for validation
CHANGED = ("role", "scene", "style", "expression")


def settings_for(facts: Facts) -> dict[str, Any]:
    """The networks' sizes, the words and the classes: what clip.json holds."""
    words = sorted({word for entry in vocabulary(facts.world) for word in caption_words(entry)})
    return {
        "world": facts.world.name,
        "widths": [48, 96, 176, 224],
        "depths": [1, 1, 1, 1],
        "dim": 128,
        "text_width": 128,
        "text_layers": 2,
        "max_words": 40,
        "words": words,
        "classes": {name: list(values) for name, values in facts.values.items()},
    }


def read_meta(bank: Path) -> list[dict[str, Any]]:
    """The bank's meta lines; of an unfinished bank, those of the first shards without a gap."""
    files = [bank / "meta.jsonl"]
    if not files[0].exists():
        shards = sorted((bank / "shards").glob("*.jsonl"))
        files = [path for number, path in enumerate(shards) if path.stem == f"{number:05d}"]
    return [json.loads(line) for path in files for line in path.open(encoding="utf-8")]


class Pictures:
    """The pictures of a bank, with what is needed to caption them.

    Args:
        bank: a folder with images.npy, persons.npy and meta.jsonl.
        facts: the classes to read from the meta lines.
    """

    def __init__(self, bank: Path, facts: Facts) -> None:
        self.meta = read_meta(bank)
        self.images = np.load(bank / "images.npy", mmap_mode="r")[: len(self.meta)]
        self.persons = np.load(bank / "persons.npy")[: len(self.meta)]
        held = self.persons % HELD == 0
        self.train, self.held = np.flatnonzero(~held), np.flatnonzero(held)
        self.known = facts
        self.facts = torch.tensor(
            [facts.encode(line["noun"], context_from(line)) for line in self.meta]
        )
        styles = self.facts[self.train, list(facts.values).index("style")].numpy()
        self.chances = even_out(styles)  # of the training rows
        self.shares = class_shares(self.facts[self.train], self.chances, facts.values)

    def captions(self, index: int, rng: np.random.Generator) -> tuple[str, str]:
        """A caption of one picture, and the same with one phrase changed (maybe equal)."""
        context = context_from(self.meta[index])
        person = sample_person(int(self.persons[index]))
        name = str(rng.choice(CHANGED))
        values = other_values(name, context, self.known)
        changed = replace(context, **{name: str(rng.choice(values))})
        seed = int(rng.integers(1 << 30))
        made = [caption_of(person, c, np.random.default_rng(seed)) for c in (context, changed)]
        return made[0], made[1]

    def batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """The bank's rows as u8 (B, 128, 128, 3), moved and softened, and their tints."""
        pictures = [self.images[row] for row in rows]
        made = np.stack([soften(move(p, rng, 0.1, 5, 3), rng) for p in pictures])
        return torch.from_numpy(made), *tints(len(made), rng, 0.06)

    def sample(self, seed: int, step: int, words: dict[str, int], count: int, most: int) -> Any:
        """One step's batch on the CPU: pixels and tints, caption ids (2B, W), which captions are
        the same words (B, 2B), facts (B, K). The second B captions are the changed ones."""
        rng = np.random.default_rng([seed, step])
        rows = rng.choice(self.train, count, replace=len(self.train) < count, p=self.chances)
        pairs = [self.captions(row, rng) for row in rows]
        texts = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
        number = {text: i for i, text in enumerate(texts)}
        each = torch.tensor([number[text] for text in texts])
        same = each[:count, None] == each[None]
        same[torch.arange(count), torch.arange(count)] = False
        return self.batch(rows, rng), encode_captions(texts, words, most), same, self.facts[rows]


def to_batch_plain(pictures: list[np.ndarray]) -> Tensor:
    """u8 pictures -> (B, 3, 128, 128) in [-1, 1], untouched."""
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return x.contiguous(memory_format=torch.channels_last)


def other_values(name: str, context: Context, facts: Facts) -> tuple[str, ...]:
    """A fact's values but for those that would make a combination held out of training: such a
    caption must not become a wrong answer, it is asked for later."""
    if name == "role":
        return roles_with(context.scene, facts.world)
    if name == "scene":
        return scenes_with(context.role, facts.world)
    return facts.values[name]


class Clip(nn.Module):
    """Both towers and the logit scale."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        self.tower, self.reader = build_clip(settings)
        self.tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.scale = nn.Parameter(torch.tensor(2.7))

    def forward(self, x: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, ...), captions (T, W) -> logits (B, T), features (B, F), texts (T, E)."""
        with bf16(x.device):
            features = self.tower.trunk(x)
            texts = self.reader(ids)  # (T, E)
        features = self.tower.norm(features.float())  # (B, F)
        texts = F.normalize(texts.float(), dim=-1)
        scale = self.scale.clamp(max=4.0).exp()
        return scale * self.tower.embed(features) @ texts.T, features, texts


def clip_loss(
    net: Clip, x: Tensor, ids: Tensor, same: Tensor, facts: Tensor, shares: Sequence[Tensor]
) -> Any:
    """Contrastive plus class loss. ``ids``: B true captions, then B changed ones; ``same`` (B, 2B)
    marks captions of equal words, which are no wrong answers. The classes' ``shares`` (C,) are
    added to the heads' logits (Menon 2021), so that the heads alone take every class for alike."""
    count = len(x)
    logits, features, _ = net(x, ids)  # (B, 2B)
    logits = logits.masked_fill(same, -1e4)
    target = torch.arange(count, device=x.device)
    contrast = F.cross_entropy(logits, target) + F.cross_entropy(logits[:, :count].T, target)
    classes = [
        F.cross_entropy(head(features) + share.log(), facts[:, k], label_smoothing=0.02)
        for k, (head, share) in enumerate(zip(net.tower.heads.values(), shares, strict=True))
    ]
    return contrast / 2 + 0.25 * torch.stack(classes).sum(), contrast / 2, classes


@torch.no_grad()
def validate(
    net: Clip, pictures: Pictures, words: dict[str, int], most: int = 320
) -> dict[str, float]:
    """On held-out persons: the right caption among 32, and each class's accuracy."""
    net.eval()
    device = net.scale.device
    rng = np.random.default_rng(7)
    rows = rng.permutation(pictures.held)[: most // 32 * 32]
    right, hits = 0, np.zeros(pictures.facts.shape[1])
    for start in range(0, len(rows), 32):
        some = rows[start : start + 32]
        texts = [pictures.captions(row, rng)[0] for row in some]
        ids = trimmed(encode_captions(texts, words, len(net.reader.place))).to(device)
        x = to_batch_plain([pictures.images[row] for row in some]).to(device)
        logits, features, _ = net(x, ids)
        best = logits.argmax(1).tolist()
        right += sum(texts[b] == texts[i] for i, b in enumerate(best))
        truth = pictures.facts[some].to(device)
        for k, head in enumerate(net.tower.heads.values()):
            hits[k] += float((head(features).argmax(1) == truth[:, k]).sum())
    net.train()
    accuracy = {name: hits[k] / len(rows) for k, name in enumerate(net.tower.heads)}
    return {"right_of_32": right / max(len(rows), 1), **accuracy}


def export(net: Clip, settings: dict[str, Any], folder: Path) -> None:
    """Write clip.safetensors (packed) and clip.json."""
    state = {f"tower.{k}": v for k, v in net.tower.state_dict().items()}
    state |= {f"reader.{k}": v for k, v in net.reader.state_dict().items()}
    common.export_fp16(pack(state), folder / "clip.safetensors")
    (folder / "clip.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def trimmed(ids: Tensor) -> Tensor:
    """Caption ids (T, W) up to the longest caption's end."""
    return ids[:, : int((ids != 0).sum(1).max())]


def train(args: argparse.Namespace, out: Path | None = None) -> bool:
    """Train, export at the end of the budget (into the weights' `judge`, or `out`).

    Returns whether the budget is used up.
    """
    run, where = common.open_run(args), machine(args, BATCH, GPU_BATCH)
    facts = known_facts(read_world(args.bank))
    settings = settings_for(facts)
    words = {word: index + 2 for index, word in enumerate(settings["words"])}
    pictures = Pictures(args.bank, facts)
    net = where.place(Clip(settings), channels_last=False)
    ema, optimizer = common.Ema(net, 0.998), Optimizers(net)
    run.keep(net=net, ema=ema, optimizer=optimizer)
    shares = [where.to(share) for share in pictures.shares]

    def make(step: int) -> Any:
        made = pictures.sample(args.seed, step, words, where.batch, settings["max_words"])
        pixels, ids, same, truth = made
        return *pixels, trimmed(ids), same, truth

    batches = ahead(make, run.step, where)
    for step in run.budget(0 if args.export_only else args.minutes):
        *pixels, ids, same, truth = (where.to(part) for part in next(batches))
        loss, contrast, classes = clip_loss(net, tinted(*pixels), ids, same, truth, shares)
        optimizer.step(loss, where.rate * common.cosine_rate(run.progress(args.minutes)))
        ema.update(net)
        if step % 25 == 0:
            named = zip(net.tower.heads, classes, strict=True)
            run.log(
                step, contrast=float(contrast.detach()), **{n: float(c.detach()) for n, c in named}
            )
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)
    if run.finished:
        ema.copy_to(net)
        run.log(run.step, **validate(net, pictures, words))
        export(net, settings, out or args.weights / "judge")
    return run.finished


def main(argv: Sequence[str] | None = None) -> bool:
    """Parse the options, train, export."""
    return train(common.arguments("judge", "train the judge's image-text model").parse_args(argv))


if __name__ == "__main__":
    main()
