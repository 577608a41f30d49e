"""A LoRA as one safetensors file for other programs: diffusers' keys, or kohya's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import frexp

from safetensors.torch import save
from torch import Tensor, tensor

from pidiff_cli.core.identity.lora_files import LoraLayer, LoraWeights
from pidiff_cli.core.identity.lora_foreign import ADAPTER_METADATA
from pidiff_cli.core.identity.lora_names import UnetLayers, kohya_name

OURS = "pidiff"  # key of the header by which the program knows its own files
_SPEC = "modelspec."
_IMPLEMENTATION = {"sdxl": "https://github.com/Stability-AI/generative-models"}
_ARCHITECTURE = {"sd15": "stable-diffusion-v1/lora", "sdxl": "stable-diffusion-xl-v1-base/lora"}
_KOHYA_BASE = {"sd15": "sd_v1", "sdxl": "sdxl_base_v1-0"}


@dataclass(frozen=True)
class LoraTold:
    """What the header says; nothing else of a person or a machine is in the file.

    Attributes:
        title: as the user has it. word: what a prompt calls the person. hint: how to use it.
        family: mini, sd15 or sdxl. size: of the pictures, px. date: ISO 8601.
        consent: whether the person agreed, a kind: self, agreed, synthetic or unstated.
    """

    title: str
    word: str
    hint: str
    family: str
    size: int
    date: str
    consent: str = "unstated"


def diffusers_file(weights: LoraWeights, told: LoraTold, unet: UnetLayers) -> bytes:
    """``unet.<path>.lora_A.weight`` and ``.lora_B.weight``, for ``load_lora_weights``.

    These keys have no place for alpha: it is in the values, so that programs that know no
    settings in the header read the same change; the settings say alpha = r.
    """
    even = LoraWeights({p: with_alpha(v, float(v.rank)) for p, v in weights.layers.items()})
    tensors = {}
    for path, layer in even.layers.items():
        tensors[f"unet.{path}.lora_A.weight"] = layer.down
        tensors[f"unet.{path}.lora_B.weight"] = layer.up
    settings = {f"unet.{key}": value for key, value in even.config().items()}
    return _file(tensors, told, even, {ADAPTER_METADATA: json.dumps(settings)})


def kohya_file(weights: LoraWeights, told: LoraTold, unet: UnetLayers) -> bytes:
    """``lora_unet_<name>.lora_down.weight``, ``.lora_up.weight`` and ``.alpha``; ComfyUI, A1111
    and diffusers read it. SDXL's names are those of the original blocks, as kohya's are.

    All layers get one alpha: diffusers (0.42) reads the most frequent one for every layer.
    """
    alpha = weights.alpha or 1.0
    even = LoraWeights({path: with_alpha(v, alpha) for path, v in weights.layers.items()})
    tensors = {}
    for path, layer in even.layers.items():
        name = kohya_name(path, told.family == "sdxl", unet.layers_per_block)
        tensors[f"{name}.lora_down.weight"] = layer.down
        tensors[f"{name}.lora_up.weight"] = layer.up
        tensors[f"{name}.alpha"] = tensor(layer.alpha)
    return _file(tensors, told, even, {})


FORMATS: dict[str, Callable[[LoraWeights, LoraTold, UnetLayers], bytes]] = {
    "diffusers-lora": diffusers_file,
    "kohya": kohya_file,
    "comfyui": kohya_file,
}


def with_alpha(layer: LoraLayer, alpha: float) -> LoraLayer:
    """The same change with another alpha: half of the factor goes into each part, so that neither
    leaves fp16's range; into ``down`` a power of two, which rounds nothing."""
    factor = layer.alpha / alpha
    if factor == 1:
        return layer
    half = 2.0 ** ((frexp(abs(factor))[1] - 1) // 2) if factor else 1.0
    down, up = layer.down.float() * half, layer.up.float() * (factor / half)
    kind = layer.down.dtype
    return LoraLayer(down.to(kind), up.to(kind), alpha)


def metadata(told: LoraTold, weights: LoraWeights, digest: str) -> dict[str, str]:
    """``modelspec`` 1.0.1, and of kohya's ``ss_`` keys those that programs show.

    Args:
        digest: sha256 of the values, hex.
    """
    spec = {
        "sai_model_spec": "1.0.1",
        "architecture": _ARCHITECTURE.get(told.family, f"pidiff-{told.family}/lora"),
        "implementation": _IMPLEMENTATION.get(told.family, "diffusers"),
        "title": told.title, "date": told.date, "hash_sha256": f"0x{digest}",
        "resolution": f"{told.size}x{told.size}", "trigger_phrase": told.word,
        "usage_hint": told.hint,
    }  # fmt: skip
    layers = weights.layers.values()
    return {_SPEC + key: value for key, value in spec.items()} | {
        "ss_network_module": "networks.lora",
        "ss_network_dim": _one(weights.rank, {layer.rank for layer in layers}),
        "ss_network_alpha": _one(weights.alpha, {layer.alpha for layer in layers}),
        "ss_base_model_version": _KOHYA_BASE.get(told.family, f"pidiff_{told.family}"),
        "ss_v2": "False", "ss_output_name": told.title,
        "ss_resolution": f"({told.size}, {told.size})", "sshs_model_hash": digest,
        "format": "pt", OURS: "lora 1", "pidiff_consent": told.consent,
    }  # fmt: skip


def _file(
    tensors: dict[str, Tensor], told: LoraTold, weights: LoraWeights, more: Mapping[str, str]
) -> bytes:
    bare = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    start = 8 + int.from_bytes(bare[:8], "little")  # the header's length, the header, the values
    digest = hashlib.sha256(bare[start:]).hexdigest()
    # The header is written here: safetensors puts what it tells in another order each time.
    header = {"__metadata__": metadata(told, weights, digest) | dict(more)}
    text = json.dumps(header | json.loads(bare[8:start]), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bare[start:]


def _one(usual: float, found: set[float] | set[int]) -> str:
    """A number as kohya writes it; its word where layers differ."""
    return f"{usual:g}" if len(found) == 1 else "Dynamic"
