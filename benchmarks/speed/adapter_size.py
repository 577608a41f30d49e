"""Bytes on disk of one person's identity, by recipe, at the real size.

    python -m benchmarks.speed.adapter_size  # the recipes' ranks; exit 1 where one is too large

The networks' weights have no contents (meta device); what learns is zeros and is stored as `tune`
stores it. The limit is that of a profile without photos: 5 MB (10^6 bytes) for Stable Diffusion 1.5
with both parts, 12 MB for XL, there of the LoRA alone: no branch has been made for it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from benchmarks.commands import command_line
from benchmarks.machine import keep, machine, table
from benchmarks.places import MEASUREMENTS
from benchmarks.speed.cuda_steps import CODES
from pidiff_cli.core.diffusion.single_file import CONFIGS
from pidiff_cli.core.identity.adapter import add_adapter, place_projector
from pidiff_cli.core.identity.adapters import BRANCH, LORA, save_adapters
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.lora import add_lora
from pidiff_cli.core.identity.tokens import fresh_projector
from pidiff_cli.recipe import load_recipe, recipe_names

RESULTS = MEASUREMENTS / "adapter_size.json"
LIMITS = {"sd15": 5_000_000, "sdxl": 12_000_000}
FILE = "adapter_model.safetensors"


def identity_bytes(family: str, rank: int, lora_rank: int, folder: Path) -> dict[str, Any]:
    """Numbers trained, and bytes of each part's file, with bf16 or fp16 base weights."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    config = json.loads((CONFIGS / f"{family}.json").read_text())["unet"]
    width = int(config["cross_attention_dim"])
    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
        attach(unet, width)
        place_projector(unet, fresh_projector(*CODES, width))
        model = add_adapter(unet, rank, float(rank))
        lora = add_lora(unet, lora_rank, float(lora_rank)) if lora_rank else None
    count = materialise(model)
    save_adapters(model, lora, folder, half=True)
    sizes = {name: _bytes(folder / name / FILE) for name in (BRANCH, LORA)}
    return {
        "base": family, "rank": rank, "lora_rank": lora_rank, "trained": count,
        "branch_bytes": sizes[BRANCH], "lora_bytes": sizes[LORA], "bytes": sum(sizes.values()),
    }  # fmt: skip


def materialise(model: nn.Module) -> int:
    """Give what learns zeros in the place of no contents; how many numbers."""
    count = 0
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.requires_grad:
                setattr(module, name, nn.Parameter(torch.zeros(parameter.shape)))
                count += parameter.numel()
    return count


def too_large(row: dict[str, Any]) -> bool:
    """Whether an identity is over its base's limit."""
    counted = row["lora_bytes"] if row["base"] == "sdxl" else row["bytes"]
    return bool(counted > LIMITS[row["base"]])


def main() -> int:
    """Print the table; exit status 1 where an identity is over the limit."""
    parser = command_line("benchmarks.speed.adapter_size", __doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        if recipe.base in LIMITS:
            ranks = recipe.tune["rank"], recipe.tune.get("lora_rank", 0)
            with tempfile.TemporaryDirectory() as folder:
                found = identity_bytes(recipe.base, *ranks, Path(folder))
            rows.append({"recipe": name, **found, "mb": round(found["bytes"] / 1e6, 2)})
    print(table(rows))
    told = {**machine(), "script": "benchmarks.speed.adapter_size"}
    keep(args.out, "adapters", {**told, "limits": LIMITS, "rows": rows})
    return 1 if any(map(too_large, rows)) else 0


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


if __name__ == "__main__":
    sys.exit(main())
