"""The parts of a diffusers folder, every weight matched, straight in the wished precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from pidiff_cli.core.lazy import UNUSED, import_lazily
from pidiff_cli.core.tensors.lazy import LazyTensors
from pidiff_cli.errors import InputError
from pidiff_cli.reading import text as reading

WHOLE = "Fetch it again, then compare its size or sha256."


@dataclass
class Parts:
    """What a base is made of, on the CPU.

    Attributes:
        text_encoders, tokenizers: one for Stable Diffusion 1.x, two for XL.
        scheduler: ``scheduler_config.json``, class name included.
        zero_empty: an empty prompt is all zeros instead of an encoded "" (SDXL).
    """

    unet: nn.Module
    vae: nn.Module
    text_encoders: tuple[nn.Module, ...]
    tokenizers: tuple[Any, ...]
    scheduler: dict[str, Any]
    zero_empty: bool


def read_folder(folder: Path, dtype: torch.dtype) -> Parts:
    """The parts of a diffusers folder; fp16 variants are taken where they fit ``dtype`` better.

    Raises:
        InputError: weights are missing or do not fit. OSError, ValueError, KeyError: other faults.
    """
    import_lazily(*UNUSED)
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.tokenization_clip import CLIPTokenizer

    def load(cls: Any, part: str) -> nn.Module:
        config = read_json(folder / part / "config.json")
        state = read_tensors(folder / part, "diffusion_pytorch_model", dtype)
        return build(lambda: cls.from_config(config), state, dtype, f"{part} in {folder}")

    names = [n for n in ("text_encoder", "text_encoder_2") if (folder / n).is_dir()]
    encoders = []
    for i, name in enumerate(names):
        state = read_tensors(folder / name, "model", dtype)
        config = read_json(folder / name / "config.json")
        encoders.append(text_encoder(config, state, dtype, i > 0, f"{name} in {folder}"))
    tokenizers = [n.replace("text_encoder", "tokenizer") for n in names]
    index = read_json(folder / "model_index.json")
    return Parts(
        load(UNet2DConditionModel, "unet"),
        load(vae_class(read_json(folder / "vae" / "config.json")), "vae"),
        tuple(encoders),
        tuple(CLIPTokenizer.from_pretrained(folder / n, local_files_only=True) for n in tokenizers),
        read_json(folder / "scheduler" / "scheduler_config.json"),
        len(names) > 1 and bool(index.get("force_zeros_for_empty_prompt", True)),
    )


def build(
    make: Callable[[], Any], state: Mapping[str, Tensor], dtype: torch.dtype, what: str
) -> nn.Module:
    """A network with exactly these weights, in ``dtype``; no memory is spent on random ones.

    Raises:
        InputError: which weights are missing, unknown or of another shape, and how many.
    """
    with torch.device("meta"):
        model = cast(nn.Module, make())
    wanted = model.state_dict()
    names = {_renamed(key): key for key in state}
    missing = [key for key in wanted if key not in names]
    unknown = [key for key in names if key not in wanted]
    other = [
        f"{key} is {tuple(state[names[key]].shape)}, not {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in names and state[names[key]].shape != value.shape
    ]
    faults = [
        f"{len(found)} weights {word}, the first: {found[0]}"
        for found, word in (
            (missing, "are missing"), (unknown, "do not belong there"), (other, "do not fit"),
        )
        if found
    ]  # fmt: skip
    if faults:
        raise InputError(f"The {what} is damaged or of another kind: {'; '.join(faults)}.", WHOLE)
    # Not copied where the precision agrees: the stock pipeline computes on the file's mapping too,
    # and the place of a weight in memory decides the last bit of some CPU kernels.
    own = {key: state[names[key]].to(dtype=dtype) for key in wanted}
    model.load_state_dict(own, assign=True)
    return model


def text_encoder(
    settings: dict[str, Any],
    state: Mapping[str, Tensor],
    dtype: torch.dtype,
    projected: bool,
    what: str,
) -> nn.Module:
    """A CLIP text encoder; ``projected`` is the kind that also gives a pooled embedding."""
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

    cls = CLIPTextModelWithProjection if projected else CLIPTextModel
    config = CLIPTextConfig(**settings)
    with torch.device("meta"):
        wrapped = hasattr(cls(config), "text_model")  # transformers before 5.6 wraps both
    prefix = "text_model." if wrapped else ""
    own = {}
    for key, value in state.items():
        if key.endswith("position_ids"):
            continue
        bare = key.removeprefix("text_model.")
        own[bare if bare.startswith("text_projection.") else prefix + bare] = value
    if not projected:
        own = {k: v for k, v in own.items() if not k.endswith("text_projection.weight")}
    model = build(lambda: cls(config), own, dtype, what)
    for module in model.modules():
        if hasattr(module, "position_ids"):  # not in any file
            module.position_ids = torch.arange(config.max_position_embeddings)[None]
    return model


def read_tensors(folder: Path, stem: str, dtype: torch.dtype) -> Mapping[str, Tensor]:
    """The tensors of ``stem``'s file or shards in a folder, opened, not yet read.

    Raises:
        InputError: there is none.
    """
    half = dtype != torch.float32
    for variant in (".fp16", ".bf16", "") if half else ("", ".fp16", ".bf16"):
        index = folder / f"{stem}.safetensors.index{variant}.json"
        whole = folder / f"{stem}{variant}.safetensors"
        if whole.is_file():
            return LazyTensors([whole])
        if index.is_file():
            files = sorted(set(read_json(index)["weight_map"].values()))
            return LazyTensors([folder / Path(name).name for name in files])
    stem = "pytorch_model" if stem == "model" else stem
    if (folder / f"{stem}.bin").is_file():
        from pidiff_cli.core.tensors.pickles import read_pickle, tensors_in

        return tensors_in(read_pickle(folder / f"{stem}.bin"))
    raise InputError(f"There are no weights in {folder}.", WHOLE)


def vae_class(config: dict[str, Any]) -> Any:
    """The autoencoder class of a configuration."""
    if config["_class_name"] == "AutoencoderTiny":
        from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

        return AutoencoderTiny
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    return AutoencoderKL


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises Refused, an InputError."""
    return cast(dict[str, Any], reading.read_json(path, dict[str, Any], infinite=True))


def _renamed(key: str) -> str:
    """Attention weights of an autoencoder under their names since 2023."""
    if ".attentions." not in key or "transformer_blocks" in key:
        return key
    for old, new in (
        (".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."),
        (".proj_attn.", ".to_out.0."),
    ):  # fmt: skip
        key = key.replace(old, new)
    return key
