"""The chain of mini's training: its links in order, each with its share of the whole budget."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mini.train.common import RUNS
from mini.train.perceptual import FEATURES

#: Parts of the budget. On a CPU in the proportion of the minutes that made the first weights.
CPU_SHARES: dict[str, float] = {
    "autoencoder": 14, "text": 13, "stylegan": 14, "e4e": 19.5, "landmarks": 9, "embedder": 7,
    "finder": 3, "judge": 14.5, "judge_embedder": 9, "diffusion": 184,
}  # fmt: skip
GPU_SHARES: dict[str, float] = {
    "features": 5, "autoencoder": 12, "text": 3, "stylegan": 15, "e4e": 12, "landmarks": 6,
    "embedder": 5, "finder": 2, "judge": 5, "judge_embedder": 4, "diffusion": 31,
}  # fmt: skip
CRISP = ("--perceptual", "0.5", "--adversarial", "0.3")  # not measured
STATE = Path(".mini/all.json")
FACES = ("landmarks", "embedder", "finder")
LEAST = 20.0  # seconds: less is not begun
LEAST_CACHE = 60.0  # of what is not cut into pieces


@dataclass(frozen=True)
class Link:
    """One command of the chain.

    Attributes:
        name: in the state file, and its run folder. module: under pidiff_cli.mini.
        options: of the command. minutes: its budget; 0 for what is made once.
        product: what it leaves beside the weights, None where nothing: it is missing, and made
            again, on another machine.
        pieces: whether it can stop and go on.
    """

    name: str
    module: str
    options: tuple[str, ...]
    minutes: float = 0.0
    product: Path | None = None
    pieces: bool = True

    @property
    def least(self) -> float:
        """Seconds that must be left to begin it."""
        return LEAST if self.pieces else LEAST_CACHE


def chain(settings: argparse.Namespace) -> list[Link]:
    """The links for these settings (all.py's options), in order."""
    shares = dict(GPU_SHARES if settings.crisp else CPU_SHARES) | settings.shares
    workers = str(settings.workers or os.cpu_count() or 1)
    places = ("--weights", str(settings.weights))
    where = (*places, "--device", settings.device)
    crisp = CRISP if settings.crisp else ()
    links = [
        _made("bank", "world.bank", "bank/meta.jsonl", True, "--pictures", str(settings.pictures),
              "--workers", workers, "--seed", str(settings.seed), "--world", settings.world),
        _made("aligned", "train.aligned", "bank_aligned/index.npz", False, "--workers", workers),
        _net("features", shares, settings) if settings.crisp else None,
        _net("autoencoder", shares, settings, *crisp),
        _made("latents", "train.latents", "latents/heads.npy", False, *where),
        _net("text", shares, settings),
        _net("stylegan", shares, settings, *crisp),
        _net("e4e", shares, settings),
        _made("codes", "train.codes", "codes/usable.npy", False, *where),
        Link("prior", "train.prior", ("--weights", str(settings.weights)), pieces=False),
        _made("more_codes", "train.more_codes", "codes/more.npy", True, *where,
              "--workers", workers),
        *(_net(part, shares, settings) for part in FACES),
        _net("judge", shares, settings),
        _net("judge_embedder", shares, settings),
        _net("diffusion", shares, settings, "--unet", settings.unet, "--export-every", "1e9"),
        Link("strangers", "train.strangers", places, pieces=False),
    ]  # fmt: skip
    return [link for link in links if link is not None]


def _made(name: str, module: str, product: str, pieces: bool, *options: str) -> Link:
    return Link(name, module, options, product=Path(".mini") / product, pieces=pieces)


def _net(
    name: str, shares: Mapping[str, float], settings: argparse.Namespace, *options: str
) -> Link:
    minutes = settings.total * shares[name] / sum(shares.values())
    given = ["--minutes", f"{minutes:.4f}", "--weights", str(settings.weights)]
    given += ["--device", settings.device, "--seed", str(settings.seed)]
    given += ["--threads", str(settings.threads), "--run-dir", str(RUNS / name)]
    given += ["--compile"] if settings.compile else []
    given += ["--steps", str(settings.steps)] if settings.steps else []
    given += ["--batch", str(settings.batch)] if settings.batch else []
    module, first = ("faces", (name,)) if name in FACES else (name, ())
    product = FEATURES / "clip.json" if name == "features" else None
    return Link(name, f"train.{module}", (*first, *given, *options), minutes, product)
