"""Trains the mini encoder: aligned head on white -> the picture's canonical W+ code.

The codes are known (the mapped factors), so this is regression; on a part of each batch the picture
that the frozen generator makes of the code is compared too. The pictures are degraded like
photographs, and their masks made as imperfect as a mask network's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mini.train.common import Ema, Run, arguments, cosine_rate, export_fp16, open_run
from mini.train.data.aligned import ALIGNED, Aligned, open_aligned
from mini.train.data.layout import WIDTH, masks, to_z
from mini.train.machine import Machine, Store, bf16, machine, to_pm1
from mini.train.muon import Muon, split_parameters
from mini.train.wplus.degrade import degraded_heads
from mini.train.wplus.parts import GROUP_ROWS, ROWS, attention_map, codes, picture_loss
from mini.train.wplus.stylegan import merge_sizes
from pidiff_cli.core.tensors.packed import pack
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.weights import load_generator

SIZES: dict[str, Any] = {
    "side": 128,
    "widths": [32, 64, 128, 160],
    "units": [1, 2, 2, 2],
    "coarse": 4,
    "middle": 12,
    "deltas": False,
    "reduction": 16,
    "stride": 2,
}
BATCH, GPU_BATCH = 24, 512
RATE, MUON_RATE = 2e-3, 8e-3
STYLED = 0.15  # share of pictures in a drawing style
DRAWN, DRAWN_SIDE = 6, 64  # every 6th picture goes through the generator, at this side
PICTURE_WEIGHT = 0.5


def new_encoder() -> Encoder:
    """The mini encoder."""
    return Encoder(ROWS, WIDTH, **SIZES)


class Teacher:
    """The frozen generator: true codes, their mean and spread, and pictures of codes."""

    def __init__(self, folder: Path, bank: Aligned, device: torch.device) -> None:
        net, mean = load_generator(folder)
        self.net, self.mean = net.to(device).requires_grad_(False), mean.to(device)
        self.masks = masks().to(device)
        with torch.no_grad():
            sample = self.codes(bank.factors[bank.photo][:4096])
        spread = (sample - self.mean).square().mean((0, 2)).sqrt()  # (L,)
        self.spread = spread[:, None]

    @torch.no_grad()
    def codes(self, factors: np.ndarray | Tensor) -> Tensor:
        """Canonical codes (B, L, D) of factors (B, F)."""
        return codes(self.net, to_z(factors).to(self.masks.device), self.masks)

    def loss(self, offsets: Tensor, factors: Tensor, landmarks: Tensor) -> Tensor:
        """Code error in units of each row's spread, plus the picture error of a part."""
        true = self.codes(factors)
        error = (offsets + self.mean - true) / self.spread  # (B, L, D)
        part = slice(0, max(len(true) // DRAWN, 1))
        with torch.no_grad(), bf16(offsets.device):
            target = self.net.synthesise(true[part], until=DRAWN_SIDE).float()
        with bf16(offsets.device):
            made = self.net.synthesise((offsets + self.mean)[part], until=DRAWN_SIDE).float()
        weight = attention_map(landmarks[part], DRAWN_SIDE)
        return error.square().mean() + PICTURE_WEIGHT * picture_loss(made, target, weight)


@torch.no_grad()
def validate(net: Encoder, teacher: Teacher, bank: Aligned, rows: np.ndarray) -> dict[str, float]:
    """On clean pictures of held-out persons: the share of the code's variance left unexplained, a
    group; the picture's error; the cosine of codes of one person and of two."""
    net.eval()
    device = teacher.mean.device
    w = net(pictures(bank.white, rows, device)) + teacher.mean
    true = teacher.codes(bank.factors[rows])
    share = (w - true).square().mean((0, 2)) / teacher.spread[:, 0].square()
    made = teacher.net.synthesise(w[:32]).clamp(-1, 1)
    error = (made - teacher.net.synthesise(true[:32]).clamp(-1, 1)).abs().mean()
    flat = F.normalize((w - teacher.mean).flatten(1))
    same = torch.from_numpy(bank.persons[rows][:, None] == bank.persons[rows][None]).to(device)
    near = flat @ flat.T
    own = same & ~torch.eye(len(rows), dtype=torch.bool, device=device)
    numbers = {
        f"left_{name}": float(share[GROUP_ROWS * k : GROUP_ROWS * (k + 1)].mean())
        for k, name in enumerate(("coarse", "medium", "fine"))
    }
    numbers["val_l1"] = float(error)
    if own.any():
        numbers["cos_own"] = float(near[own].mean())
        numbers["cos_other"] = float(near[~same].mean())
    return numbers


@torch.no_grad()
def sheet(net: Encoder, teacher: Teacher, bank: Aligned, rows: np.ndarray, path: Path) -> None:
    """Strips: heads, degraded heads, the generator on the encoder's codes, on the true codes."""
    from PIL import Image

    net.eval()
    device = teacher.mean.device
    plain, labels = (torch.from_numpy(a[rows]).to(device) for a in (bank.plain, bank.labels))
    degraded = degraded_heads(plain, labels, torch.Generator(device).manual_seed(1))
    strips = [
        pictures(bank.white, rows, device),
        degraded,
        teacher.net.synthesise(net(degraded) + teacher.mean),
        teacher.net.synthesise(teacher.codes(bank.factors[rows])),
    ]
    picture = torch.cat([torch.cat(list(s), 2) for s in strips], 1).clamp(-1, 1).cpu()
    pixels = ((picture + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(path)


def pictures(array: np.ndarray, rows: np.ndarray, device: torch.device) -> Tensor:
    """Rows of u8 pictures, (B, 3, H, W) in [-1, 1]."""
    return to_pm1(torch.from_numpy(array[rows]).to(device), channels_last=False)


def export(state: dict[str, Any], folder: Path) -> int:
    """Write e4e.safetensors (encoder.*) and the encoder's sizes."""
    merge_sizes(folder, encoder=SIZES)
    tensors = {f"encoder.{k}": v for k, v in state["ema"].items() if k != "_ema_count"}
    return export_fp16(pack(tensors), folder / "e4e.safetensors")


def main(argv: Sequence[str] | None = None) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    parser = arguments("e4e", "train the W+ encoder of the mini base (needs stylegan2.safetensors)")
    parser.add_argument("--aligned", type=Path, default=ALIGNED, help="the aligned bank")
    args = parser.parse_args(argv)
    run, where = open_run(args), machine(args, BATCH, GPU_BATCH)
    net = where.place(new_encoder(), where.device.type == "cuda")
    ema, (muon, adam) = Ema(net, 0.998), optimizers(net)
    run.keep(net=net, ema=ema, muon=muon, adam=adam)
    if not args.export_only:
        bank = open_aligned(args.aligned)
        teacher = Teacher(args.weights, bank, where.device)
        train(run, bank, teacher, net, ema, (muon, adam), where, args.minutes)
    if run.finished or args.export_only:
        size = export({"ema": ema.state_dict()}, args.weights)
        print(f"exported {size / 2**20:.1f} MiB")
    return run.finished


def optimizers(net: Encoder) -> tuple[Muon, torch.optim.AdamW]:
    """Muon for hidden kernels, AdamW for the rest."""
    matrices, rest = split_parameters(net, ("input_layer", "styles", "fc"))
    muon = Muon(matrices, lr=MUON_RATE, momentum=0.9, weight_decay=0.1)
    return muon, torch.optim.AdamW(rest, lr=RATE, betas=(0.9, 0.99), weight_decay=1e-4)


def train(
    run: Run,
    bank: Aligned,
    teacher: Teacher,
    net: Encoder,
    ema: Ema,
    opts: tuple[Muon, torch.optim.AdamW],
    where: Machine,
    minutes: float,
) -> None:
    """The training loop; leaves a checkpoint in the run's folder."""
    photos = np.flatnonzero(bank.photo & ~bank.held)
    styled = np.flatnonzero(~bank.photo & ~bank.held)
    check = np.flatnonzero(bank.photo & bank.held)[:128]
    few = round(where.batch * STYLED) if len(styled) else 0
    plain, labels, factors, landmarks = (
        Store(a, where.device) for a in (bank.plain, bank.labels, bank.factors, bank.landmarks)
    )
    total, since, count = torch.zeros((), device=where.device), run.spent(), 0
    for step in run.budget(minutes):
        rate = where.rate * cosine_rate(run.progress(minutes))
        for opt, top in zip(opts, (MUON_RATE, RATE), strict=True):
            opt.param_groups[0]["lr"] = top * rate
        draw = np.random.default_rng([run.seed, step])
        picks = [draw.choice(photos, where.batch - few)]
        picks += [draw.choice(styled, few)] if few else []
        rows = np.concatenate(picks)
        x = degraded_heads(plain.take(rows), labels.take(rows), where.generator(step))
        net.train()
        with where.autocast():
            offsets = net(x)
        loss = teacher.loss(offsets.float(), factors.take(rows), landmarks.take(rows))
        net.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for opt in opts:
            opt.step()
        ema.update(net)
        total, count = total + loss.detach(), count + 1  # a resumed run begins between two lines
        if (step + 1) % 50 == 0:
            speed = count * where.batch / max(run.spent() - since, 1e-6)
            run.log(step + 1, loss=float(total) / count, per_second=round(speed, 1))
            total, since, count = torch.zeros_like(total), run.spent(), 0
        if run.due():
            run.checkpoint(step + 1)
            report(run, ema, teacher, bank, check)
    run.checkpoint(run.step)
    report(run, ema, teacher, bank, check)


def report(run: Run, ema: Ema, teacher: Teacher, bank: Aligned, rows: np.ndarray) -> None:
    """Log the error on held-out persons and draw the strip `sheet.png`."""
    if not len(rows):
        return
    net = new_encoder().to(teacher.mean.device)
    ema.copy_to(net)
    run.log(run.step, **validate(net, teacher, bank, rows))
    sheet(net, teacher, bank, rows[:: max(len(rows) // 8, 1)][:8], run.folder / "sheet.png")


if __name__ == "__main__":
    main()
