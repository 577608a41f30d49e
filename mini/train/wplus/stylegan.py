"""Trains the mini generator by regression: the world knows the factors of every picture it drew.

z = [factors, 1] (`data.layout`). A picture's W+ code has one mapped code a group: rows 0-3 see
its coarse factors, 4-7 the medium, 8-11 the fine. The other groups' entries are zeroed (the
canonical code) or taken from another picture, half and half, so each group's rows learn to hold
their own factors and nothing else. The target is the aligned head on white, bare-headed, without a
drawing style.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mini.train import machine, perceptual
from mini.train.common import Ema, Run, arguments, cosine_rate, export_fp16, open_run
from mini.train.data.aligned import ALIGNED, Aligned, open_aligned
from mini.train.data.layout import WIDTH, masks, to_z
from mini.train.machine import Store
from mini.train.wplus.parts import (
    BATCH,
    CHANNELS,
    GPU_BATCH,
    GROUP_ROWS,
    N_MLP,
    ROWS,
    SIZE,
    STAGES,
    Optimiser,
    attention_map,
    codes,
    new_generator,
    picture_loss,
    strangers,
    to_pm1,
)
from mini.world.factors import NAMES
from pidiff_cli.core.wplus.stylegan2 import Generator


@torch.no_grad()
def mean_code(net: Generator, factors: np.ndarray) -> Tensor:
    """The mean canonical code (L, D) of many pictures."""
    return codes(net, to_z(factors), masks()).mean(0)


@torch.no_grad()
def validate(net: Generator, bank: Aligned, rows: np.ndarray, own: Tensor) -> dict[str, float]:
    """Mean absolute error and PSNR of canonical codes on pictures of held-out persons."""
    target = to_pm1(bank.white[rows]).to(own.device)
    z = to_z(bank.factors[rows]).to(own.device)
    made = net.synthesise(codes(net, z, own)).clamp(-1, 1)
    error = made - target
    return {
        "val_l1": float(error.abs().mean()),
        "val_psnr": float(10 * torch.log10(4 / error.square().mean())),
    }


@torch.no_grad()
def sheet(net: Generator, bank: Aligned, rows: np.ndarray, own: Tensor, path: Path) -> None:
    """A picture strip: targets, canonical codes, coarse of the next, medium of the next, fine."""
    from PIL import Image

    w = codes(net, to_z(bank.factors[rows]).to(own.device), own)
    strips = [bank.white[rows], _pixels(net, w)]
    for group in range(3):
        mixed = w.clone()
        span = slice(GROUP_ROWS * group, GROUP_ROWS * (group + 1))
        mixed[:, span] = w.roll(-1, 0)[:, span]
        strips.append(_pixels(net, mixed))
    Image.fromarray(np.concatenate([np.concatenate(list(s), 1) for s in strips], 0)).save(path)


def _pixels(net: Generator, w: Tensor) -> np.ndarray:
    made = net.synthesise(w).clamp(-1, 1).permute(0, 2, 3, 1)
    out: np.ndarray = ((made + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    return out


@torch.no_grad()
def directions(net: Generator, factors: np.ndarray) -> Tensor:
    """(F, L, D): how the canonical code moves when one factor grows by 1, mean over pictures."""
    z, own = to_z(factors), masks()
    moved = []
    for k in range(factors.shape[1]):
        up, down = z.clone(), z.clone()
        up[:, k] += 0.5
        down[:, k] -= 0.5
        moved.append((codes(net, up, own) - codes(net, down, own)).mean(0))
    return torch.stack(moved)


def export(state: dict[str, Any], bank: Aligned, folder: Path) -> int:
    """Write stylegan2.safetensors (g_ema.*, latent_avg, directions), the generator's sizes and the
    factors' names."""
    net = new_generator()
    Ema(net).load_state_dict(state["ema"])
    net.load_state_dict({k: v for k, v in state["ema"].items() if k != "_ema_count"})
    factors = bank.factors[bank.photo & ~bank.held]
    tensors = {f"g_ema.{k}": v for k, v in net.state_dict().items()}
    tensors["latent_avg"] = mean_code(net, factors)
    tensors["factor_directions"] = directions(net, factors[:512])
    merge_sizes(
        folder,
        size=SIZE,
        style_dim=WIDTH,
        n_mlp=N_MLP,
        rows=ROWS,
        channels={str(k): v for k, v in CHANNELS.items()},
        factors=list(NAMES),
    )
    return export_fp16(tensors, folder / "stylegan2.safetensors")


def merge_sizes(folder: Path, **entries: Any) -> None:
    """Set entries of `wplus.json` and keep the others."""
    path = folder / "wplus.json"
    sizes = json.loads(path.read_text()) if path.exists() else {}
    sizes.update(entries)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sizes, indent=1, sort_keys=True) + "\n")


def main(argv: Sequence[str] | None = None) -> bool:
    """Train, export at the end of the budget; whether it is used up."""
    parser = arguments("stylegan", "train the 128 px W+ generator of the mini base")
    parser.add_argument("--aligned", type=Path, default=ALIGNED, help="the aligned bank")
    perceptual.add_options(parser)
    args = parser.parse_args(argv)
    run, bank = open_run(args), open_aligned(args.aligned)
    # The batch is large enough for the rates as they are: they do not grow with it.
    where = machine.machine(args, BATCH, GPU_BATCH, most=1.0)
    net = where.place(new_generator(), channels_last=False)
    ema, optimizer, extra = Ema(net, 0.998), Optimiser(net), perceptual.Crisp(args, where)
    run.keep(net=net, ema=ema, opt=optimizer, **extra.parts)
    if not args.export_only:
        train(run, bank, net, ema, optimizer, extra, args.minutes)
    if run.finished or args.export_only:
        size = export({"ema": ema.state_dict()}, bank, args.weights)
        print(f"exported {size / 2**20:.1f} MiB")
    return run.finished


def train(
    run: Run,
    bank: Aligned,
    net: Generator,
    ema: Ema,
    optimizer: Optimiser,
    extra: perceptual.Crisp,
    minutes: float,
) -> None:
    """The training loop; leaves a checkpoint in the run's folder."""
    where = extra.where
    own = masks().to(where.device)
    usable = bank.photo & bank.bare
    rows = np.flatnonzero(usable & ~bank.held)
    check = np.flatnonzero(usable & bank.held)[:64]
    white, landmarks, factors = (
        Store(array, where.device) for array in (bank.white, bank.landmarks, bank.factors)
    )
    total, since = torch.zeros((), device=where.device), run.spent()
    seen, count = 0, 0
    for step in run.budget(minutes):
        done = run.progress(minutes)
        side = next(side for until, side in STAGES if done < until)
        batch = where.batch * (2 if side < SIZE else 1)
        draw = np.random.default_rng([run.seed, step])
        picks = np.sort(draw.choice(rows, batch, replace=len(rows) < batch))
        target = machine.to_pm1(white.take(picks), channels_last=False)
        weight = attention_map(landmarks.take(picks), side)
        if side < SIZE:
            target = F.avg_pool2d(target, SIZE // side)
        z = to_z(factors.take(picks))
        w = codes(net, z, own, strangers(z, where.generator(step)))  # (B, L, D), full precision
        with where.autocast():
            made = net.synthesise(w, until=side).float()
        loss = picture_loss(made, target, weight)
        if side == SIZE:
            loss = extra.loss(loss, made, target, done)
        optimizer.step(loss, where.rate * cosine_rate(done))
        ema.update(net)
        if side == SIZE:
            extra.learn(made, target, step, done)
        seen, total, count = seen + batch, total + loss.detach(), count + 1
        if (step + 1) % 100 == 0:
            speed = seen / max(run.spent() - since, 1e-6)
            run.log(step + 1, loss=float(total) / count, side=side, per_second=round(speed, 1))
            seen, count, total, since = 0, 0, torch.zeros_like(total), run.spent()
        if run.due():
            run.checkpoint(step + 1)
            report(run, ema, bank, check, own)
    run.checkpoint(run.step)
    report(run, ema, bank, check, own)


def report(run: Run, ema: Ema, bank: Aligned, rows: np.ndarray, own: Tensor) -> None:
    """Log the error on held-out persons and draw the strip `sheet.png`."""
    if not len(rows):
        return
    net = ema.copy_to(new_generator()).to(own.device)
    assert isinstance(net, Generator)
    run.log(run.step, **validate(net, bank, rows, own))
    sheet(net, bank, rows[:: max(len(rows) // 8, 1)][:8], own, run.folder / "sheet.png")


if __name__ == "__main__":
    main()
