"""Terms that make pictures crisp: a patch discriminator and distances of learnt features.

Both are off by default: on a CPU's budget they cost more than they give. The features are those
of a small image-text network (`python -m mini.train.judge.features`), made as the judge is
but from another seed: the judge itself must never be trained against, it measures.

Sources: Isola et al. 2017 (patches), Lim and Ye 2017 (hinge), Mescheder et al. 2018 (R1), Zhang et
al. 2018 (normalised feature distances).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from mini.train.machine import Machine

FEATURES = Path(".mini/features")
R1, R1_EVERY = 1.0, 16  # weight of the gradient penalty, and on which steps (times as much there)
CRITIC_RATE = 4e-4
BEGIN = 0.3  # part of the budget after which the discriminator's word counts


def add_options(parser: argparse.ArgumentParser) -> None:
    """--adversarial --perceptual --features, all off."""
    about = "of {}, as a share of the other losses' gradient"
    for name, what in (("adversarial", "the discriminator"), ("perceptual", "learnt features")):
        parser.add_argument(f"--{name}", type=float, default=0.0, help=about.format(what))
    parser.add_argument("--features", type=Path, default=FEATURES, help="from judge.features")


class Patches(nn.Module):
    """Judges overlapping patches of 46 px: (B, 3, H, W) in [-1, 1] to scores (B, 1, H/8, W/8)."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width)
        layers: list[nn.Module] = []
        before = 3
        for wide in widths:
            layers += [spectral_norm(nn.Conv2d(before, wide, 4, 2, 1)), nn.LeakyReLU(0.2)]
            before = wide
        layers += [spectral_norm(nn.Conv2d(before, before, 3, 1, 1)), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers, spectral_norm(nn.Conv2d(before, 1, 3, 1, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.body(x))


class Features(nn.Module):
    """A frozen image trunk; distances of its normalised maps."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk.eval().requires_grad_(False)

    @classmethod
    def open(cls, folder: Path) -> Features:
        """From `clip.safetensors` in a folder. SystemExit where there is none."""
        from pidiff_cli.core.metrics.judge import build_clip
        from pidiff_cli.core.tensors.packed import unpack

        if not (folder / "clip.safetensors").is_file():
            raise SystemExit(f"no features in {folder}: python -m mini.train.judge.features")
        settings = json.loads((folder / "clip.json").read_text(encoding="utf-8"))
        tower, _ = build_clip(settings)
        state = unpack(load_file(folder / "clip.safetensors"))
        prefix = "tower."
        own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        tower.load_state_dict(own)
        return cls(tower.trunk)

    def maps(self, x: Tensor) -> list[Tensor]:
        """Unit-length maps after every stage of the trunk, finest first."""
        found: list[Tensor] = []
        for layer in cast(Any, self.trunk).body:
            x = layer(x)
            if found and x.shape[-1] == found[-1].shape[-1]:
                found[-1] = x
            else:
                found.append(x)
        return [F.normalize(m.float(), dim=1, eps=1e-4) for m in found]

    def distance(self, made: Tensor, true: Tensor) -> Tensor:
        """Mean squared distance of the maps of two batches (B, 3, H, W) in [-1, 1]; scalar."""
        with torch.no_grad():
            aims = self.maps(true)
        each = [(m - a).square().sum(1).mean() for m, a in zip(self.maps(made), aims, strict=True)]
        return torch.stack(each).mean()


class Crisp:
    """Both terms, as the options ask for them; without any it does nothing.

    Attributes:
        parts: what belongs into a checkpoint.
    """

    def __init__(self, args: argparse.Namespace, where: Machine) -> None:
        self.where = where
        self.adversarial, self.perceptual = args.adversarial, args.perceptual
        self.parts: dict[str, Any] = {}
        if self.perceptual:
            self.features = where.place(Features.open(args.features))
        if self.adversarial:
            self.critic = where.place(Patches())
            self.optimizer = torch.optim.Adam(
                self.critic.parameters(), CRITIC_RATE * where.rate, betas=(0.0, 0.99)
            )
            self.parts = {"critic": self.critic, "critic_opt": self.optimizer}

    def loss(self, base: Tensor, made: Tensor, true: Tensor, done: float) -> Tensor:
        """The loss `base` with the terms added.

        Each term's gradient at the picture is scaled to its weight times base's own (Esser et al.
        2021 do so at the last layer): the weights mean the same for every network.

        Args:
            base: scalar, computed from `made`. made: pictures (B, 3, H, W) in [-1, 1].
            true: what they should be. done: part of the budget that is over.
        """
        total = base
        if self.perceptual:
            with self.where.autocast():
                apart = self.features.distance(made, true)
            total = total + self.perceptual * _level(base, apart, made) * apart
        weight = self.adversarial * self._grown(done)
        if weight:
            self.critic.requires_grad_(False)
            with self.where.autocast():
                doubt = -self.critic(made).float().mean()
            total = total + weight * _level(base, doubt, made) * doubt
        return total

    def learn(self, made: Tensor, true: Tensor, step: int, done: float) -> None:
        """One step of the discriminator, hinge loss, R1 now and then."""
        if not self.adversarial or self._grown(done) == 0 and done < BEGIN - 0.05:
            return  # it begins a little before its word counts
        self.critic.requires_grad_(True)
        with self.where.autocast():
            fake, real = self.critic(made.detach()), self.critic(true)
        loss = F.relu(1 + fake.float()).mean() + F.relu(1 - real.float()).mean()
        if step % R1_EVERY == 0:
            loss = loss + 0.5 * R1 * R1_EVERY * self._steepness(true)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    def _steepness(self, true: Tensor) -> Tensor:
        x = true.detach().float().requires_grad_(True)
        (slope,) = torch.autograd.grad(self.critic(x).mean((1, 2, 3)).sum(), x, create_graph=True)
        return slope.square().sum((1, 2, 3)).mean()

    def _grown(self, done: float) -> float:
        """0 before BEGIN, then within a tenth of the budget up to 1."""
        return min(max((done - BEGIN) / 0.1, 0.0), 1.0)


def _level(base: Tensor, term: Tensor, made: Tensor) -> Tensor:
    """How much steeper `base` is at the picture than `term`; scalar, no gradient."""
    steep, flat = (torch.autograd.grad(t, made, retain_graph=True)[0] for t in (base, term))
    return (steep.norm() / flat.norm().clamp_min(1e-8)).clamp(max=1e4).detach()
