"""`pidiff pretrain mini`: train the embedded base from nothing (for developers)."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from pidiff_cli.cli.session import session_of
from pidiff_cli.errors import PidiffError, UsageError

_TRAIN = "pidiff_cli.mini.train"
STEPS: tuple[tuple[str, str], ...] = (
    ("pidiff_cli.mini.world.bank", "draw the bank of portraits into .mini/bank"),
    (f"{_TRAIN}.aligned", "cut the bank's faces the FFHQ way"),
    (f"{_TRAIN}.tokenizer", "the tokenizer"),
    (f"{_TRAIN}.text", "the text encoder"),
    (f"{_TRAIN}.faces landmarks", "the landmark net"),
    (f"{_TRAIN}.faces finder", "the face finder"),
    (f"{_TRAIN}.faces embedder", "the face embedder (likeness)"),
    (f"{_TRAIN}.stylegan", "the StyleGAN2 generator"),
    (f"{_TRAIN}.e4e", "the encoder of W+ codes"),
    (f"{_TRAIN}.autoencoder", "the autoencoder"),
    (f"{_TRAIN}.latents", "cache the bank's latents"),
    (f"{_TRAIN}.codes", "cache the bank's W+ codes"),
    (f"{_TRAIN}.diffusion", "the UNet and the general identity branch"),
    (f"{_TRAIN}.judge", "the judge's image-text model"),
    (f"{_TRAIN}.judge_embedder", "the judge's face embedder"),
)
"""Modules in the order in which they need each other; each one goes on from its checkpoint."""


def command(
    context: typer.Context,
    base: Annotated[str, typer.Argument(metavar="BASE", help="mini")],
    go: Annotated[bool, typer.Option("--go", help="run the steps instead of listing them")] = False,
) -> None:
    """List the steps that train mini in order, or run them; every step is resumable."""
    if base != "mini":
        raise UsageError(f"{base} is not trained here.", "pidiff pretrain mini")
    output = session_of(context).output
    if not go:
        rows = [{"command": f"python -m {step}", "about": about} for step, about in STEPS]
        output.table((), [(row["command"], row["about"]) for row in rows])
        output.result((), {"steps": rows})
        return
    for step, about in STEPS:
        output.note(about, "bold")
        if subprocess.run([sys.executable, "-m", *step.split()], check=False).returncode:
            raise PidiffError(f"The step {step} failed.", f"Alone: python -m {step}", 1)
