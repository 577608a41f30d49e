"""Train the judge's image-text model: pictures of the bank against captions drawn on the fly.

Contrastive over the batch, with hard negatives (the same person and context with one phrase
changed) and class heads (role, scene, style, ...) that make it learn from few pictures.

    python -m pidiff_cli.mini.train.judge --minutes 10

trains, resumes and exports ``weights/judge/clip.{safetensors,json}``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pidiff_cli.core.judge import build_clip, caption_words, encode_captions
from pidiff_cli.core.packed import pack
from pidiff_cli.mini.train import common
from pidiff_cli.mini.train.judge_data import Optimizers, context_of, move, soften, to_batch
from pidiff_cli.mini.train.text import Facts, caption_of, known_facts

BATCH = 64
HELD = 50  # every 50th person is kept for validation
CHANGED = ("role", "scene", "style", "expression")


def settings_for(facts: Facts) -> dict[str, Any]:
    """The networks' sizes, the words and the classes: what clip.json holds."""
    from pidiff_cli.mini.world.captions import VOCABULARY

    words = sorted({word for entry in VOCABULARY for word in caption_words(entry)})
    return {
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
    """The bank's pictures with what is needed to caption them.

    Args:
        bank: the folder with images.npy, persons.npy and meta.jsonl.
        facts: the classes to read from the meta lines.
    """

    def __init__(self, bank: Path, facts: Facts) -> None:
        self.images = np.load(bank / "images.npy", mmap_mode="r")
        self.meta = read_meta(bank)
        self.persons = np.load(bank / "persons.npy")[: len(self.meta)]
        held = self.persons % HELD == 0
        self.train, self.held = np.flatnonzero(~held), np.flatnonzero(held)
        self.facts = torch.tensor(
            [
                [values.index(str(line[name])) for name, values in facts.values.items()]
                for line in self.meta
            ]
        )

    def captions(self, index: int, rng: np.random.Generator) -> tuple[str, str]:
        """A caption of one picture, and the same with one phrase changed (maybe equal)."""
        from pidiff_cli.mini.world.people import sample_person

        person, context = sample_person(int(self.persons[index])), context_of(self.meta[index])
        name = str(rng.choice(CHANGED))
        values = known_values(name)
        changed = replace(context, **{name: str(rng.choice(values))})
        seed = int(rng.integers(1 << 30))
        made = [caption_of(person, c, np.random.default_rng(seed)) for c in (context, changed)]
        return made[0], made[1]

    def batch(self, rows: np.ndarray, rng: np.random.Generator, augment: bool = True) -> Tensor:
        """(B, 3, 128, 128) in [-1, 1] of the bank's rows."""
        pictures = [np.asarray(self.images[row]) for row in rows]
        if not augment:
            return to_batch_plain(pictures)
        return to_batch([soften(move(p, rng, 0.1, 5, 3), rng) for p in pictures], rng, 0.06)


def to_batch_plain(pictures: list[np.ndarray]) -> Tensor:
    """u8 pictures -> (B, 3, 128, 128) in [-1, 1], untouched."""
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return x.contiguous(memory_format=torch.channels_last)


def known_values(name: str) -> tuple[str, ...]:
    """All values of a fact."""
    return known_facts().values[name]


class Clip(nn.Module):
    """Both towers and the logit scale."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        self.tower, self.reader = build_clip(settings)
        self.tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.scale = nn.Parameter(torch.tensor(2.7))

    def forward(self, x: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, ...), captions (T, W) -> logits (B, T), features (B, F), texts (T, E)."""
        with torch.autocast("cpu", torch.bfloat16):
            features = self.tower.trunk(x)
            texts = self.reader(ids[:, : int((ids != 0).sum(1).max())])  # (T, E)
        features = self.tower.norm(features.float())  # (B, F)
        texts = F.normalize(texts.float(), dim=-1)
        scale = self.scale.clamp(max=4.0).exp()
        return scale * self.tower.embed(features) @ texts.T, features, texts


def clip_loss(net: Clip, x: Tensor, texts: list[str], ids: Tensor, facts: Tensor) -> Any:
    """Contrastive plus class loss. ``texts``: B true captions, then B changed ones."""
    count = len(x)
    logits, features, _ = net(x, ids)  # (B, 2B)
    same = torch.tensor([[texts[i] == other for other in texts] for i in range(count)])
    same[torch.arange(count), torch.arange(count)] = False
    logits = logits.masked_fill(same, -1e4)
    target = torch.arange(count)
    contrast = F.cross_entropy(logits, target) + F.cross_entropy(logits[:, :count].T, target)
    classes = [
        F.cross_entropy(head(features), facts[:, k], label_smoothing=0.02)
        for k, head in enumerate(net.tower.heads.values())
    ]
    return contrast / 2 + 0.25 * torch.stack(classes).sum(), contrast / 2, classes


@torch.no_grad()
def validate(
    net: Clip, pictures: Pictures, words: dict[str, int], most: int = 320
) -> dict[str, float]:
    """On held-out persons: the right caption among 32, and each class's accuracy."""
    net.eval()
    rng = np.random.default_rng(7)
    rows = rng.permutation(pictures.held)[: most // 32 * 32]
    right, hits = 0, np.zeros(pictures.facts.shape[1])
    for start in range(0, len(rows), 32):
        some = rows[start : start + 32]
        texts = [pictures.captions(row, rng)[0] for row in some]
        ids = encode_captions(texts, words, len(net.reader.place))
        logits, features, _ = net(pictures.batch(some, rng, augment=False), ids)
        best = logits.argmax(1).tolist()
        right += sum(texts[b] == texts[i] for i, b in enumerate(best))
        truth = pictures.facts[some]
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


def train(args: argparse.Namespace) -> None:
    """Train within the budget of minutes, then export."""
    folder, facts = common.start(args), known_facts()
    run = common.Run(folder)
    settings = settings_for(facts)
    words = {word: index + 2 for index, word in enumerate(settings["words"])}
    pictures = Pictures(args.bank, facts)
    net = Clip(settings)
    ema = common.Ema(net, 0.998)
    optimizer = Optimizers(net)
    state = run.load()
    if state:
        net.load_state_dict(state["net"])
        ema.load_state_dict(state["ema"])
        optimizer.load_state_dict(state["optimizer"])
    rng = np.random.default_rng([args.seed, run.step])
    for step in run.budget(0 if args.export_only else args.minutes):
        rows = rng.choice(pictures.train, BATCH, replace=False)
        pairs = [pictures.captions(row, rng) for row in rows]
        texts = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
        ids = encode_captions(texts, words, settings["max_words"])
        x = pictures.batch(rows, rng)
        loss, contrast, classes = clip_loss(net, x, texts, ids, pictures.facts[rows])
        optimizer.step(loss, common.cosine_rate(run.progress(args.minutes)))
        ema.update(net)
        if step % 25 == 0:
            named = zip(net.tower.heads, classes, strict=True)
            run.log(
                step, contrast=float(contrast.detach()), **{n: float(c.detach()) for n, c in named}
            )
        if run.due():
            keep = {"net": net.state_dict(), "ema": ema.state_dict()}
            run.save(step + 1, **keep, optimizer=optimizer.state_dict())
    run.save(run.step, net=net.state_dict(), ema=ema.state_dict(), optimizer=optimizer.state_dict())
    ema.copy_to(net)
    run.log(run.step, **validate(net, pictures, words))
    export(net, settings, args.weights / "judge")


def main() -> None:
    """Parse the options, train, export."""
    parser = common.arguments("judge", "train the judge's image-text model")
    parser.add_argument("--weights", type=Path, default=common.WEIGHTS)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
