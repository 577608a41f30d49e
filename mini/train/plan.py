"""The plan of mini's training: its steps in order, each with its part of the whole budget."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from mini.train.common import RUNS
from mini.train.perceptual import FEATURES

#: Minutes of one core: what the pieces took that made the shipped weights, those on a GPU aside.
MINUTES: dict[str, float] = {
    "features": 7, "autoencoder": 92, "text": 16, "stylegan": 49, "e4e": 52, "landmarks": 25,
    "embedder": 7, "finder": 3, "judge": 72, "judge_embedder": 15, "diffusion": 690,
}  # fmt: skip
PICTURES = 26_000  # of the bank
CRISP = ("--perceptual", "0.5", "--adversarial", "0.3")
STATE = Path(".mini/all.json")
LEAST = 20.0  # seconds: less is not begun
LEAST_CACHE = 60.0  # of what is not cut into pieces


@dataclass(frozen=True)
class Step:
    """One command of the plan.

    Attributes:
        name: in the state file, and its run folder. module: what runs. about: what it is for.
        options: of the command. minutes: its budget; 0 for what is made once.
        product: what it leaves beside the weights, None where nothing: it is missing, and made
            again, on another machine.
        pieces: whether it can stop and go on.
    """

    name: str
    module: str
    about: str
    options: tuple[str, ...]
    minutes: float = 0.0
    product: Path | None = None
    pieces: bool = True

    @property
    def least(self) -> float:
        """Seconds that must be left to begin it."""
        return LEAST if self.pieces else LEAST_CACHE

    @property
    def command(self) -> str:
        """The command line, for people."""
        return " ".join(["python -m", self.module, *self.options])


def steps(settings: argparse.Namespace) -> list[Step]:
    """The steps for these settings (run.py's options), in order."""
    workers = ("--workers", str(settings.workers or os.cpu_count() or 1))
    weights = ("--weights", str(settings.weights))
    where = (*weights, "--device", settings.device)
    drawn = ("--pictures", str(settings.pictures), "--seed", str(settings.seed))

    def once(name: str, module: str, about: str, product: str, *options: str) -> Step:
        kept = Path(".mini") / product if product else None
        pieces = name in ("bank", "more_codes")
        return Step(name, f"mini.{module}", about, options, product=kept, pieces=pieces)

    def net(name: str, module: str, about: str, *options: str) -> Step:
        return _net(settings, name, f"mini.train.{module}", about, *options)

    faces = "faces.networks"
    return [
        once("bank", "world.bank", "draw the bank of the broad world", "bank/meta.jsonl",
             "--world", "broad", *drawn, *workers),
        once("aligned", "train.data.aligned", "align it for the face networks",
             "bank_aligned/index.npz", *workers),
        net("features", "judge.features", "features for the perceptual terms"),
        net("autoencoder", "autoencoder.autoencoder", "the autoencoder", *CRISP),
        once("latents", "train.autoencoder.latents", "cache the latents", "latents/heads.npy",
             *where),
        net("text", "text.text", "tokenizer and text encoder"),
        net("stylegan", "wplus.stylegan", "the StyleGAN2 generator", *CRISP),
        net("e4e", "wplus.e4e", "the W+ encoder"),
        once("codes", "train.wplus.codes", "cache the W+ codes", "codes/usable.npy", *where),
        once("prior", "train.wplus.prior", "where the codes of drawn people lie", "", *weights),
        once("seeking", "train.wplus.seeking", "what moves measures and codes", "", *weights),
        once("more_codes", "train.wplus.more_codes", "read more photos of everybody",
             "codes/more.npy", *where, *workers),
        net("landmarks", faces, "landmarks and head mask"),
        net("embedder", faces, "the likeness embedder"),
        net("finder", faces, "the face finder"),
        once("strangers", "train.faces.strangers", "faces of strangers", "", *weights),
        net("judge", "judge.judge", "the judge's image-text model"),
        net("judge_embedder", "judge.embedder", "the judge's face embedder"),
        net("diffusion", "diffusion.unet", "the UNet and its general identity branch",
            "--export-every", "1e9"),
    ]  # fmt: skip


def _net(settings: argparse.Namespace, name: str, module: str, about: str, *options: str) -> Step:
    """A network's training, with its part of the total."""
    parts = MINUTES | settings.shares
    minutes = settings.total * parts[name] / sum(parts.values())
    given = ["--minutes", f"{minutes:.4f}", "--weights", str(settings.weights)]
    given += ["--device", settings.device, "--seed", str(settings.seed)]
    given += ["--threads", str(settings.threads), "--run-dir", str(RUNS / name)]
    given += ["--compile"] if settings.compile else []
    given += ["--steps", str(settings.steps)] if settings.steps else []
    given += ["--batch", str(settings.batch)] if settings.batch else []
    first = (name,) if module.endswith("faces.networks") else ()
    product = FEATURES / "clip.json" if name == "features" else None
    return Step(name, module, about, (*first, *given, *options), minutes, product)
