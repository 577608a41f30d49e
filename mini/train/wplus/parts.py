"""The mini generator's sizes, codes, losses and optimiser: what its trainer and e4e's share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mini.train.data.layout import WIDTH
from mini.train.muon import Muon
from pidiff_cli.core.wplus.stylegan2 import Generator

SIZE, ROWS, N_MLP = 128, 12, 2
CHANNELS = {4: 160, 8: 160, 16: 128, 32: 96, 64: 48, 128: 16}  # multiples of 16 are fast in bf16
GROUP_ROWS = 4  # rows a group
BATCH, GPU_BATCH = 8, 256  # small, for many steps; twice that below 128 px
MUON_RATE = 0.15  # convolution kernels, of unit variance
RATE = 1e-2  # Adam, the other weights of unit variance
MAPPING_RATE = 0.4  # mapping weights are stored 100 times larger
STAGES = ((0.20, 32), (0.40, 64), (1.01, 128))  # until this part of the budget: picture side


def new_generator() -> Generator:
    """The mini generator, noise strengths zero, mapping orthogonal."""
    net = Generator(SIZE, WIDTH, N_MLP, CHANNELS)
    for layer in list(net.style)[1:]:
        nn.init.orthogonal_(layer.weight, gain=100 * WIDTH**0.5)  # type: ignore[arg-type]
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("modulation.weight"):
                weight.mul_(0.3)  # begin near one style for all: learns faster
    return net


class Optimiser:
    """Muon for the 3x3 kernels, Adam for the rest, one schedule."""

    def __init__(self, net: Generator) -> None:
        """The network must be on its device already: Muon's views share its memory."""
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
    picks = torch.randint(batch, (batch, 3), generator=generator, device=z.device)
    keep = torch.rand(batch, 3, 1, generator=generator, device=z.device) < 0.5
    return z[picks] * keep


def attention_map(landmarks: Tensor, side: int) -> Tensor:
    """Loss weights (B, 1, S, S) from landmarks (B, 68, 2): 1, and up to 4 at eyes and mouth."""
    places = torch.stack(
        [landmarks[:, 36:42].mean(1), landmarks[:, 42:48].mean(1), landmarks[:, 48:68].mean(1)], 1
    )  # (B, 3, 2)
    grid = torch.arange(SIZE, dtype=torch.float32, device=landmarks.device)
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
