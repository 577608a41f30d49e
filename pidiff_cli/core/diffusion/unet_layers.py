"""The layers of a base's UNet, told from its configuration; no weight is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from pidiff_cli.core.diffusion import single_file
from pidiff_cli.core.identity.lora_names import UnetLayers
from pidiff_cli.core.lazy import UNUSED, import_lazily
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.text import read_json


def unet_layers(diffusers: Path | None, family: str) -> UnetLayers:
    """The layers of a base.

    Args:
        diffusers: its folder, or a single file (whose sizes are its family's); None where the
            base is not on this machine. family: "sd15" or "sdxl" where it is no folder.

    Raises:
        InputError: its configuration cannot be read.
    """
    folder = diffusers if diffusers is not None and diffusers.is_dir() else None
    try:
        if folder:
            return layers_of(read_json(folder / "unet" / "config.json", dict[str, Any]))
        return layers_of(read_json(single_file.CONFIGS / f"{family}.json", dict[str, Any])["unet"])
    except (Refused, ValueError, KeyError, TypeError, AttributeError) as error:
        where = f"in {folder} " if folder else ""
        raise InputError(f"The UNet's configuration {where}cannot be read.") from error


def layers_of(config: dict[str, Any]) -> UnetLayers:
    """The layers of a ``UNet2DConditionModel`` of this configuration."""
    import_lazily(*UNUSED)
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        unet = cast(nn.Module, UNet2DConditionModel.from_config(config))
    linears: dict[str, tuple[int, int]] = {}
    others: dict[str, str] = {}
    for path, module in unet.named_modules():
        if isinstance(module, nn.Linear) and ".attentions." in path:
            linears[path] = module.out_features, module.in_features
        elif isinstance(module, (nn.Linear, nn.Conv2d)):
            others[path] = _kind(path, module)
    return UnetLayers(linears, others, _layers_per_block(config))


def _kind(path: str, module: nn.Module) -> str:
    if isinstance(module, nn.Linear):
        return "time embeddings"
    return "convolutions of a transformer" if ".attentions." in path else "convolutions"


def _layers_per_block(config: dict[str, Any]) -> int:
    value = config.get("layers_per_block", 2)
    return int(value[0] if isinstance(value, (list, tuple)) else value)
