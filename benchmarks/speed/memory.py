"""Memory of a tuning step: by base, picture size, batch and plan.

    python -m benchmarks.speed.memory                   # the table, counted on shapes
    python -m benchmarks.speed.memory --write           # and what `tune` plans with
    python -m benchmarks.speed.memory --plans           # what fits which card
    python -m benchmarks.speed.memory --recipes         # the recipes on the cards in their names
    python -m benchmarks.speed.memory --least           # the LoRA alone, the smallest peaks
    python -m benchmarks.speed.memory --cuda            # real steps on a GPU, beside the prediction
    python -m benchmarks.speed.memory --cuda --limit 8  # the same, at most 8 GB of it

Counting needs no GPU and no weights: the step runs on tensors without contents and every storage
is counted (`footprint`). On a GPU random weights of the real size are tuned and
the allocator's own counters are read; `--limit` forbids the process more memory than that.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import torch
from torch import nn

from benchmarks.commands import command_line
from benchmarks.places import WEIGHTS
from benchmarks.speed import footprint
from benchmarks.speed.cuda_steps import CASES, measure
from benchmarks.speed.footprint import Learnt
from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.parts import vae_class
from pidiff_cli.core.diffusion.single_file import CONFIGS
from pidiff_cli.core.identity.adapter import BLOCKS
from pidiff_cli.core.identity.lora import LAYERS
from pidiff_cli.core.identity.tokens import MINI_GROUPS, WPlusProjector
from pidiff_cli.core.training import memory_plan
from pidiff_cli.core.training.memory_plan import TABLE, Sizes, choose_plan, plans
from pidiff_cli.recipe import OF_A_CARD, load_recipe, recipe_names
from pidiff_cli.stages.tune.plan import make_plan
from pidiff_cli.stages.tune.told import describe

PARTS = ("branch", "lora", "both")
SIZES = {"mini": (128,), "sd15": (256, 512, 768), "sdxl": (512, 768, 1024)}


def configs(base: str) -> dict[str, Any]:
    """The configuration of every part of a base."""
    if base != "mini":
        return cast(dict[str, Any], json.loads((CONFIGS / f"{base}.json").read_text()))
    parts = ("unet", "vae", "text_encoder")
    return {p: json.loads((WEIGHTS / "diffusers" / p / "config.json").read_text()) for p in parts}


def counted(base: str, before: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    """Everything a plan needs to know of a base, bytes.

    Args:
        before: what was counted earlier. parts: whose steps are counted now, branch, lora or both.
    """
    config, half = configs(base), torch.float32 if base == "mini" else torch.bfloat16
    sizes, makers = SIZES[base], {"branch": branches, "lora": lora_alone, "both": both}
    learning = {
        part: make(base) if part in parts else before[part] for part, make in makers.items()
    }
    bare = footprint.weights(config["unet"], half, LORA[base])
    whole = footprint.weights(config["unet"], half, OF[base])
    with torch.device("meta"):
        vae = vae_class(config["vae"]).from_config(config["vae"]).to(half)
    return {
        "bytes": half.itemsize,
        "frozen": bare.frozen,
        "branch_weights": whole.frozen - bare.frozen,
        "lora_rank": bare.trained // LORA[base].lora_rank,
        "linears": linear_bytes(config["unet"], half),
        "attention": linear_bytes(config["unet"], half, LAYERS["all"]),
        "vae": sum(p.numel() for p in vae.parameters()) * half.itemsize,
        "text": text_bytes(config, half),
        "encode": vae_peaks(vae, config, sizes, half, "encode"),
        "decode": vae_peaks(vae, config, sizes, half, "decode"),
        "row": row_peaks(config["unet"], half, sizes),
        **learning,
    }


def of_mini() -> Learnt:
    """The branch of mini, with its own token projector."""
    sizes = json.loads((WEIGHTS / "wplus.json").read_text())
    codes = int(sizes["rows"]), int(sizes["style_dim"])
    width = int(configs("mini")["unet"]["cross_attention_dim"])
    return Learnt(codes=codes, projector=lambda: WPlusProjector(*codes, MINI_GROUPS, width))


OF = {"mini": of_mini(), "sd15": Learnt(), "sdxl": Learnt()}
LORA = {base: Learnt(rank=0, lora_rank=4 if base == "sdxl" else 8) for base in SIZES}


def branches(base: str) -> dict[str, Any]:
    """The branch alone, by the blocks that learn."""
    return {blocks: branch(base, replace(OF[base], blocks=blocks)) for blocks in BLOCKS}


def lora_alone(base: str) -> dict[str, Any]:
    """The LoRA on a base without a branch."""
    return {"steps": steps(base, LORA[base])}


def both(base: str) -> dict[str, Any]:
    """The LoRA beside the branch."""
    return {"steps": steps(base, replace(OF[base], lora_rank=LORA[base].lora_rank))}


def branch(base: str, learnt: Learnt) -> dict[str, Any]:
    """What depends on which blocks of the branch learn: its adapter's bytes a rank, and steps."""
    config, half = configs(base)["unet"], torch.float32 if base == "mini" else torch.bfloat16
    four, eight = (
        footprint.weights(config, half, replace(learnt, rank=rank)).trained for rank in (4, 8)
    )
    rank = (eight - four) // 4
    return {"rank": rank, "code": four - 4 * rank, "steps": steps(base, learnt)}


def steps(base: str, learnt: Learnt) -> list[list[int]]:
    """[side, checkpointed, bytes of every step, bytes more a picture]."""
    config, half = configs(base)["unet"], torch.float32 if base == "mini" else torch.bfloat16
    what = f"LoRA {learnt.lora_rank}, branch {learnt.rank} on {learnt.blocks}"
    rows: list[list[int]] = []
    for size in SIZES[base]:
        for checkpointing in (False, True):
            one, two = (
                footprint.step_footprint(config, b, size, checkpointing, half, learnt).step
                for b in (1, 2)
            )
            rows.append([size, checkpointing, 2 * one - two, two - one])
            print(
                f"{base} {size} px, {what}{', checkpointed' * checkpointing}: "
                f"{one / 1e9:.3f} GB at batch 1, {(two - one) / 1e9:.3f} more a picture",
                flush=True,
            )
    return rows


def linear_bytes(config: dict[str, Any], dtype: torch.dtype, which: str = "") -> int:
    """Bytes of the UNet's linear layers, which can be quantised; of those that end on ``which``."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
    named = re.compile(f"{which}$" if which else "")
    linears = [m for n, m in unet.named_modules() if isinstance(m, nn.Linear) and named.search(n)]
    return sum(m.weight.numel() for m in linears) * dtype.itemsize


def text_bytes(config: dict[str, Any], dtype: torch.dtype) -> int:
    """Bytes of the text encoders."""
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

    total = 0
    for name in ("text_encoder", "text_encoder_2"):
        if name in config:
            with torch.device("meta"):
                model = CLIPTextModel(CLIPTextConfig(**config[name]))
            total += sum(p.numel() for p in model.parameters()) * dtype.itemsize
    return total


def vae_peaks(
    vae: nn.Module, config: dict[str, Any], sizes: tuple[int, ...], dtype: torch.dtype, what: str
) -> list[list[int]]:
    """[side, bytes] of one picture encoded or decoded."""
    call, factor = getattr(vae, what), 1 if what == "encode" else footprint.LATENT
    channels = 3 if what == "encode" else config["unet"]["in_channels"]

    def peak(side: int) -> int:
        return footprint.call_peak(
            vae, lambda: call(torch.empty((1, channels, side, side), dtype=dtype))
        )

    return [[size, peak(size // factor)] for size in sizes]


def row_peaks(
    config: dict[str, Any], dtype: torch.dtype, sizes: tuple[int, ...]
) -> list[list[int]]:
    """[side, bytes] of one row of a step that draws."""
    return [[size, footprint.row_footprint(config, size, dtype)] for size in sizes]


def measured(args: argparse.Namespace) -> int:
    """Real steps on the GPU beside what was predicted; exit status 1 where that is 10 % off."""
    if args.limit:
        whole = torch.cuda.mem_get_info()[1]
        torch.cuda.set_per_process_memory_fraction(args.limit * 1e9 / whole)
    rows = []
    for base, size, batch in CASES:
        for title, learnt in parts_of(base, 16).items() if base in (args.base or SIZES) else ():
            row = measure(base, configs(base)["unet"], size, batch, args.limit, learnt)
            rows.append({"learns": title, **row})
            print(json.dumps(rows[-1]), flush=True)
    if args.out:
        told = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "rows": rows}
        args.out.write_text(json.dumps(told, indent=1) + "\n")
    return 1 if any(abs(row.get("off", 0)) > 0.1 for row in rows) else 0


def print_plans() -> int:
    """The plan that `tune` would take on cards of several sizes, as a Markdown table."""
    print("| base | learns | free, GB | plan | peak, GB |\n|---|---|---|---|---|")
    for base, size, batch in (("sd15", 512, 4), ("sdxl", 1024, 4)):
        for title, learnt in parts_of(base, 16).items():
            sizes = cast(Sizes, Sizes.of(base, 2, replace(learnt, eight_bit=True)))
            found = plans(sizes, batch, size, nf4=True)
            for free in (2, 3, 4, 5, 6, 8, 10, 12, 16, 24):
                plan = choose_plan(found, int(free * 1e9))
                said = f"{describe(plan, batch)} | {plan.peak / 1e9:.2f}" if plan else "none fits |"
                print(f"| {base} {size} px, {batch} a step | {title} | {free} | {said} |")
    return 0


def parts_of(base: str, rank: int) -> dict[str, memory_plan.Learnt]:
    """What may learn on a base, by a title."""
    lora = LORA[base].lora_rank
    return {
        "LoRA": memory_plan.Learnt(0, lora, branch=False),
        "branch": memory_plan.Learnt(rank),
        "both": memory_plan.Learnt(rank, lora),
    }


def print_least() -> int:
    """The LoRA alone, one picture at a time and checkpointed: the smallest peaks counted."""
    print("| base | weights | plan | step, GB | peak, GB |\n|---|---|---|---|---|")
    for base, size in (("sd15", 512), ("sdxl", 1024)):
        learnt = replace(parts_of(base, 0)["LoRA"], eight_bit=True)
        sizes = cast(Sizes, Sizes.of(base, 2, learnt))
        found = plans(sizes, 1, size, True, True, lambda plan: plan.checkpointing)
        for plan in found:
            step = sizes.step(size, 1, True) / 1e9
            weights = "NF4" if plan.nf4 else "bf16"
            more = ", LoRA not fused" * plan.unfused + ", decoded by tiles" * plan.tiled
            said = f"{describe(plan, 1)}{more} | {step:.2f} | {plan.peak / 1e9:.2f}"
            print(f"| {base} {size} px | {weights} | {said} |")
    return 0


def print_recipes() -> int:
    """The plan and the counted peak of every recipe on the card in its name, by what learns."""
    print("| recipe | learns | free, GB | plan | peak counted, GB |\n|---|---|---|---|---|")
    for name in recipe_names():
        recipe = load_recipe(name)
        if recipe.base == "mini":
            continue
        card = float(name.rpartition("-")[2].removesuffix("gb"))
        config = TuneConfig(base=recipe.base, recipe=name, **recipe.tune)
        limit = replace(config, memory=round(OF_A_CARD * card, 2))
        for title, wplus in (("LoRA", False), ("LoRA and branch", True)):
            with patch("pidiff_cli.stages.tune.plan.free_bytes", lambda device: 1 << 40):
                plan = make_plan(
                    limit, recipe.base, torch.device("cuda"), torch.bfloat16, branch=wplus
                ).plan
            said = describe(plan, config.batch)
            print(f"| {name} | {title} | {limit.memory} | {said} | {plan.peak / 1e9:.2f} |")
    return 0


def main() -> int:
    """Print the table; write it where asked."""
    parser = command_line("benchmarks.speed.memory", __doc__)
    parser.add_argument("--base", choices=tuple(SIZES), action="append")
    parser.add_argument("--write", action="store_true", help="store what tune plans with")
    parser.add_argument("--part", choices=PARTS, action="append", help="steps counted; else all")
    parser.add_argument("--plans", action="store_true", help="what fits which card")
    parser.add_argument("--cuda", action="store_true", help="real steps on the GPU")
    parser.add_argument("--limit", type=float, default=0.0, help="GB of the GPU, with --cuda")
    parser.add_argument("--out", type=Path, help="write the rows of --cuda as JSON")
    parser.add_argument("--recipes", action="store_true", help="each recipe on its card")
    parser.add_argument("--least", action="store_true", help="smallest peaks of the LoRA alone")
    args = parser.parse_args()
    if args.recipes:
        return print_recipes()
    if args.least:
        return print_least()
    if args.plans:
        return print_plans()
    if args.cuda:
        return measured(args)
    table = json.loads(TABLE.read_text()) if TABLE.is_file() else {}
    for base in args.base or SIZES:
        table[base] = counted(base, table.get(base, {}), args.part or list(PARTS))
    if args.write:
        TABLE.write_text(json.dumps(table, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
