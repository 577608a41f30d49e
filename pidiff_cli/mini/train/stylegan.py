"""Trains the mini generator by regression: the world knows the factors of every picture it drew.

z = [79 factors, 1]. A picture's W+ code has one mapped code a group: rows 0-3 see its coarse
factors, 4-7 the medium, 8-11 the fine. The other groups' entries are zeroed (the canonical code)
or taken from another picture, half and half, so each group's rows learn to hold their own factors
and nothing else. The target is the aligned head on white, bare-headed, without a drawing style.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.wplus.stylegan2 import Generator
from pidiff_cli.mini.train.aligned import ALIGNED, Aligned, open_aligned
from pidiff_cli.mini.train.common import (
    WEIGHTS,
    Ema,
    Run,
    arguments,
    cosine_rate,
    export_fp16,
    start,
)
from pidiff_cli.mini.train.muon import Muon

SIZE, ROWS, STYLE_DIM, N_MLP = 128, 12, 80, 2
CHANNELS = {4: 160, 8: 160, 16: 128, 32: 96, 64: 48, 128: 16}  # multiples of 16 are fast in bf16
GROUP_ROWS = 4  # rows a group
BATCH = 8  # small, for many steps; twice that below 128 px
MUON_RATE = 0.15  # convolution kernels, of unit variance
RATE = 1e-2  # Adam, the other weights of unit variance
MAPPING_RATE = 0.4  # mapping weights are stored 100 times larger
STAGES = ((0.20, 32), (0.40, 64), (1.01, 128))  # until this part of the budget: picture side


def new_generator() -> Generator:
    """The mini generator, noise strengths zero, mapping layers orthogonal."""
    net = Generator(SIZE, STYLE_DIM, N_MLP, CHANNELS)
    for layer in list(net.style)[1:]:
        nn.init.orthogonal_(layer.weight, gain=100 * STYLE_DIM**0.5)  # type: ignore[arg-type]
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("modulation.weight"):
                weight.mul_(0.3)  # begin near one style for all: learns faster
    return net


class Optimiser:
    """Muon for the 3x3 kernels, Adam for the rest, one schedule."""

    def __init__(self, net: Generator) -> None:
        named = dict(net.named_parameters())
        kernels = [p for n, p in named.items() if p.ndim == 5 and p.shape[-1] == 3]
        mapping = [p for n, p in named.items() if n.startswith("style.")]
        taken = {id(p) for p in kernels + mapping}
        others = [p for p in named.values() if id(p) not in taken]
        groups = [{"params": others, "top": RATE}, {"params": mapping, "top": MAPPING_RATE}]
        self.adam = torch.optim.Adam(groups, lr=RATE, betas=(0.9, 0.99))
        # The stored kernels have a leading 1; Muon gets views of the same memory without it.
        self._pairs = [(p, nn.Parameter(p.data[0])) for p in kernels]
        self.muon = Muon([view for _, view in self._pairs], lr=MUON_RATE, momentum=0.9)

    def step(self, loss: Tensor, factor: float) -> None:
        """Back-propagate and move all weights at `factor` times their top rates."""
        for kernel, _ in self._pairs:
            kernel.grad = None
        self.adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for kernel, view in self._pairs:
            view.grad = None if kernel.grad is None else kernel.grad[0]
        for group in self.adam.param_groups:
            group["lr"] = group["top"] * factor
        self.muon.param_groups[0]["lr"] = MUON_RATE * factor
        self.adam.step()
        self.muon.step()

    def state_dict(self) -> dict[str, Any]:
        """Both optimisers' state."""
        return {"adam": self.adam.state_dict(), "muon": self.muon.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.adam.load_state_dict(state["adam"])
        self.muon.load_state_dict(state["muon"])


def group_slices() -> tuple[slice, slice, slice]:
    """Where the coarse, medium and fine factors lie among the 79."""
    from pidiff_cli.mini.world.factors import GROUPS

    return GROUPS["coarse"], GROUPS["medium"], GROUPS["fine"]


def group_masks(slices: tuple[slice, ...], width: int = STYLE_DIM) -> Tensor:
    """(3, D) of 0 and 1: the entries of z that a group owns; the constant belongs to all."""
    masks = torch.zeros(len(slices), width)
    for mask, entries in zip(masks, slices, strict=True):
        mask[entries] = 1
        mask[-1] = 1
    return masks


def make_z(factors: np.ndarray) -> Tensor:
    """Factors (..., 79) -> z (..., 80) with the constant 1 at the end."""
    z = torch.from_numpy(np.asarray(factors, dtype=np.float32))
    return F.pad(z, (0, 1), value=1.0)


def codes(net: Generator, z: Tensor, masks: Tensor, other: Tensor | None = None) -> Tensor:
    """z (B, D) -> W+ (B, L, D): each group's own entries, the others' from `other` or zero.

    `other` is (B, 3, D) or None for the canonical code.
    """
    own = z[:, None] * masks  # (B, 3, D)
    if other is not None:
        own = own + other * (1 - masks)
    return net.map(own).repeat_interleave(GROUP_ROWS, 1)  # (B, 12, D)


def strangers(z: Tensor, generator: torch.Generator) -> Tensor:
    """What to put in the other groups' entries, (B, 3, D): another picture's or, p = .5, zeros."""
    batch = z.shape[0]
    picks = torch.randint(batch, (batch, 3), generator=generator)
    keep = torch.rand(batch, 3, 1, generator=generator) < 0.5
    return z[picks] * keep


def attention_map(landmarks: Tensor, side: int) -> Tensor:
    """Loss weights (B, 1, S, S) from landmarks (B, 68, 2): 1, and up to 4 at eyes and mouth."""
    places = torch.stack(
        [landmarks[:, 36:42].mean(1), landmarks[:, 42:48].mean(1), landmarks[:, 48:68].mean(1)], 1
    )  # (B, 3, 2)
    grid = torch.arange(SIZE, dtype=torch.float32)
    wide = torch.exp(-(((grid - places[..., :1]) / 16) ** 2))  # (B, 3, S)
    high = torch.exp(-(((grid - places[..., 1:]) / 10) ** 2))
    weight = 1 + 3 * torch.einsum("bky,bkx->byx", high, wide)[:, None].clamp(max=1)
    return F.avg_pool2d(weight, SIZE // side) if side < SIZE else weight


def picture_loss(made: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Charbonnier error on a pyramid down to 16 px, and of edges; weight is (B, 1, S, S)."""
    loss = made.new_zeros(())
    level = 0
    while made.shape[-1] >= 16:
        share = 1.0 if level == 0 else 0.5
        loss = loss + share * (weight * charbonnier(made - target)).mean()
        if level < 2:
            for axis in (2, 3):
                edge = made.diff(dim=axis) - target.diff(dim=axis)
                loss = loss + 0.7 * (weight.narrow(axis, 0, edge.shape[axis]) * edge.abs()).mean()
        made, target, weight = (F.avg_pool2d(t, 2) for t in (made, target, weight))
        level += 1
    return loss


def charbonnier(x: Tensor, eps: float = 0.02) -> Tensor:
    """A smooth |x|."""
    return (x.square() + eps**2).sqrt() - eps


def to_pm1(pixels: np.ndarray) -> Tensor:
    """u8 (B, H, W, 3) -> float32 (B, 3, H, W) in [-1, 1]."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)
    return x.float().div_(127.5).sub_(1).contiguous()


@torch.no_grad()
def mean_code(net: Generator, factors: np.ndarray, masks: Tensor) -> Tensor:
    """The mean canonical code (L, D) of many pictures."""
    return codes(net, make_z(factors), masks).mean(0)


@torch.no_grad()
def validate(net: Generator, bank: Aligned, rows: np.ndarray, masks: Tensor) -> dict[str, float]:
    """Mean absolute error and PSNR of canonical codes on pictures of held-out persons."""
    target = to_pm1(bank.white[rows])
    made = net.synthesise(codes(net, make_z(bank.factors[rows]), masks)).clamp(-1, 1)
    error = made - target
    return {
        "val_l1": float(error.abs().mean()),
        "val_psnr": float(10 * torch.log10(4 / error.square().mean())),
    }


@torch.no_grad()
def sheet(net: Generator, bank: Aligned, rows: np.ndarray, masks: Tensor, path: Path) -> None:
    """A picture strip: targets, canonical codes, coarse of the next, medium of the next, fine."""
    from PIL import Image

    w = codes(net, make_z(bank.factors[rows]), masks)
    strips = [bank.white[rows], _pixels(net, w)]
    for group in range(3):
        mixed = w.clone()
        span = slice(GROUP_ROWS * group, GROUP_ROWS * (group + 1))
        mixed[:, span] = w.roll(-1, 0)[:, span]
        strips.append(_pixels(net, mixed))
    Image.fromarray(np.concatenate([np.concatenate(list(s), 1) for s in strips], 0)).save(path)


def _pixels(net: Generator, w: Tensor) -> np.ndarray:
    made = net.synthesise(w).clamp(-1, 1).permute(0, 2, 3, 1)
    out: np.ndarray = ((made + 1) * 127.5).round().to(torch.uint8).numpy()
    return out


@torch.no_grad()
def directions(net: Generator, factors: np.ndarray, masks: Tensor) -> Tensor:
    """(79, L, D): how the canonical code moves when one factor grows by 1, mean over pictures."""
    z = make_z(factors)
    moved = []
    for k in range(z.shape[1] - 1):
        up, down = z.clone(), z.clone()
        up[:, k] += 0.5
        down[:, k] -= 0.5
        moved.append((codes(net, up, masks) - codes(net, down, masks)).mean(0))
    return torch.stack(moved)


def export(state: dict[str, Any], bank: Aligned, folder: Path = WEIGHTS) -> int:
    """Write stylegan2.safetensors (g_ema.*, latent_avg, directions) and the generator's sizes."""
    net = new_generator()
    Ema(net).load_state_dict(state["ema"])
    net.load_state_dict({k: v for k, v in state["ema"].items() if k != "_ema_count"})
    masks = group_masks(group_slices())
    factors = bank.factors[bank.photo & ~bank.held]
    tensors = {f"g_ema.{k}": v for k, v in net.state_dict().items()}
    tensors["latent_avg"] = mean_code(net, factors, masks)
    tensors["factor_directions"] = directions(net, factors[:512], masks)
    merge_sizes(
        folder,
        size=SIZE,
        style_dim=STYLE_DIM,
        n_mlp=N_MLP,
        rows=ROWS,
        channels={str(k): v for k, v in CHANNELS.items()},
    )
    return export_fp16(tensors, folder / "stylegan2.safetensors")


def merge_sizes(folder: Path, **entries: Any) -> None:
    """Set entries of `wplus.json` and keep the others."""
    path = folder / "wplus.json"
    sizes = json.loads(path.read_text()) if path.exists() else {}
    sizes.update(entries)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sizes, indent=1, sort_keys=True) + "\n")


def main() -> None:
    """Train, then export."""
    parser = arguments("stylegan", "train the 128 px W+ generator of the mini base")
    parser.add_argument("--aligned", type=Path, default=ALIGNED, help="the aligned bank")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to export")
    args = parser.parse_args()
    folder = start(args)
    bank = open_aligned(args.aligned)
    run = Run(folder)
    train(run, bank, args.minutes, args.seed, args.export_only)
    state = run.load()
    if state is not None:
        print(f"exported {export(state, bank, args.weights) / 2**20:.1f} MiB")


def train(run: Run, bank: Aligned, minutes: float, seed: int, skip: bool = False) -> None:
    """The training loop; leaves a checkpoint in the run's folder."""
    masks = group_masks(group_slices())
    usable = bank.photo & bank.bare
    rows = np.flatnonzero(usable & ~bank.held)
    check = np.flatnonzero(usable & bank.held)[:64]
    net = new_generator()
    ema = Ema(net, 0.998)
    optimizer = Optimiser(net)
    state = run.load()
    if state is not None:
        net.load_state_dict(state["net"])
        ema.load_state_dict(state["ema"])
        optimizer.load_state_dict(state["opt"])
    if skip:
        return
    draw = np.random.default_rng([seed, run.step])
    torch_draw = torch.Generator().manual_seed(seed + run.step)
    seen, mean_loss, since = 0, 0.0, run.spent()
    for step in run.budget(minutes):
        done = run.progress(minutes)
        side = next(side for until, side in STAGES if done < until)
        batch = BATCH * (2 if side < SIZE else 1)
        picks = np.sort(draw.choice(rows, batch, replace=len(rows) < batch))
        target = to_pm1(bank.white[picks])
        weight = attention_map(torch.from_numpy(bank.landmarks[picks]), side)
        if side < SIZE:
            target = F.avg_pool2d(target, SIZE // side)
        z = make_z(bank.factors[picks])
        w = codes(net, z, masks, strangers(z, torch_draw))  # (B, L, D), in full precision
        with torch.autocast("cpu", torch.bfloat16):
            made = net.synthesise(w, until=side)
        loss = picture_loss(made.float(), target, weight)
        optimizer.step(loss, cosine_rate(done))
        ema.update(net)
        seen += batch
        mean_loss += float(loss.detach())
        if (step + 1) % 100 == 0:
            speed = seen / max(run.spent() - since, 1e-6)
            run.log(step + 1, loss=mean_loss / 100, side=side, per_second=round(speed, 1))
            seen, mean_loss, since = 0, 0.0, run.spent()
        if run.due():
            run.save(
                step + 1, net=net.state_dict(), ema=ema.state_dict(), opt=optimizer.state_dict()
            )
            report(run, ema, bank, check, masks)
    run.save(run.step, net=net.state_dict(), ema=ema.state_dict(), opt=optimizer.state_dict())
    report(run, ema, bank, check, masks)


def report(run: Run, ema: Ema, bank: Aligned, rows: np.ndarray, masks: Tensor) -> None:
    """Log the error on held-out persons and draw the strip `sheet.png`."""
    if not len(rows):
        return
    net = ema.copy_to(new_generator())
    assert isinstance(net, Generator)
    run.log(run.step, **validate(net, bank, rows, masks))
    sheet(net, bank, rows[:: max(len(rows) // 8, 1)][:8], masks, run.folder / "sheet.png")


if __name__ == "__main__":
    main()
