"""What programs call the layers of a Stable Diffusion UNet: diffusers, kohya, the original blocks.

The original code (SGM) counts blocks through: ``input_blocks.4.1`` is diffusers'
``down_blocks.1.attentions.0`` of SDXL. kohya's keys have ``_`` for ``.``, and the original names
for SDXL, diffusers' for all else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

KOHYA = "lora_unet_"
_ATTENTION = re.compile(r"(down_blocks|up_blocks)\.(\d+)\.attentions\.(\d+)\.(.+)")
_PREFIXES = (
    "base_model.model.", "lora_unet.", KOHYA, "lycoris_unet_", "lycoris_", "model.diffusion_model.",
    "diffusion_model.", "unet.",
)  # fmt: skip


@dataclass(frozen=True)
class UnetLayers:
    """The layers of a UNet that a LoRA may belong to.

    Attributes:
        linears: (out, in) of every linear layer inside its transformers, by module path.
        others: what every other layer with a weight is, by module path: "convolutions", …
        layers_per_block: of its configuration; the original names are counted by it.
    """

    linears: Mapping[str, tuple[int, int]]
    others: Mapping[str, str]
    layers_per_block: int

    @cached_property
    def _paths(self) -> dict[str, str]:
        """Module paths by both flat names, the diffusers and the original one."""
        found = {}
        for path in (*self.others, *self.linears):
            found[_flat(sgm_path(path, self.layers_per_block))] = path
            found[_flat(path)] = path
        return found

    def find(self, module: str) -> str | None:
        """The module path behind a name as any program writes it; None where there is none."""
        return self._paths.get(flat_name(module))


def flat_name(module: str) -> str:
    """A module's name with ``_`` for ``.``, without the prefixes that programs put before it."""
    again = True
    while again:
        again = False
        for prefix in _PREFIXES:
            if module.startswith(prefix):
                module, again = module.removeprefix(prefix), True
    flat = _flat(module.replace(".processor.", "."))
    return f"{flat}_0" if flat.endswith("_to_out") else flat


def kohya_name(path: str, original: bool, layers_per_block: int) -> str:
    """``lora_unet_…`` of a module path; ``original``: with the original block names (SDXL)."""
    return KOHYA + _flat(sgm_path(path, layers_per_block) if original else path)


def sgm_path(path: str, layers_per_block: int) -> str:
    """A transformer's module path with the original block names; all other paths as they are."""
    if path.startswith("mid_block.attentions.0."):
        return "middle_block.1." + path.removeprefix("mid_block.attentions.0.")
    match = _ATTENTION.fullmatch(path)
    if match is None:
        return path
    side, block, layer, rest = match.groups()
    place = int(block) * (layers_per_block + 1) + int(layer)  # the last of a block resamples
    if side == "down_blocks":
        return f"input_blocks.{place + 1}.1.{rest}"  # 0 is the first convolution
    return f"output_blocks.{place}.1.{rest}"


def _flat(path: str) -> str:
    return path.replace(".", "_")
