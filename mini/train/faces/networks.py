"""Train the face nets on the drawn bank.

`python -m mini.train.faces.networks PART --minutes M` with PART one of

    landmarks   68 points, head labels and is-it-a-face, from a rough crop  (.mini/runs/landmarks)
    finder      where heads are in a picture  (.mini/runs/finder)
    embedder    who it is, from an aligned crop  (.mini/runs/embedder)

Each resumes where it stopped and writes `faces/PART.{safetensors,json}`
at the end; `--export-only` writes them from the last checkpoint.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mini.train.common import RUNS, Ema, Run, arguments, cosine_rate, open_run
from mini.train.faces.augment import Textures
from mini.train.faces.data import (
    Bank,
    embed_batch,
    finder_batch,
    landmark_batch,
    open_bank,
    plain_crop,
)
from mini.train.machine import Machine, ahead, machine, to_pm1
from pidiff_cli.core.faces.nets import HEAD_LABELS, FaceEmbedder, FaceFinder, LandmarkNet, save_net
from pidiff_cli.core.images import to_tensor

Batch = tuple[Tensor, ...]
BATCH, GPU_BATCH = 32, 256
RATE = 2e-3
JAW = 17  # the first points lie on the jaw line and count half


@dataclass(frozen=True)
class Task:
    """One face net's training.

    Attributes:
        batch: from a random source and a count, tensors on the CPU; the first is pictures as bytes.
        loss: of such a batch on the device, and its parts.
        measure: of the whole net on the CPU, on held persons.
    """

    net: nn.Module
    batch: Callable[[np.random.Generator, int], Batch]
    loss: Callable[..., tuple[Tensor, dict[str, Tensor]]]
    measure: Callable[[nn.Module], dict[str, float]]


def main(argv: Sequence[str] | None = None) -> bool:
    """Train, measure on held persons and export at the end of the budget; whether it is used up."""
    parser = arguments("faces", "train the face nets")
    parser.add_argument("part", choices=("landmarks", "finder", "embedder"))
    parser.set_defaults(run_dir=None)
    args = parser.parse_args(argv)
    args.run_dir = args.run_dir or RUNS / args.part
    run, where = open_run(args), machine(args, BATCH, GPU_BATCH)
    cv2.setNumThreads(1)
    bank = open_bank(args.bank)
    task = BUILDERS[args.part](bank, Textures(args.seed))
    ema = _train(args, run, where, task)
    if run.finished or args.export_only:
        whole = ema.copy_to(task.net).cpu().eval()
        run.log(run.step, **task.measure(whole))
        save_net(_exported(whole), args.weights / "faces" / args.part)
    return run.finished


def _train(args: argparse.Namespace, run: Run, where: Machine, task: Task) -> Ema:
    net = where.place(task.net)
    ema = Ema(net, 0.998)
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, fused=True)
    run.keep(net=net, ema=ema, opt=optimizer)
    if args.export_only:
        return ema
    net.train()

    def make(step: int) -> Batch:
        cv2.setNumThreads(1)
        return task.batch(np.random.default_rng([args.seed, 7, step]), where.batch)

    batches = ahead(make, run.step, where)
    for at in run.budget(args.minutes):
        for group in optimizer.param_groups:
            group["lr"] = RATE * where.rate * cosine_rate(run.progress(args.minutes))
        x, *rest = (where.to(part) for part in next(batches))
        with where.autocast():
            loss, parts = task.loss(to_pm1(x), *rest)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        ema.update(net)
        if at % 50 == 0:
            run.log(at, loss=float(loss.detach()), **{k: float(v) for k, v in parts.items()})
        if run.due():
            run.checkpoint(at + 1)
    run.checkpoint(run.step)
    return ema


def build_landmarks(bank: Bank, textures: Textures) -> Task:
    """The landmark net, its loss, its measure."""
    net = LandmarkNet()
    weight = torch.ones(68)
    weight[:JAW] = 0.5

    def loss(
        x: Tensor, points: Tensor, labels: Tensor, face: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        out, logits, confidence, heat = net.read(x)
        error = (out.float() - points).abs().sum(-1)  # (B, 68)
        spot = (heat_cost(heat, points).mean(1) * face).sum() / face.sum().clamp(min=1)
        each = (error * weight.to(error.device)).mean(1)
        place = (each * face).sum() / face.sum().clamp(min=1)
        seen = F.cross_entropy(logits.float(), labels)
        sure = F.binary_cross_entropy_with_logits(confidence.float(), face)
        total = 20 * place + 0.2 * spot + 0.5 * seen + 0.3 * sure
        return total, {"points": place.detach(), "labels": seen.detach(), "face": sure.detach()}

    def measure(whole: nn.Module) -> dict[str, float]:
        still, cloth = np.random.default_rng(1), Textures(99, 60)
        held = _with_rows(bank, bank.held)
        wrong, right, both = [], 0, [0, 0]
        rounds = min(8, -(-len(bank.held) // 16))  # a tiny bank has little to measure on
        with torch.no_grad():
            for _ in range(rounds):
                x, points, labels, face = landmark_batch(held, still, cloth, BATCH)
                out, logits, confidence = whole(to_pm1(x))
                eyes = (points[:, 36:42].mean(1) - points[:, 42:48].mean(1)).norm(dim=-1)
                miss = (out - points).norm(dim=-1).mean(1) / eyes.clamp(min=1e-3)
                wrong += miss[face > 0].tolist()
                right += int(((confidence > 0) == (face > 0)).sum())
                seen, true = (is_head(t) for t in (logits.argmax(1), labels))
                both[0] += int((seen & true).sum())
                both[1] += int((seen | true).sum())
        return {
            "held_error_of_eye_distance": float(np.mean(wrong)),
            "held_error_median": float(np.median(wrong)),
            "held_face_accuracy": right / (rounds * BATCH),
            "held_head_iou": both[0] / max(both[1], 1),
        }

    def batch(rng: np.random.Generator, count: int) -> Batch:
        return landmark_batch(bank, rng, textures, count)

    return Task(net, batch, loss, measure)


def build_finder(bank: Bank, textures: Textures) -> Task:
    """The finder, its loss (focal on the centres), its measure."""
    net = FaceFinder()

    def losses(model: nn.Module, x: Tensor, heat: Tensor, aim: Tensor) -> tuple[Tensor, Tensor]:
        centre, size, offset = model(x)
        p = centre.float().sigmoid().clamp(1e-4, 1 - 1e-4)
        peak = heat >= 0.999
        hit = -((1 - p) ** 2 * p.log() * peak).sum()
        quiet = -((1 - heat) ** 4 * p**2 * (1 - p).log() * ~peak).sum()
        count = peak.sum().clamp(min=1)
        weight = aim[:, 3]
        both = torch.cat([size.float()[:, None], offset.float()], 1)
        box = ((both - aim[:, :3]).abs().sum(1) * weight).sum() / weight.sum().clamp(min=1)
        return (hit + quiet) / count, box

    def loss(x: Tensor, heat: Tensor, aim: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        centre, box = losses(net, x, heat, aim)
        return centre + 0.5 * box, {"centre": centre.detach(), "box": box.detach()}

    def measure(whole: nn.Module) -> dict[str, float]:
        held = _with_rows(bank, bank.held)
        count = min(128, 8 * len(bank.held))
        x, *rest = finder_batch(held, np.random.default_rng(1), Textures(99, 60), count)
        with torch.no_grad():
            centre, box = losses(whole, to_pm1(x), *rest)
        return {"held_centre": float(centre), "held_box": float(box)}

    def batch(rng: np.random.Generator, count: int) -> Batch:
        return finder_batch(bank, rng, textures, count)

    return Task(net, batch, loss, measure)


def build_embedder(bank: Bank, textures: Textures) -> Task:
    """The embedder with a head that reads the identity factors; supervised contrast beside it."""
    truth, owner = identity_columns(bank), torch.from_numpy(np.array(bank.persons))
    net = EmbedderTraining(truth.shape[1])
    owners = bank.persons[bank.rows]
    order = np.argsort(owners, kind="stable")
    cuts = np.flatnonzero(np.diff(owners[order])) + 1
    groups = np.split(bank.rows[order], cuts)

    def batch(rng: np.random.Generator, count: int) -> Batch:
        persons = min(3 * count // 4, len(groups))
        x, rows = embed_batch(bank, groups, rng, textures, persons, 2)
        return x, truth[rows], owner[rows]

    def loss(x: Tensor, true: Tensor, same: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        raw = net(x).float()
        read = F.mse_loss(net.read(F.layer_norm(raw, raw.shape[-1:])).float(), true)
        apart = supervised_contrast(F.normalize(raw, dim=-1), same, 0.1)
        return read + 0.5 * apart, {"factors": read.detach(), "contrast": apart.detach()}

    def measure(whole: nn.Module) -> dict[str, float]:
        rows = bank.held[:400]
        x = to_tensor(np.stack([plain_crop(bank, int(r)).rgb for r in rows]))
        with torch.no_grad():
            codes = torch.cat([F.normalize(whole(part), dim=-1) for part in x.split(50)])
        near = codes @ codes.T - 2 * torch.eye(len(rows))
        found = bank.persons[rows][near.argmax(1).numpy()] == bank.persons[rows]
        return {"held_rank1": float(np.mean(found)), "held_persons": len(set(bank.persons[rows]))}

    return Task(net, batch, loss, measure)


class EmbedderTraining(nn.Module):
    """FaceEmbedder and the linear reader of identity factors that only training needs."""

    def __init__(self, factors: int) -> None:
        super().__init__()
        self.embedder = FaceEmbedder()
        self.read = nn.Linear(self.embedder.size, factors)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 128, 128) -> (B, E), not normalised."""
        return self.embedder.raw(x)


def identity_columns(bank: Bank) -> Tensor:
    """Standardised factors (N, K) that do not change between two pictures of a person."""
    factors = np.asarray(bank.factors, dtype=np.float32)
    owners, some = bank.persons[bank.rows], factors[bank.rows]
    spread = some.std(0)
    pairs = np.flatnonzero(owners[1:] == owners[:-1])[:4000]
    moves = np.abs(some[pairs + 1] - some[pairs]).mean(0)
    keep = (spread > 1e-4) & (moves < 1e-3)
    return torch.from_numpy((factors[:, keep] - some[:, keep].mean(0)) / spread[keep])


def supervised_contrast(codes: Tensor, same: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla 2020, eq. 2): codes (B, E) unit, same (B,) labels."""
    alike = codes @ codes.T / temperature
    self_mask = torch.eye(len(codes), dtype=torch.bool, device=codes.device)
    alike = alike.masked_fill(self_mask, -1e4)
    log_p = alike - alike.logsumexp(1, keepdim=True)
    pairs = (same[:, None] == same[None]) & ~self_mask
    return -(log_p * pairs).sum() / pairs.sum().clamp(min=1)


def heat_cost(heat: Tensor, points: Tensor, sigma: float = 0.9) -> Tensor:
    """Cross entropy (B, K) of heat maps (B, K, h, w) with a bump of `sigma` cells at the points.

    Points (B, K, 2) in 0..1; those outside the map cost nothing. It teaches the maps quickly,
    where the soft argmax alone gives a weak gradient.
    """
    h, w = heat.shape[2:]
    xs, ys = (torch.arange(n, device=heat.device) + 0.5 for n in (w, h))
    dx = (xs - points[..., :1] * w) ** 2  # (B, K, w)
    dy = (ys - points[..., 1:] * h) ** 2  # (B, K, h)
    bump = torch.exp(-(dy[..., :, None] + dx[..., None, :]) / (2 * sigma**2))
    mass = bump.sum((2, 3))
    cost = -(bump * heat.clamp(min=1e-8).log()).sum((2, 3)) / mass.clamp(min=1e-3)
    return cost * (mass > 1.0)


def is_head(labels: Tensor) -> Tensor:
    """Where labels say skin, hair, headgear or glasses."""
    return (labels >= HEAD_LABELS.start) & (labels < HEAD_LABELS.stop)


def _with_rows(bank: Bank, rows: np.ndarray) -> Bank:
    return replace(bank, rows=rows, held=rows)


def _exported(net: nn.Module) -> nn.Module:
    return net.embedder if isinstance(net, EmbedderTraining) else net


BUILDERS = {"landmarks": build_landmarks, "finder": build_finder, "embedder": build_embedder}

if __name__ == "__main__":
    main()
