"""A step of `pretrain identity` on Stable Diffusion 1.5 at its real size: its time and its FLOP.

    python -m benchmarks.speed.pretrain_step [--size 512] [--steps 2] [--tiny]
                             [--out docs/measurements/pretrain_step.json]

One picture a step, gradient checkpointing as the command has it, the optimizer's step included.
Random weights; the frozen ones are bf16, as on a GPU. FLOP are torch's own count, of a step that is
not timed; they are the same on any device, so that a step's time elsewhere can be estimated.
`--tiny` takes the tests' small networks, to try the script.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import machine
from benchmarks.speed.real_size import write_base
from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.identity.adapter import make_optimizer
from pidiff_cli.core.training.pretraining import (
    GeneralLosses,
    GeneralTrainer,
    People,
    batches,
    general_parameters,
    make_trainable,
)

ROWS, DIM = 18, 512  # of FFHQ's codes


def people(base: Base, size: int) -> People:
    """Four pictures of noise."""
    g = torch.Generator().manual_seed(0)
    side = size // base.vae_factor
    bank = torch.randn(4, ROWS, DIM, generator=g)
    latents = torch.randn(4, base.latent_channels, side, side, generator=g)
    mask = torch.zeros(1, side, side)
    mask[:, side // 4 : side // 2, side // 4 : side // 2] = 1

    def read(index: int) -> dict[str, torch.Tensor]:
        return {"latents": latents[index], "masks": mask, "codes": bank[index]}

    return People(["a photo of a person"] * 4, [torch.arange(4)], bank, read)


def measure(folder: Path, size: int, steps: int) -> dict[str, Any]:
    """Seconds (CPU and wall) and FLOP of a step of one picture."""
    base = open_base(folder, None, (ROWS, DIM), dtype=torch.bfloat16)
    base.unet.enable_gradient_checkpointing()  # type: ignore[operator]
    base.unet.train()
    make_trainable(base)
    parameters = list(general_parameters(base).values())
    trainer = GeneralTrainer(base, people(base, size), GeneralLosses(), torch.bfloat16)
    optimizer = make_optimizer(parameters, "cpu", 1e-4)
    flop, cpu, wall = 0, [], []
    for step, generator in batches(steps + 1, 0, 0):
        began, spent = time.perf_counter(), time.process_time()
        if step:
            one_step(trainer, optimizer, generator)
            cpu.append(time.process_time() - spent)
            wall.append(time.perf_counter() - began)
        else:
            with FlopCounterMode(display=False) as counter:
                one_step(trainer, optimizer, generator)
            flop = counter.get_total_flops()
    return {
        "size": size, "steps": steps, "tflop": round(flop / 1e12, 4),
        "cpu_seconds": round(statistics.median(cpu), 2),
        "seconds": round(statistics.median(wall), 2),
        "trained": sum(p.numel() for p in parameters),
        "frozen": sum(p.numel() for p in base.unet.parameters() if not p.requires_grad),
    }  # fmt: skip


def one_step(
    trainer: GeneralTrainer, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> None:
    """Loss, gradients, optimizer."""
    trainer(1, generator)["loss"].backward()
    optimizer.step()
    optimizer.zero_grad()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        if asked.tiny:
            from tests.support.tiny_real import make_folder

            where = make_folder(where / "sd15", "sd15")
        else:
            write_base(where, "sd15")
        found = {
            "base": "tiny" if asked.tiny else "sd15",
            **measure(where, asked.size, asked.steps),
        }
    found["machine"] = machine()
    text = json.dumps(found, indent=1)
    if asked.out:
        asked.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
