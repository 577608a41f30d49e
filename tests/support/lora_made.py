"""Random LoRAs, and files of them as the programs of the field write their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from pidiff_cli.core.identity.lora_files import LoraLayer, LoraWeights
from pidiff_cli.core.identity.lora_names import UnetLayers, sgm_path


def attention(unet: UnetLayers) -> list[str]:
    """The paths of the attention's linear layers."""
    return [path for path in unet.linears if ".attn1." in path or ".attn2." in path]


def random_lora(
    unet: UnetLayers,
    paths: Iterable[str] = (),
    rank: Callable[[int], int] = lambda i: 2,
    alpha: Callable[[int], float] = lambda i: 2.0,
    dtype: torch.dtype = torch.float32,
    scale: float = 0.3,
) -> LoraWeights:
    """A LoRA on ``paths``, or on all of the attention; rank and alpha by a layer's number."""
    random = torch.Generator().manual_seed(0)
    layers = {}
    for i, path in enumerate(paths or attention(unet)):
        out, inner = unet.linears[path]
        down = torch.randn(rank(i), inner, generator=random) * scale
        up = torch.randn(out, rank(i), generator=random) * scale
        layers[path] = LoraLayer(down.to(dtype), up.to(dtype), alpha(i))
    return LoraWeights(layers)


def _flat(path: str) -> str:
    return path.replace(".", "_")


def _old(path: str) -> str:
    """As diffusers wrote it up to 0.20: processors, and no index of to_out."""
    base, _, last = path.removesuffix(".0").rpartition(".")
    return f"unet.{base}.processor.{last}_lora."


#: Dialect → (what stands before the part, its words for down and up, whether alpha goes along).
DIALECTS: dict[str, tuple[Callable[[str, int], str], str, str, bool]] = {
    "kohya sd15": (lambda p, n: f"lora_unet_{_flat(p)}.", "lora_down", "lora_up", True),
    "kohya sdxl": (
        lambda p, n: f"lora_unet_{_flat(sgm_path(p, n))}.", "lora_down", "lora_up", True
    ),
    "lycoris": (lambda p, n: f"lycoris_{_flat(p)}.", "lora_down", "lora_up", True),
    "ai-toolkit": (lambda p, n: f"unet.{p}.", "lora_A", "lora_B", False),
    "onetrainer": (lambda p, n: f"unet.{p}.", "lora_down", "lora_up", True),
    "onetrainer comfyui": (
        lambda p, n: f"diffusion_model.{sgm_path(p, n)}.", "lora_A", "lora_B", True
    ),
    "checkpoint names": (
        lambda p, n: f"model.diffusion_model.{sgm_path(p, n)}.", "lora_down", "lora_up", True
    ),
    "onetrainer original": (lambda p, n: f"{sgm_path(p, n)}.", "lora_A", "lora_B", True),
    "diffusers 0.20": (lambda p, n: _old(p), "down", "up", False),
    "diffusers 0.22": (lambda p, n: f"unet.{p}.lora.", "down", "up", False),
    "diffusers linear": (lambda p, n: f"unet.{p}.lora_linear_layer.", "down", "up", False),
    "peft": (lambda p, n: f"base_model.model.{p}.", "lora_A", "lora_B", False),
    "peft adapter": (lambda p, n: f"base_model.model.{p}.", "lora_A.default", "lora_B.default",
                     False),
}  # fmt: skip


def write_dialect(
    dialect: str, weights: LoraWeights, unet: UnetLayers, path: Path, **more: Any
) -> Path:
    """A file with these keys; ``more``: further tensors, and ``metadata``."""
    name, down, up, has_alpha = DIALECTS[dialect]
    metadata = more.pop("metadata", None)
    tensors: dict[str, Tensor] = dict(more.pop("tensors", {}))
    for module, layer in weights.layers.items():
        before = name(module, unet.layers_per_block)
        tensors[f"{before}{down}.weight"] = layer.down
        tensors[f"{before}{up}.weight"] = layer.up
        if has_alpha:
            tensors[f"{before}alpha"] = torch.tensor(layer.alpha)
    save_file(tensors, path, metadata)
    return path


def apart(one: LoraWeights, other: LoraWeights) -> float:
    """The largest difference of what two LoRAs of the same layers change."""
    assert one.layers.keys() == other.layers.keys()
    deltas = [(one.layers[p].delta() - other.layers[p].delta()).abs().max() for p in one.layers]
    return float(max(deltas))
