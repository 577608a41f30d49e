"""How fast a GPU takes steps of mini's UNet training, and which way of it is fastest.

    python benchmarks/training_speed.py --device cuda --out speed.json --choice compile.txt

The training's own loss, optimisers and running mean on random batches that lie on the device:
self-attention written out (as on a CPU), by the fused kernel, and the UNet compiled. ``--choice``
gets the option with which the training should run: --compile, or nothing where that fails or is
slower.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from pidiff_cli.mini.train import common
from pidiff_cli.mini.train.diffusion import (
    LATENTS,
    ROWS,
    SCHEDULE,
    TOKEN_DIM,
    Model,
    losses,
    make_optimizers,
    update,
)
from pidiff_cli.mini.train.diffusion_data import Batch
from pidiff_cli.mini.train.machine import Machine, pick_device

WAYS = ("written out", "fused", "compiled")
SIDE, WORDS = 16, 32


def random_batch(size: int, model: Model, device: torch.device) -> tuple[Batch, Tensor]:
    """A batch of noise and its text states (B, S, C)."""
    like = {"device": device}
    subject = torch.zeros(size, WORDS, **like)
    subject[:, 3] = 1.0
    batch = Batch(
        torch.randn(size, LATENTS, SIDE, SIDE, **like),
        torch.rand(size, 1, SIDE, SIDE, **like),
        torch.zeros(size, WORDS, dtype=torch.long, **like),
        subject,
        torch.randn(size, ROWS, model.dim, **like),
        (torch.rand(size, **like) < 0.6).float(),
        torch.arange(size, **like),
    )
    return batch, torch.randn(size, WORDS, TOKEN_DIM, **like)


def seconds_a_step(way: str, device: torch.device, size: int, steps: int) -> dict[str, float]:
    """Of a step after the first two, which are told apart: they compile."""
    where = Machine(device, size, compiled=way == "compiled")
    model = where.place(Model(), device.type == "cuda")
    if way != "written out":
        model.for_gpu()
    where.quick(model.unet)
    alphas = DPMSolverMultistepScheduler(**SCHEDULE).alphas_cumprod.float().to(device)
    opts, ema = make_optimizers(model), common.Ema(model, 0.998)
    batch, text = random_batch(size, model, device)
    began = first = time.monotonic()
    for step in range(steps + 2):
        if step == 2:
            _wait(device)
            first, began = time.monotonic() - began, time.monotonic()
        t = torch.randint(0, 1000, (size,), device=device)
        loss, _ = losses(model, batch, text, alphas, t, torch.randn_like(batch.latents))
        loss.backward()
        update(model, opts, ema)
    _wait(device)
    each = (time.monotonic() - began) / steps
    return {"first_two_s": round(first, 1), "step_s": round(each, 5), "pictures_s": size / each}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Measure each way, print a line for each, write the figures and the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--batch", type=int, default=768)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path(".mini/training_speed.json"))
    parser.add_argument("--choice", type=Path)
    args = parser.parse_args()
    device = pick_device(args.device)
    card = torch.cuda.get_device_name() if device.type == "cuda" else "a CPU"
    found: dict[str, Any] = {}
    for way in WAYS:
        try:
            found[way] = seconds_a_step(way, device, args.batch, args.steps)
            print(f"{way}: {found[way]}", flush=True)
        except Exception as error:  # a compiler that is missing fails in many ways
            found[way] = {"failed": repr(error)[:300]}
            print(f"{way}: FAILED {error!r}"[:600], flush=True)
        record = {"card": card, "torch": torch.__version__, "batch": args.batch, "ways": found}
        args.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    rates = {way: cast(float, one.get("pictures_s", 0.0)) for way, one in found.items()}
    if args.choice:
        quick = rates["compiled"] > 1.05 * rates["fused"]
        args.choice.write_text("--compile\n" if quick else "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
