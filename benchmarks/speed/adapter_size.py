"""Bytes on disk of one person's adapter, by base and rank, at the real size.

    python -m benchmarks.speed.adapter_size  # the recipes' ranks; exit 1 where sd15 is > 5 MB

The networks' weights have no contents (meta device); the adapter's are zeros and are stored as
`tune` stores them. The limit is that of a profile without photos: 5 MB (10^6 bytes) for SD 1.5.
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
from pidiff_cli.core.identity.adapter import add_adapter, place_projector, save_adapter
from pidiff_cli.core.identity.attention import attach
from pidiff_cli.core.identity.tokens import fresh_projector
from pidiff_cli.recipe import load_recipe, recipe_names

RESULTS = MEASUREMENTS / "adapter_size.json"
LIMIT = 5_000_000


def adapter_bytes(family: str, rank: int, folder: Path) -> dict[str, Any]:
    """Numbers trained and bytes of the file, with bf16 or fp16 base weights."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    config = json.loads((CONFIGS / f"{family}.json").read_text())["unet"]
    width = int(config["cross_attention_dim"])
    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
        attach(unet, width)
        place_projector(unet, fresh_projector(*CODES, width))
        model = add_adapter(unet, rank, float(rank))
    count = 0
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.requires_grad:
                setattr(module, name, nn.Parameter(torch.zeros(parameter.shape)))
                count += parameter.numel()
    save_adapter(model, folder, half=True)
    size = (folder / "adapter_model.safetensors").stat().st_size
    return {"base": family, "rank": rank, "trained": count, "bytes": size}


def main() -> int:
    """Print the table; exit status 1 where SD 1.5 is over the limit."""
    parser = command_line("benchmarks.speed.adapter_size", __doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        if recipe.base in ("sd15", "sdxl"):
            with tempfile.TemporaryDirectory() as folder:
                found = adapter_bytes(recipe.base, recipe.tune["rank"], Path(folder))
            rows.append({"recipe": name, **found, "mb": round(found["bytes"] / 1e6, 2)})
    print(table(rows))
    told = {**machine(), "script": "benchmarks.speed.adapter_size"}
    keep(args.out, "adapters", {**told, "limit": LIMIT, "rows": rows})
    return 1 if any(row["base"] == "sd15" and row["bytes"] > LIMIT for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
