"""What a LoRA's key belongs to, and what a file that fits nothing probably is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pidiff_cli.errors import InputError

FAMILIES = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL",
            1280: "the SDXL refiner", 192: "mini"}  # fmt: skip
#: By what a base's family is told: the width of its text states.
KEEP = "A LoRA for Stable Diffusion 1.x or XL, .safetensors, of linear layers is what fits."
_TEXT = "text encoder layers"
_STRANGE = "layers this base does not have"
_METHODS = {
    "dora_scale": "DoRA magnitudes", "lora_magnitude_vector": "DoRA magnitudes",
    "hada_": "LoHa layers", "lokr_": "LoKr layers", "oft_": "OFT layers",
    "diff": "whole differences", "w_norm": "norms", "b_norm": "norms", "lora_B.bias": "biases",
    "lora_mid": "convolutions", "on_input": "IA3 layers",
    **dict.fromkeys(("a1", "a2", "b1", "b2"), "GLoRA layers"),
}  # fmt: skip
#: What may be left out of a file that is for this base all the same.
NOT_LINEAR = frozenset(
    (*_METHODS.values(), _TEXT, "convolutions of a transformer", "time embeddings",
     "bundled words", "layers named twice", "other values")
)  # fmt: skip
_CONVOLUTIONS = re.compile(
    r"resnets|in_layers|out_layers|skip_connection|(down|up)samplers|conv_(in|out)$"
    r"|(input|output)_blocks[._]\d+[._]\d[._](op|conv)$|input_blocks[._]0[._]0|unet_out[._]2$"
)
_TIMES = re.compile(r"time_emb|emb_layers|label_emb|add_embedding")
_MARKS = (
    (r"double_blocks|single_blocks|single_transformer_blocks", "FLUX or HunyuanVideo"),
    (r"joint_blocks|attn[._]add_[qkv]_proj|(img|txt)_mod", "Stable Diffusion 3 or Qwen-Image"),
    (r"motion_modules|temporal_transformer|temp_attentions", "a video model (AnimateDiff)"),
    (r"blocks[._]\d+[._](self|cross)_attn[._](q|k|v|o)\b", "a video model (Wan)"),
    (r"transformer[._]transformer_blocks|unet_transformer_blocks_\d", "a transformer (DiT) model"),
    (r"(^|[._])layers[._]\d+[._]attention|noise_refiner|context_refiner", "Lumina or Z-Image"),
    (r"prior_unet|lora_prior", "Stable Cascade"),
)
_OTHERS = (
    (r"^(string_to_param|emb_params|clip_[lg]$)", "an embedding (textual inversion), no LoRA"),
    (r"ip_adapter|image_proj", "an IP-Adapter, no LoRA"),
    (r"control_model|lora_controlnet|controlnet", "a ControlNet, no LoRA"),
    (r"^first_stage_model|^model\.diffusion_model.*(?<!lora_[AB])\.weight$|^conditioner\.",
     "a whole checkpoint, no LoRA: it is a base, for --base"),
)  # fmt: skip


def kind_of(module: str, parts: Iterable[str] = ()) -> str:
    """What is left out with a module (or a key that is no part of one), in the plural."""
    for part in parts:
        if part in _METHODS:
            return _METHODS[part]
    if re.match(r"lora_te|text_encoder|clip_|t5", module):
        return _TEXT
    if module.startswith("bundle_emb"):
        return "bundled words"
    if _TIMES.search(module):
        return "time embeddings"
    if _CONVOLUTIONS.search(module):
        return "convolutions"
    return _STRANGE if "lora" in module or "blocks" in module else "other values"


def explain_no_match(
    name: str, shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str]
) -> InputError:
    """The error for a file none of whose keys is a linear layer of the base."""
    keys = list(shapes)
    if family := family_by_width(shapes):
        return InputError(f"{name} is a LoRA for {family}, not for this base.", KEEP)
    for marks, sentence in ((_OTHERS, "{} is {}."), (_MARKS, "{} is a LoRA for {}.")):
        for pattern, what in marks:
            if any(re.search(pattern, key) for key in keys):
                return InputError(sentence.format(name, what), KEEP)
    for part, method in (("hada_", "LoHa"), ("lokr_", "LoKr"), ("oft_", "OFT")):
        if any(f".{part}" in key for key in keys):
            return InputError(f"{name} is a {method}, which is not supported.", KEEP)
    if any(re.match(r"lora_te|text_encoder", key) for key in keys):
        return InputError(f"{name} changes the text encoder only, nothing of the UNet.", KEEP)
    told = metadata.get("modelspec.architecture", "")
    more = f" It says that it is for {told[:60]!r}." if told else ""
    found = f"{len(keys)} keys, none fits"
    return InputError(f"{name} holds no layer of this base: {found}.{more}", KEEP)


def explain_misfit(
    name: str,
    shapes: Mapping[str, tuple[int, ...]],
    wrong: Mapping[str, tuple[int, int]],
    linears: Mapping[str, tuple[int, int]],
) -> InputError:
    """The error for a file of another base: sizes differ, or most layers are not there."""
    family = family_by_width(shapes)
    what = f"It is probably for {family}." if family else "It is for another base."
    if not wrong:
        return InputError(f"Most layers of {name} are not in this base. {what}", KEEP)
    path = next(iter(wrong))
    told = f"{path} is {_size(wrong[path])} in {name}, {_size(linears[path])} here"
    return InputError(f"{told}; {len(wrong)} layers are of other sizes. {what}", KEEP)


def family_by_width(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Whose LoRA it is, by the width of the text states; "" where that is not told."""
    return FAMILIES.get(text_width(shapes), "")


def text_width(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """The width of the text states that cross-attention reads; 0 where none is in the file."""
    found = [
        shape[1]
        for key, shape in shapes.items()
        if re.search(r"attn2[._](processor\.)?to_[kv].*(down|lora_A)", key) and len(shape) > 1
    ]
    return max(found, default=0)


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"
