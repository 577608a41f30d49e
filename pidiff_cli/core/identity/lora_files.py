"""A LoRA on the base's own attention: the values, and its PEFT folder.

W changes to W + (alpha / r) · up · down, in linear layers that the base has. A PEFT folder holds
``adapter_config.json`` (r, alpha and which layers) and ``adapter_model.safetensors``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pidiff_cli.errors import InputError
from pidiff_cli.files import write_file
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.lora_config import ALPHA, CONFIG, VALUE, WEIGHTS, check_adapter, scales_of

FLOATS = (torch.float16, torch.bfloat16, torch.float32)
_ROOT = "base_model.model."


@dataclass(frozen=True)
class LoraLayer:
    """What is added to one linear layer.

    Attributes:
        down: (r, in). up: (out, r), of ``down``'s precision: fp16, bf16 or fp32.
        alpha: the layer's weights change by alpha / r · up · down.
    """

    down: Tensor
    up: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        """r."""
        return int(self.down.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in) of the linear layer it belongs to."""
        return int(self.up.shape[0]), int(self.down.shape[1])

    def delta(self) -> Tensor:
        """The whole change of the weights, (out, in) float32."""
        return self.alpha / self.rank * (self.up.float() @ self.down.float())


@dataclass(frozen=True)
class LoraWeights:
    """A LoRA of a UNet: its layers by their module paths, sorted.

    Raises:
        InputError: a layer's parts do not belong together, are no numbers, or of a precision
            that is not kept; or there is no layer.
    """

    layers: Mapping[str, LoraLayer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", dict(sorted(self.layers.items())))
        if not self.layers:
            raise InputError("The LoRA holds no layer.")
        for path, layer in self.layers.items():
            if fault := _fault(layer):
                raise InputError(f"The LoRA is damaged: {path} {fault}.")

    @property
    def changes(self) -> bool:
        """Whether it changes anything; one that has learnt nothing, or was reset, does not."""
        return any(bool(layer.up.any()) for layer in self.layers.values())

    @property
    def rank(self) -> int:
        """The rank that most layers have."""
        return _usual(layer.rank for layer in self.layers.values())

    @property
    def alpha(self) -> float:
        """The alpha that most layers have."""
        return _usual(layer.alpha for layer in self.layers.values())

    def config(self) -> dict[str, Any]:
        """The settings of a PEFT ``LoraConfig``: layers with another rank or alpha by name."""
        ranks = {p: v.rank for p, v in self.layers.items() if v.rank != self.rank}
        alphas = {p: v.alpha for p, v in self.layers.items() if v.alpha != self.alpha}
        return {
            "r": self.rank, "lora_alpha": self.alpha, "target_modules": list(self.layers),
            "rank_pattern": ranks, "alpha_pattern": alphas, "use_rslora": False, "use_dora": False,
            "bias": "none", "lora_dropout": 0.0,
        }  # fmt: skip


def write_peft(weights: LoraWeights, folder: Path) -> None:
    """Write ``adapter_config.json`` and ``adapter_model.safetensors``, each whole."""
    tensors = {}
    for path, layer in weights.layers.items():
        tensors[f"{_ROOT}{path}.lora_A.weight"] = layer.down.contiguous()
        tensors[f"{_ROOT}{path}.lora_B.weight"] = layer.up.contiguous()
    config = {
        "peft_type": "LORA", "task_type": None, "base_model_name_or_path": None,
        "inference_mode": True, "modules_to_save": None, "fan_in_fan_out": False,
        **weights.config(),
    }  # fmt: skip
    write_file(folder / WEIGHTS, save(tensors, {"format": "pt"}))
    write_file(folder / CONFIG, (json.dumps(config, indent=1) + "\n").encode())


def read_peft(folder: Path) -> LoraWeights:
    """Read a PEFT folder; every weight in it has to be a layer's.

    Raises:
        InputError: missing, damaged, or with more in it than a plain LoRA.
    """
    try:
        config, told = check_adapter(folder)
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in told.shapes}
    except Refused as error:
        raise InputError(
            f"The LoRA in {folder.name}/ is damaged or missing: {error.reason}."
        ) from error
    except (OSError, SafetensorError) as error:
        raise InputError(f"The LoRA in {folder.name}/ is damaged or missing.") from error
    layers = {}
    for key in [key for key in tensors if key.endswith(".lora_A.weight")]:
        path, other = key.removeprefix(_ROOT).removesuffix(".lora_A.weight"), key[:-8] + "B.weight"
        if other not in tensors:
            raise InputError(f"The LoRA in {folder.name}/ is damaged: {path} has one part only.")
        down, up = tensors.pop(key), tensors.pop(other)
        alpha = config.alpha_pattern.get(path, config.lora_alpha)
        rank = int(down.shape[0])  # with rslora PEFT divides by √r
        layers[path] = LoraLayer(down, up, alpha * math.sqrt(rank) if config.use_rslora else alpha)
    if tensors:
        raise InputError(f"{folder.name}/ holds more than a plain LoRA: {sorted(tensors)[0]}.")
    return LoraWeights(layers)


def peft_alphas(config: Any, what: str) -> Callable[[str, int], float]:
    """How PEFT scales: alpha of a layer, as of alpha / r, by its path and rank.

    Raises:
        Refused: no settings of a LoRA.
    """
    usual, patterns, root = scales_of(config, what)  # with root PEFT divides by √r

    def alpha(path: str, rank: int) -> float:
        found = [v for key, v in patterns.items() if path == key or path.endswith(f".{key}")]
        value = found[0] if found else usual
        return value * math.sqrt(rank) if root else value

    return alpha


def _fault(layer: LoraLayer) -> str:
    """What is wrong with a layer, as the end of a sentence; "" where nothing is."""
    down, up = layer.down, layer.up
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not down.shape[0]:
        return f"is {tuple(up.shape)} times {tuple(down.shape)}"
    if down.dtype != up.dtype or down.dtype not in FLOATS:
        return f"is of {str(up.dtype)[6:]} and {str(down.dtype)[6:]}, not fp16, bf16 or fp32"
    within = all(bool((part.abs() <= VALUE).all()) for part in (down, up))  # NaN is not
    if not within or not abs(layer.alpha) <= ALPHA:
        return f"holds values that are no numbers, or above {VALUE:g}"
    return ""


def _usual(values: Iterable[Any]) -> Any:
    """The most frequent value; of equally frequent ones the least, whatever their order."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))
