"""Train the judge's face embedder on the aligned bank: same person near, others far.

Supervised contrastive loss over persons (four pictures each, other pose, expression, scene,
style), with two regressions of the world's factors: all of them from the trunk (these are the
judge's readings for style mixing), the identity's from the embedding itself.

    python -m mini.train.judge.embedder --minutes 12

trains, resumes and exports ``weights/judge/embedder.{safetensors,json}``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mini.train import common
from mini.train.data.aligned import ALIGNED, Aligned, open_aligned
from mini.train.data.layout import IDENTITY
from mini.train.judge.data import Optimizers, move, other_background, soften, tinted, tints
from mini.train.machine import ahead, machine, to_pm1
from mini.world.factors import NAMES
from pidiff_cli.core.metrics.judge import build_embedder
from pidiff_cli.core.tensors.packed import pack

PERSONS, EACH = 20, 4  # a batch: 20 persons of 4 pictures
GPU_BATCH = 512  # pictures
TEMPERATURE = 0.1


class Crops:
    """An aligned bank by person; factors from their mean (K,) in units of their deviation (K,)."""

    def __init__(self, bank: Aligned) -> None:
        self.pictures, self.white, self.labels = bank.plain, bank.white, bank.labels
        self.persons = bank.persons
        self.train, self.held = self._by_person(~bank.held), self._by_person(bank.held)
        used = bank.factors[~bank.held]
        self.mean, self.std = used.mean(0), np.maximum(used.std(0), 1e-3)
        self.scaled = ((bank.factors - self.mean) / self.std).clip(-4, 4).astype(np.float32)

    def _by_person(self, wanted: np.ndarray) -> list[np.ndarray]:
        rows = np.flatnonzero(wanted)
        rows = rows[np.argsort(self.persons[rows], kind="stable")]
        cuts = np.flatnonzero(np.diff(self.persons[rows])) + 1
        return [group for group in np.split(rows, cuts) if len(group) >= 2]

    def sample(self, rng: np.random.Generator, persons: int) -> tuple[np.ndarray, Tensor]:
        """Rows (P x EACH,) and their person numbers (P x EACH,)."""
        persons = min(persons, len(self.train))
        chosen = rng.choice(len(self.train), persons, replace=False)
        rows = [rng.choice(self.train[c], EACH, replace=len(self.train[c]) < EACH) for c in chosen]
        return np.concatenate(rows), torch.arange(persons).repeat_interleave(EACH)

    def plain(self, rows: np.ndarray) -> Tensor:
        """(B, 3, 128, 128) in [-1, 1], untouched."""
        return to_pm1(torch.from_numpy(np.stack([self.pictures[row] for row in rows])))

    def batch(self, seed: int, step: int, persons: int) -> tuple[Tensor, ...]:
        """One step's pixels u8 (B, 128, 128, 3) and tints, persons (B,), factors (B, K)."""
        rng = np.random.default_rng([seed, step])
        rows, person = self.sample(rng, persons)
        pixels = torch.from_numpy(np.stack([self._picture(row, rng) for row in rows]))
        truth = torch.from_numpy(self.scaled[rows])
        return pixels, *tints(len(rows), rng, 0.03), person, truth

    def _picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        kind = rng.random()
        if kind < 0.5:
            picture = self.pictures[row]
        elif kind < 0.75:
            picture = self.white[row]
        else:
            other = self.pictures[int(rng.integers(len(self.pictures)))]
            picture = other_background(self.pictures[row], self.labels[row], other, rng)
        out: np.ndarray = soften(move(picture, rng, 0.05, 1.6, 1.5), rng)
        return out


def contrast_loss(embedding: Tensor, person: Tensor, queue: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla 2020, equation 2), with older strangers beside.

    Args:
        embedding: (B, E) of unit length. person: (B,) numbers. queue: (Q, E), other persons.
    """
    logits = embedding @ torch.cat([embedding, queue]).T / TEMPERATURE  # (B, B + Q)
    count = len(embedding)
    itself = torch.eye(count, count + len(queue), dtype=torch.bool, device=embedding.device)
    logits = logits.masked_fill(itself, -1e4)
    same = (person[:, None] == person[None]) & ~itself[:, :count]  # (B, B)
    log_share = logits.log_softmax(1)[:, :count]
    return -(log_share * same).sum() / same.sum()


@torch.no_grad()
def validate(net: Any, crops: Crops, persons: int = 100) -> tuple[dict[str, float], np.ndarray]:
    """Rank-1 on held-out persons (one picture against the mean of the rest), factors' R squared."""
    net.eval()
    device = next(net.parameters()).device
    groups = [g for g in crops.held if len(g) >= 3][:persons]
    gallery, probes, read, truth = [], [], [], []
    for rows in groups:
        features = net.features(crops.plain(rows).to(device))
        vectors = net.embed(features)
        read.append(net.heads["factors"](features).cpu())
        truth.append(torch.from_numpy(crops.scaled[rows]))
        probes.append(vectors[:1])
        gallery.append(F.normalize(vectors[1:].mean(0, keepdim=True), dim=-1))
    net.train()
    scores = (torch.cat(probes) @ torch.cat(gallery).T).cpu()  # (P, P)
    right = (scores.argmax(1) == torch.arange(len(groups))).float().mean()
    y, x = torch.cat(truth), torch.cat(read)
    r2 = (1 - (y - x).square().mean(0) / y.var(0, unbiased=False).clamp(min=1e-4)).clamp(min=-1)
    return {"rank1": float(right), "factor_r2": float(r2.mean())}, r2.numpy()


def settings_for(crops: Crops) -> dict[str, Any]:
    """The network's sizes and the factors: what embedder.json holds."""
    return {
        "widths": [40, 80, 144, 208],
        "depths": [1, 1, 2, 1],
        "dim": 128,
        "extra_heads": {},
        "factors": list(NAMES),
        "factor_mean": crops.mean.tolist(),
        "factor_std": crops.std.tolist(),
        "factor_r2": [0.0] * len(NAMES),
        "identity_factors": IDENTITY,
    }


def train(args: argparse.Namespace) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    run, where = common.open_run(args), machine(args, PERSONS * EACH, GPU_BATCH)
    crops = Crops(open_aligned(args.aligned))
    settings = settings_for(crops)
    identity = settings["identity_factors"]
    net = where.place(build_embedder(settings))
    person_head = nn.Linear(settings["dim"], len(identity)).to(where.device)
    both = nn.ModuleDict({"net": net, "person": person_head})
    ema, optimizer = common.Ema(net, 0.998), Optimizers(both)
    queue = Queue(settings["dim"], 8 * where.batch, where.device)
    run.keep(net=both, ema=ema, optimizer=optimizer, queue=queue)
    batches = ahead(lambda step: crops.batch(args.seed, step, where.batch // EACH), run.step, where)
    for step in run.budget(0 if args.export_only else args.minutes):
        *pixels, person, truth = (where.to(part) for part in next(batches))
        with where.autocast():
            features = net.trunk(tinted(*pixels))
        features = net.norm(features.float())  # (B, F)
        raw = net.project(features)  # (B, E)
        vectors = F.normalize(raw, dim=-1)
        contrast = contrast_loss(vectors, person, queue.held)
        read = F.smooth_l1_loss(net.heads["factors"](features), truth, beta=0.5)
        kept = F.smooth_l1_loss(person_head(raw), truth[:, identity], beta=0.5)
        loss = contrast + 2.0 * read + 1.0 * kept
        optimizer.step(loss, where.rate * common.cosine_rate(run.progress(args.minutes)))
        ema.update(net)
        queue.add(vectors.detach())
        if step % 25 == 0:
            parts = {"contrast": contrast, "factors": read, "person": kept}
            run.log(step, **{name: float(value.detach()) for name, value in parts.items()})
        if run.due():
            run.checkpoint(step + 1)
    run.checkpoint(run.step)
    if run.finished:
        ema.copy_to(net)
        measured, r2 = validate(net, crops)
        run.log(run.step, **measured)
        export(net, settings_for(crops) | {"factor_r2": r2.tolist()}, args.weights / "judge")
    return run.finished


class Queue:
    """The vectors of the last batches, as many as `most`."""

    def __init__(self, width: int, most: int, device: torch.device) -> None:
        self.held, self.most = torch.zeros(0, width, device=device), most

    def add(self, vectors: Tensor) -> None:
        """Put (B, E) before the others and drop the oldest."""
        self.held = torch.cat([vectors, self.held])[: self.most]

    def state_dict(self) -> dict[str, Any]:
        """What is held."""
        return {"held": self.held, "most": self.most}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.held = state["held"].to(self.held.device)


def export(net: Any, settings: dict[str, Any], folder: Path) -> None:
    """Write embedder.safetensors (packed) and embedder.json."""
    common.export_fp16(pack(net.state_dict()), folder / "embedder.safetensors")
    (folder / "embedder.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> bool:
    """Parse the options, train, export."""
    parser = common.arguments("judge_embedder", "train the judge's face embedder")
    parser.add_argument("--aligned", type=Path, default=ALIGNED)
    return train(parser.parse_args(argv))


if __name__ == "__main__":
    main()
