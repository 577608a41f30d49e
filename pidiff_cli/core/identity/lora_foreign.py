"""A LoRA file of any program, read into the layers of a UNet; what is left out is counted.

Known are the keys of kohya-ss, ai-toolkit, OneTrainer, PEFT, and diffusers old and new.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from pidiff_cli.core.identity.lora_files import (
    LoraLayer,
    LoraWeights,
    peft_alphas,
)
from pidiff_cli.core.identity.lora_kinds import (
    NOT_LINEAR,
    explain_misfit,
    explain_no_match,
    kind_of,
)
from pidiff_cli.core.identity.lora_names import UnetLayers, flat_name
from pidiff_cli.errors import InputError
from pidiff_cli.reading.bytes_of import Refused
from pidiff_cli.reading.lora_config import BYTES, CONFIG, LAYERS, RANK, WEIGHTS
from pidiff_cli.reading.tensors import read_header
from pidiff_cli.reading.text import parse_json, read_json

PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl")
ADAPTER_METADATA = "lora_adapter_metadata"  # where diffusers keeps PEFT's settings
_TRIGGER, _LONGEST = "modelspec.trigger_phrase", 80
_SIDE = r"[._]lora(?:_linear_layer)?[._](?P<{}>{})(?:\.default)?(?:\.weight)?"
_PART = re.compile(
    r"(?P<module>.+?)(?:"
    + _SIDE.format("down", "A|down") + "|" + _SIDE.format("up", "B|up")
    + r"|(?:[._]lora)?\.(?P<alpha>alpha)|\.(?P<factor>hada_|lokr_|oft_)[\w.]*"
    r"|\.(?P<rest>dora_scale|lora_magnitude_vector|lora_mid|diff|w_norm|b_norm|on_input"
    r"|lora_B\.bias|[ab][12])(?:_b)?(?:\.default)?(?:\.weight)?)"
)  # fmt: skip


@dataclass(frozen=True)
class ForeignLora:
    """What was read.

    Attributes:
        dialect: whose keys they are: kohya, peft, diffusers or comfyui.
        left_out: how many modules of what kind were left out, in words.
        trigger: the word that its trainer says a prompt needs; "" where none is told.
    """

    weights: LoraWeights
    dialect: str
    left_out: dict[str, int]
    trigger: str


def read_foreign(path: Path, unet: UnetLayers) -> ForeignLora:
    """Read a LoRA file for a UNet; the values keep their precision.

    Kept are the linear layers of the transformers (attention, feed-forward, projections).

    Raises:
        InputError: a pickle, damaged, no LoRA, of another base or of another method; says what it
            probably is.
    """
    check_suffix(path)
    try:
        check_header(path)
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            modules, unknown = sort_keys(list(file.keys()))
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}
            layers, left_out = _fit(modules, unknown, unet)
            if not layers:
                raise explain_no_match(path.name, shapes, metadata)
            told = _settings(path, metadata)
            weights = LoraWeights({p: _layer(file, p, v, told) for p, v in layers.items()})
    except (OSError, SafetensorError, IndexError) as error:
        raise InputError(f"{path.name} is damaged or no safetensors file.") from error
    read = weights.layers
    wrong = [p for p, layer in read.items() if layer.shape != unet.linears[p]]
    foreign = sum(n for kind, n in left_out.items() if kind not in NOT_LINEAR)
    if wrong or foreign > len(read):
        raise explain_misfit(path.name, shapes, {p: read[p].shape for p in wrong}, unet.linears)
    trigger = " ".join(metadata.get(_TRIGGER, "").split())[:_LONGEST]
    first = next(iter(layers.values()))["down"]
    return ForeignLora(weights, _dialect(first), left_out, trigger)


def check_header(path: Path) -> None:
    """Raise Refused for a file that is larger than a LoRA, or whose header is damaged."""
    told = read_header(path, BYTES)
    if len(told.shapes) > 8 * LAYERS:
        raise Refused(path.name, f"it has {len(told.shapes)} tensors")
    ranks = [min(s) for s in told.shapes.values() if len(s) in (2, 4) and s]
    if ranks and min(ranks) > RANK:
        raise Refused(path.name, f"its rank is {min(ranks)}; {RANK} is the most")


def check_suffix(path: Path) -> None:
    """Raise InputError for what is no safetensors file by its name, or is not there."""
    if path.suffix.lower() in PICKLES:
        raise InputError(
            f"{path.name} is a pickle, which can hold a program: it is not read.",
            "Take the .safetensors of the same LoRA.",
        )
    if not path.is_file():
        raise InputError(f"{path} is not there.", "Check the path.")


def sort_keys(keys: list[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Module → part → key, the parts being "down", "up", "alpha" and those of other methods; and
    the keys that are no part of any."""
    modules: dict[str, dict[str, str]] = {}
    unknown = []
    for key in keys:
        match = _PART.fullmatch(key)
        if match is None:
            unknown.append(key)
            continue
        names = [name for name in ("down", "up", "alpha") if match[name]]
        part = names[0] if names else match["factor"] or match["rest"]
        modules.setdefault(match["module"], {})[part] = key
    return modules, unknown


def _fit(
    modules: Mapping[str, dict[str, str]], unknown: list[str], unet: UnetLayers
) -> tuple[dict[str, dict[str, str]], dict[str, int]]:
    """The parts of each linear layer by its path, and what of the rest is left out."""
    layers: dict[str, dict[str, str]] = {}
    left_out: Counter[str] = Counter(kind_of(key) for key in unknown)
    for module, parts in modules.items():
        path = unet.find(module)
        if "down" not in parts and "up" not in parts:
            left_out[kind_of(module, parts)] += 1
        elif path not in unet.linears or path is None:
            left_out[unet.others.get(path or "") or kind_of(module, parts)] += 1
        elif path in layers:
            left_out["layers named twice"] += 1
        else:
            layers[path] = parts
            for method in parts.keys() - {"down", "up", "alpha"}:
                left_out[kind_of(module, {method: ""})] += 1
    return layers, dict(sorted(left_out.items()))


def _layer(
    file: Any, path: str, parts: Mapping[str, str], told: Mapping[str, Any] | None
) -> LoraLayer:
    if "down" not in parts or "up" not in parts:
        raise InputError(f"The LoRA is damaged: {path} has only one of its two parts.")
    down, up = (_flattened(file.get_tensor(parts[part])) for part in ("down", "up"))
    alpha = float(down.shape[0])  # without one: W + up · down, as diffusers has it
    if "alpha" in parts:
        alpha = float(file.get_tensor(parts["alpha"]).float().flatten()[0])
    elif told is not None:
        alpha = peft_alphas(told, CONFIG)(path, down.shape[0])
    return LoraLayer(down, up, alpha)


def _flattened(value: Tensor) -> Tensor:
    """A matrix: 1 × 1 convolutions hold one too, (r, in, 1, 1)."""
    return value[..., 0, 0] if value.ndim == 4 and value.shape[2:] == (1, 1) else value


def _settings(path: Path, metadata: Mapping[str, str]) -> Mapping[str, Any] | None:
    """PEFT's settings, of the file's header or of the file beside it; None where none are told."""
    try:
        if ADAPTER_METADATA in metadata:
            found = parse_json(metadata[ADAPTER_METADATA], dict[str, Any], path.name)
            return {k[5:]: v for k, v in found.items() if k.startswith("unet.")} or None
        beside = path.parent / CONFIG
        if path.name == WEIGHTS and beside.is_file():
            return read_json(beside, dict[str, Any])
    except Refused as error:
        raise InputError(f"The settings of {path.name} are damaged: {error.reason}.") from error
    return None


def _dialect(key: str) -> str:
    """Whose keys they are, by one of them."""
    if key.startswith(("lora_unet", "lycoris")):
        return "kohya"
    if key.startswith("base_model.model."):
        return "peft"
    original = flat_name(key).startswith(("input_blocks", "middle_block", "output_blocks"))
    return "comfyui" if original or key.startswith("diffusion_model.") else "diffusers"
