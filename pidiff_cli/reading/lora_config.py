"""`adapter_config.json`: what this program writes and nothing else; and alpha of foreign LoRAs.

PEFT takes regular expressions, libraries to import and other methods from this file. Of a stranger
none of them is taken: what is not written by `tune` or `import` has to be empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from pidiff_cli.reading.bytes_of import MB, Refused
from pidiff_cli.reading.tensors import FLOATS, Tensors, check_values, read_header
from pidiff_cli.reading.text import SMALL, fitted, read_json

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
RANK = 1024  # largest of published LoRAs; tuning stops at 256
LAYERS = 4096  # XL's UNet has 740 linear layers
BYTES = 2000 * MB  # rank 256 on every linear layer of XL in float32
VALUE = 65504.0  # the largest of fp16
BRANCH_TARGETS = tuple(
    rf"{blocks}attn2\.to_[qkv]_id|identity_projector\.proj_\d+"
    for blocks in (".*", "(mid_block|up_blocks).*", "up_blocks.*")
)
Module = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\Z", max_length=200)]
Rank = Annotated[int, Meta(ge=1, le=RANK)]
ALPHA = 1e6  # tuning stops at 1024; with rslora others go to some ten thousand
Alpha = Annotated[float, Meta(ge=-ALPHA, le=ALPHA)]
Modules = Annotated[list[Module], Meta(min_length=1, max_length=LAYERS)]


class _Mapping(Struct, forbid_unknown_fields=True):
    base_model_class: Annotated[str, Meta(max_length=100)] | None = None
    parent_library: Annotated[str, Meta(pattern=r"^diffusers(\.\w+){0,6}\Z")] | None = None


class LoraConfig(Struct):
    """The settings of a LoRA that is put on a UNet."""

    peft_type: str
    r: Rank
    lora_alpha: Alpha
    target_modules: str | Modules
    rank_pattern: Annotated[dict[Module, Rank], Meta(max_length=LAYERS)] = {}
    alpha_pattern: Annotated[dict[Module, Alpha], Meta(max_length=LAYERS)] = {}
    modules_to_save: list[str] | None = None
    auto_mapping: _Mapping | None = None
    use_rslora: bool = False
    lora_dropout: Annotated[float, Meta(ge=0, le=0)] = 0.0
    inference_mode: bool = True
    bias: str = "none"
    init_lora_weights: bool = True
    megatron_core: str = "megatron.core"
    peft_version: Annotated[str, Meta(max_length=40)] = ""
    qalora_group_size: int = 16


class _Scales(Struct):
    """Of a foreign LoRA's settings what tells its scale."""

    lora_alpha: Alpha
    alpha_pattern: Annotated[dict[Module, Alpha], Meta(max_length=LAYERS)] | None = None
    use_rslora: bool | None = False


def check_config(data: Mapping[str, Any], what: str) -> LoraConfig:
    """The settings, all of them looked at. Raises Refused."""
    found: LoraConfig = fitted(dict(data), LoraConfig, what)
    known = set(LoraConfig.__struct_fields__)
    more = sorted(key for key, value in data.items() if key not in known and value)
    if more:
        raise Refused(what, f"{more[0][:60]} is no setting of a plain LoRA")
    targets = found.target_modules
    told = {
        "peft_type": found.peft_type == "LORA",
        "target_modules": not isinstance(targets, str) or targets in BRANCH_TARGETS,
        "modules_to_save": found.modules_to_save in (None, [], ["identity_code"]),
        "bias": found.bias == "none",
        "init_lora_weights": found.init_lora_weights,
        "megatron_core": found.megatron_core == "megatron.core",
    }
    if wrong := [key for key, fine in told.items() if not fine]:
        raise Refused(what, f"{wrong[0]} is not as a plain LoRA has it")
    return found


def check_adapter(folder: Path) -> tuple[LoraConfig, Tensors]:
    """The settings and the header of a PEFT folder, that fit each other, its values all numbers.

    Raises:
        Refused: missing, a link, damaged, larger than a bound, or no plain LoRA.
    """
    for path in (folder, folder / CONFIG, folder / WEIGHTS):
        if path.is_symlink():
            raise Refused(path.name, "it is a link")
    config = check_config(read_json(folder / CONFIG, dict[str, Any], SMALL), CONFIG)
    told = read_header(folder / WEIGHTS, BYTES)
    check_ranks(config, told)
    check_values(folder / WEIGHTS, told, VALUE)
    return config, told


def check_ranks(config: LoraConfig, told: Tensors) -> None:
    """Raise Refused unless every tensor is of a rank that the settings tell."""
    if len(told.shapes) > 2 * LAYERS + 8:
        raise Refused(WEIGHTS, f"it has {len(told.shapes)} tensors")
    ranks = {config.r, *config.rank_pattern.values()}
    for name, shape in told.shapes.items():
        side = {".lora_A.weight": 0, ".lora_B.weight": 1}.get(name[-14:])
        flat = len(shape) == 2 and 0 not in shape
        fits = len(shape) < 3 if side is None else flat and shape[side] in ranks
        if not fits or told.kinds[name] not in FLOATS:
            raise Refused(WEIGHTS, f"{name[:80]} is {shape}, and the rank {config.r}")


def scales_of(data: Any, what: str) -> tuple[float, dict[str, float], bool]:
    """lora_alpha, alpha_pattern and use_rslora of PEFT's settings, whoever wrote them.

    Raises Refused: none are told, or they are no numbers and plain names of layers.
    """
    found: _Scales = fitted(data, _Scales, what)
    return found.lora_alpha, dict(found.alpha_pattern or {}), bool(found.use_rslora)
