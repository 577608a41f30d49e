"""From one person to the next on a loaded base: how long the adapters' swap takes.

    python -m benchmarks.speed.swaps  # mini and Stable Diffusion 1.5's size, one thread, CPU

Both parts of an identity, the branch's adapter and the LoRA, of rank 8 with random values; sd15 is
the real UNet's shapes with random weights. `swap` is what `generate --csv` does between two people:
the files read, compared with what is loaded, copied. `fused` is what the next picture's first step
pays once, W + λ ΔW of every layer beside W; `loaded` is what a swap would cost without: a copy of
the untouched base's structure with the adapters put on by PEFT. Milliseconds, medians of `--times`;
CPU time of the thread beside wall, which other programs disturb more.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.commands import command_line
from benchmarks.machine import keep, machine, table
from benchmarks.places import MEASUREMENTS, WEIGHTS
from benchmarks.speed.real_size import random_state
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.single_file import CONFIGS
from pidiff_cli.core.identity.adapter import add_adapter, place_projector, trainable_parameters
from pidiff_cli.core.identity.adapters import load_adapters, save_adapters, swap_adapters
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.identity.tokens import fresh_projector

ASKED_MS = {"mini": 10, "sd15": 50}
RANK = 8
PARTS = {"both": (True, True), "lora": (False, True), "branch": (True, False)}


def unet_of(name: str) -> nn.Module:
    """A UNet with its branch: mini's own, or of the shapes of Stable Diffusion 1.5."""
    if name == "mini":
        return load_base(WEIGHTS).unet
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(
            json.loads((CONFIGS / "sd15.json").read_text())["unet"]
        )
    unet.load_state_dict(random_state(unet, 4), assign=True)
    attach(unet, 768)
    place_projector(unet, fresh_projector(18, 512, 768).to(torch.bfloat16))
    return unet.eval().requires_grad_(False)


def write_people(name: str, parts: tuple[bool, bool], folder: Path) -> list[Path]:
    """Two people's adapters, as a tuning leaves them."""
    made = []
    for number in range(2):
        unet = unet_of(name)
        model: nn.Module = add_adapter(unet, RANK, RANK) if parts[0] else unet
        lora = add_lora(unet, RANK, RANK) if parts[1] else None
        drawn = torch.Generator().manual_seed(number)
        with torch.no_grad():
            for p in trainable_parameters(model).values():
                p.copy_(torch.randn(p.shape, generator=drawn) * 0.02)
        made.append(folder / f"{name}-{number}-{parts}")
        save_adapters(model, lora, made[-1], half=name != "mini")
    return made


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds: wall, and this thread's CPU."""
    wall, cpu = time.perf_counter(), time.thread_time()
    call()
    return (time.perf_counter() - wall) * 1e3, (time.thread_time() - cpu) * 1e3


def measure(name: str, kind: str, times: int, folder: Path) -> dict[str, Any]:
    """Swaps there and back, each followed by the fusing that the next picture pays."""
    people = write_people(name, PARTS[kind], folder)
    unet = unet_of(name)
    loading = (
        timed(lambda: load_adapters(unet_of(name), people[0].joinpath)) if name == "mini" else None
    )
    model, lora = load_adapters(unet, people[0].joinpath)
    unet.requires_grad_(False)
    if lora is not None:
        lora.fuse()
        lora.switch(1.0)
    swaps, fused = [], []
    for number in range(times):
        target = people[(number + 1) % 2]

        def swap(target: Path = target) -> None:
            if not swap_adapters(model, lora, target.joinpath):
                raise RuntimeError("the adapters do not agree")

        swaps.append(timed(swap))
        if lora is not None:
            fused.append(timed(lambda: lora.switch(1.0)))
    middle = [round(statistics.median(one), 1) for one in zip(*swaps, strict=True)]
    size = sum(p.stat().st_size for p in people[0].rglob("*") if p.is_file())
    row = {"base": name, "parts": kind, "rank": RANK, "mb": round(size / 1e6, 2),
           "swap_ms": middle[0], "swap_cpu_ms": middle[1], "asked_ms": ASKED_MS[name]}  # fmt: skip
    if fused:
        row["fused_ms"], row["fused_cpu_ms"] = (
            round(statistics.median(one), 1) for one in zip(*fused, strict=True)
        )
    if loading:
        row["loaded_ms"], row["loaded_cpu_ms"] = (round(one, 1) for one in loading)
    return row


def main() -> None:
    """The command line."""
    parser = command_line("benchmarks.speed.swaps", __doc__)
    parser.add_argument("--times", type=int, default=21)
    parser.add_argument("--base", choices=tuple(ASKED_MS), action="append")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.base or ASKED_MS:
        with tempfile.TemporaryDirectory() as scratch:
            rows = [measure(name, kind, given.times, Path(scratch)) for kind in PARTS]
        print(table([{k: row.get(k, "") for k in rows[0]} for row in rows]), flush=True)
        keep(MEASUREMENTS / "swaps.json", name, {"machine": machine(), "rows": rows})


if __name__ == "__main__":
    main()
