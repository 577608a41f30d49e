"""Memory and speed on a GPU at the real size, random weights: one command, under ten minutes.

    python -m benchmarks.speed.gpu --out gpu.json
    python -m benchmarks.speed.gpu --tiny --device cpu    # small networks: tries the script out

Stable Diffusion 1.5 at 512 px and XL at 1024 px. Tuning, one picture a step: the LoRA alone, the
branch alone and both, in bf16 with and without gradient checkpointing and in 4 bits (NF4) with it,
by the loop of `tune`; beside them DreamBooth-LoRA of the same rank with and without prior. Told are
the allocator's peak, beside what the memory plan predicts for the UNet's part, and the time of a
step, the preserve term weighed by the recipe's share. Drawing: the stock pipeline, and a person's
LoRA fused and not, with background blending and without; its peak, seconds a picture, and what
putting another person's LoRA in its place takes.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch

from benchmarks.commands import command_line
from benchmarks.machine import machine, table
from benchmarks.speed.draw_arms import Arms, by_pipeline, lora_arms, random_lora, stock_pipeline
from benchmarks.speed.generate_speed import alternate
from benchmarks.speed.real_size import write_base
from benchmarks.speed.tune_speed import ARMS, RECIPES, baseline, cached_of, on_device
from benchmarks.speed.tune_steps import Case, Steps, halves, real_base, timed, without_codes
from benchmarks.tuning import drawing, tuning
from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.diffusion.single_file import CONFIGS
from pidiff_cli.core.identity.lora import load_lora, save_lora
from pidiff_cli.core.training.memory_plan import Learnt, Plan, Sizes
from pidiff_cli.recipe import load_recipe

SIZES = {"sd15": 512, "sdxl": 1024}
TINY, WARM = 64, 2  # px; steps before the measured ones
PLANS = {
    "bf16": Plan(1),
    "bf16, checkpointed": Plan(1, True),
    "NF4, checkpointed": Plan(1, True, nf4=True),
}
Row = dict[str, Any]


def configs(family: str, tiny: bool) -> dict[str, Any]:
    """The configuration of a family's parts, or of the tests' small networks."""
    if tiny:
        from tests.support.tiny_real import CONFIGS as SMALL

        small = json.loads((CONFIGS / f"{family}.json").read_text())["scheduler"]
        return {**SMALL[family], "scheduler": small}
    return cast(dict[str, Any], json.loads((CONFIGS / f"{family}.json").read_text()))


def tuning_rows(family: str, args: argparse.Namespace, device: torch.device) -> Iterator[Row]:
    """A row an arm: what learns, how, peak and predicted MB, milliseconds a step."""
    size, config = TINY if args.tiny else SIZES[family], configs(family, args.tiny)
    asked = {"batch": 1, "size": size}
    for arm, changes in ARMS.items():
        settings = tuning(RECIPES[family], {**asked, **changes})
        branch = settings.config.rank > 0
        for how, plan in PLANS.items():
            base = real_base(family, device, branch, plan.nf4, config)
            person = on_device(size, base, device)
            who = person if branch else without_codes(person)
            case = halves(Steps(base, family, settings, who, plan))
            row = {"base": family, "learns": f"PIDiff, {arm}", "how": how}
            row |= measured(case, device, args)
            learnt = Learnt(settings.config.rank, settings.config.lora_rank, branch, eight_bit=True)
            sizes = None if args.tiny else Sizes.of(family, 2, learnt)
            yield row | {"predicted_mb": round(sizes.unet(plan, size) / 1e6) if sizes else 0}
            del base, case, person, who
            empty(device)
    for prior in (False, True):
        for again in (False, True):
            base = real_base(family, device, False, False, config)
            cached = cached_of(family, base, on_device(size, base, device))
            lora = baseline(base, cached, prior, tuning(RECIPES[family], asked).config, again)
            how, case = f"bf16{', checkpointed' * again}", [(1.0, lora.step)]
            row = {"base": family, "learns": f"DreamBooth-LoRA{' with prior' * prior}", "how": how}
            yield row | measured(case, device, args)
            del base, cached, lora, case
            empty(device)


def measured(case: Case, device: torch.device, args: argparse.Namespace) -> Row:
    """The highest point of a few steps, and what a mean one takes."""
    for _, act in case:
        for _ in range(WARM):
            act()
    empty(device)
    seconds = sum(share * timed(act, args.steps, device)[0] for share, act in case)
    return {"peak_mb": peak(device), "ms": round(1e3 * seconds, 1)}


def drawing_rows(family: str, args: argparse.Namespace, device: torch.device) -> Iterator[Row]:
    """A row a way to draw: peak MB and seconds a picture; the last one is a swap of LoRAs."""
    chosen = load_recipe(RECIPES[family]).generate
    given = {"steps": args.draw_steps, "size": TINY if args.tiny else SIZES[family]}
    settings = drawing(DrawSettings(), {**chosen, **given})
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / family
        if args.tiny:
            from tests.support.tiny_real import make_folder

            make_folder(folder, family)
        else:
            write_base(folder, family)
        base = open_base(folder, None, None, device, torch.bfloat16)
        stock = stock_pipeline(base, folder)
        base.lora = random_lora(base, tuning(RECIPES[family], {}).config.lora_rank)
        base.unet.requires_grad_(False)
        arms: Arms = {"stock": lambda wish, seed: by_pipeline(stock, settings, wish, seed)}
        arms |= lora_arms(base, settings, layered=True)
        for name, act in arms.items():
            empty(device)
            taken = alternate({name: act}, args.rounds, device)[name]["wall"]
            told = {"base": family, "drawn by": name, "peak_mb": peak(device)}
            yield told | {"seconds": round(statistics.median(taken), 3)}
        swapped = swap_seconds(base, Path(scratch), args.rounds, device)
        yield {"base": family, "drawn by": "another's LoRA put in", "seconds": swapped}
    empty(device)


def swap_seconds(base: Base, scratch: Path, rounds: int, device: torch.device) -> float:
    """From a drawn person to another's LoRA, read from disk, fused and switched on."""
    assert base.lora is not None
    for name in ("alice", "bob"):
        save_lora(base.lora, scratch / name, half=True)
    base.lora.fuse()
    taken = []
    for number in range(2 * rounds):
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        base.lora.switch(0.0)
        base.lora = load_lora(base.unet, scratch / ("bob", "alice")[number % 2])
        base.unet.to(device)
        base.lora.fuse()
        base.lora.switch(1.0)
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return round(statistics.median(taken), 3)


def peak(device: torch.device) -> int:
    """MB that torch held at the most since `empty`; 0 on a CPU."""
    return round(torch.cuda.max_memory_allocated() / 1e6) if device.type == "cuda" else 0


def empty(device: torch.device) -> None:
    """Give back what is not used, and count the peak anew."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def main() -> int:
    """Measure, print, write."""
    parser = command_line("benchmarks.speed.gpu", __doc__)
    parser.add_argument("--base", choices=tuple(SIZES), action="append")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small networks, to try the script")
    parser.add_argument("--steps", type=int, default=6, help="measured steps of each kind")
    parser.add_argument("--draw-steps", type=int, default=20, help="denoising steps of a picture")
    parser.add_argument("--rounds", type=int, default=3, help="pictures each way")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    args = parser.parse_args()
    device = torch.device(args.device)
    found: Row = {**machine(args.device), "script": "benchmarks.speed.gpu", "tiny": args.tiny}
    began = time.perf_counter()
    for what, rows_of in (("tuning", tuning_rows), ("drawing", drawing_rows)):
        rows: list[Row] = []
        for family in args.base or SIZES:
            for row in rows_of(family, args, device):
                rows.append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
                found |= {what: rows, "seconds": round(time.perf_counter() - began)}
                args.out.write_text(json.dumps(found, indent=1) + "\n")  # a cut run leaves these
        print(table([{**dict.fromkeys(rows[0], ""), **row} for row in rows]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
