"""Stable Diffusion 1.x and XL with very small random networks, as folders and as single files.

The single files have the names of the original checkpoints, so that the converters are exercised.
Only cross-attention keeps its published width: a base's family is told by it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.single_file import END, START, byte_letters

SIZE = 64  # px: latents of 4 x 8 x 8
MERGES = ("w o", "wo m", "a n</w>", "wom an</w>", "p h", "o f</w>", "a s</w>", "i n</w>")
VOCABULARY = 512 + len(MERGES) + 2
TOKENS = 24

_DOWN, _UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
_UNET: dict[str, Any] = {
    "_class_name": "UNet2DConditionModel", "sample_size": SIZE // 8, "in_channels": 4,
    "out_channels": 4, "layers_per_block": 1, "norm_num_groups": 4,
}  # fmt: skip
_VAE: dict[str, Any] = {
    "_class_name": "AutoencoderKL", "in_channels": 3, "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [4, 4, 8, 8], "layers_per_block": 1, "latent_channels": 4,
    "norm_num_groups": 2, "sample_size": SIZE, "scaling_factor": 0.18215,
}  # fmt: skip
_BETAS: dict[str, Any] = {
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False,
    "skip_prk_steps": True, "steps_offset": 1, "prediction_type": "epsilon",
}  # fmt: skip


def _clip(width: int, act: str, projection: int) -> dict[str, Any]:
    return {
        "vocab_size": VOCABULARY, "hidden_size": width, "intermediate_size": 32,
        "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": TOKENS,
        "hidden_act": act, "projection_dim": projection, "bos_token_id": VOCABULARY - 2,
        "eos_token_id": 2, "pad_token_id": 1,
    }  # fmt: skip


CONFIGS: dict[str, dict[str, Any]] = {
    "sd15": {
        "unet": {
            **_UNET, "down_block_types": [_DOWN, "DownBlock2D"], "attention_head_dim": 2,
            "up_block_types": ["UpBlock2D", _UP], "block_out_channels": [8, 16],
            "cross_attention_dim": 768,
        },
        "vae": _VAE,
        "text_encoder": _clip(768, "quick_gelu", 768),
        "scheduler": {"_class_name": "PNDMScheduler", **_BETAS},
        "force_zeros_for_empty_prompt": False,
    },
    "sdxl": {
        "unet": {
            **_UNET, "down_block_types": ["DownBlock2D", _DOWN], "attention_head_dim": [2, 4],
            "up_block_types": [_UP, "UpBlock2D"], "block_out_channels": [8, 16],
            "transformer_layers_per_block": [1, 2], "use_linear_projection": True,
            "cross_attention_dim": 2048, "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 1024 + 6 * 8,
        },
        "vae": {**_VAE, "scaling_factor": 0.13025, "force_upcast": True},
        "text_encoder": _clip(1024, "quick_gelu", 1024),
        "text_encoder_2": _clip(1024, "gelu", 1024),
        "scheduler": {
            "_class_name": "EulerDiscreteScheduler", **_BETAS, "timestep_spacing": "leading",
        },
        "force_zeros_for_empty_prompt": True,
    },
}  # fmt: skip
PIPELINES = {"sd15": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline"}


def make_folder(folder: Path, family: str, seed: int = 0, **scheduler: Any) -> Path:
    """Write a diffusers folder of a family; the same seed, the same bytes."""
    import diffusers.schedulers as schedulers
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

    config = CONFIGS[family]
    torch.manual_seed(seed)
    UNet2DConditionModel.from_config(config["unet"]).save_pretrained(folder / "unet")
    AutoencoderKL.from_config(config["vae"]).save_pretrained(folder / "vae")
    for name, cls, pad in (
        ("text_encoder", CLIPTextModel, END), ("text_encoder_2", CLIPTextModelWithProjection, "!")
    ):  # fmt: skip
        if name in config:
            cls(CLIPTextConfig(**config[name])).save_pretrained(folder / name)
            write_tokenizer(folder / name.replace("text_encoder", "tokenizer"), pad)
    settings = {**config["scheduler"], **scheduler}
    cls = getattr(schedulers, settings["_class_name"])
    cls.from_config(settings).save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps(_index(family)))
    return folder


def write_tokenizer(folder: Path, pad: str) -> None:
    """CLIP's tokenizer files, as published: vocab.json, merges.txt, tokenizer_config.json."""
    folder.mkdir(parents=True)
    letters = byte_letters()
    words = [*letters, *(f"{x}</w>" for x in letters), *(m.replace(" ", "") for m in MERGES)]
    ids = {word: i for i, word in enumerate([*words, START, END])}
    (folder / "vocab.json").write_text(json.dumps(ids))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]) + "\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": TOKENS, "bos_token": START,
        "eos_token": END, "pad_token": pad, "unk_token": END,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def use_tiny_configs(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the single-file loader take the tiny sizes for the published ones."""
    from pidiff_cli.core.diffusion import single_file

    folder.mkdir(parents=True, exist_ok=True)
    for family, config in CONFIGS.items():
        (folder / f"{family}.json").write_text(json.dumps(config))
    (folder / single_file.MERGES).write_bytes(gzip.compress("\n".join(MERGES).encode()))
    monkeypatch.setattr(single_file, "CONFIGS", folder)


def ldm_state(folder: Path, family: str) -> dict[str, Tensor]:
    """A diffusers folder's weights under the names of the original checkpoints."""
    from safetensors.torch import load_file

    unet = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    vae = load_file(folder / "vae" / "diffusion_pytorch_model.safetensors")
    first = load_file(folder / "text_encoder" / "model.safetensors")
    state = {f"model.diffusion_model.{_unet_name(k, family)}": v for k, v in unet.items()}
    state |= {f"first_stage_model.{_vae_name(k)}": _vae_value(k, v) for k, v in vae.items()}
    mark = "conditioner.embedders.0" if family == "sdxl" else "cond_stage_model"
    prefix = f"{mark}.transformer.text_model."
    state |= {prefix + k.removeprefix("text_model."): v for k, v in first.items()}
    state[f"{prefix}embeddings.position_ids"] = torch.arange(TOKENS)[None]
    if family == "sdxl":
        second = load_file(folder / "text_encoder_2" / "model.safetensors")
        state |= {f"conditioner.embedders.1.model.{k}": v for k, v in _open_clip(second).items()}
    return {k: v.contiguous() for k, v in state.items()}


def _unet_name(key: str, family: str) -> str:
    """Two levels of one layer each: the original counts blocks on, down and up."""
    for new, old in (
        ("time_embedding.linear_1", "time_embed.0"), ("time_embedding.linear_2", "time_embed.2"),
        ("add_embedding.linear_1", "label_emb.0.0"), ("add_embedding.linear_2", "label_emb.0.2"),
        ("conv_in.", "input_blocks.0.0."), ("conv_norm_out", "out.0"), ("conv_out", "out.2"),
        ("down_blocks.0.resnets.0", "input_blocks.1.0"),
        ("down_blocks.0.attentions.0", "input_blocks.1.1"),
        ("down_blocks.0.downsamplers.0.conv", "input_blocks.2.0.op"),
        ("down_blocks.1.resnets.0", "input_blocks.3.0"),
        ("down_blocks.1.attentions.0", "input_blocks.3.1"),
        ("mid_block.resnets.0", "middle_block.0"), ("mid_block.attentions.0", "middle_block.1"),
        ("mid_block.resnets.1", "middle_block.2"),
        ("up_blocks.0.resnets.0", "output_blocks.0.0"),
        ("up_blocks.0.resnets.1", "output_blocks.1.0"),
        ("up_blocks.0.attentions.0", "output_blocks.0.1"),
        ("up_blocks.0.attentions.1", "output_blocks.1.1"),
        ("up_blocks.0.upsamplers.0.conv", f"output_blocks.1.{2 if family == 'sdxl' else 1}.conv"),
        ("up_blocks.1.resnets.0", "output_blocks.2.0"),
        ("up_blocks.1.resnets.1", "output_blocks.3.0"),
        ("up_blocks.1.attentions.0", "output_blocks.2.1"),
        ("up_blocks.1.attentions.1", "output_blocks.3.1"),
    ):  # fmt: skip
        if key.startswith(new):
            return old + _resnet(key.removeprefix(new))
    raise KeyError(key)


def _resnet(rest: str) -> str:
    for new, old in (
        (".norm1.", ".in_layers.0."), (".conv1.", ".in_layers.2."), (".norm2.", ".out_layers.0."),
        (".conv2.", ".out_layers.3."), (".time_emb_proj.", ".emb_layers.1."),
        (".conv_shortcut.", ".skip_connection."),
    ):  # fmt: skip
        if rest.startswith(new):
            return rest.replace(new, old)
    return rest


def _vae_name(key: str) -> str:
    count = len(_VAE["block_out_channels"])
    key = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", key)
    key = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", key)
    key = re.sub(
        r"up_blocks\.(\d)\.resnets\.(\d)",
        lambda m: f"up.{count - 1 - int(m[1])}.block.{m[2]}", key,
    )  # fmt: skip
    key = re.sub(
        r"up_blocks\.(\d)\.upsamplers\.0",
        lambda m: f"up.{count - 1 - int(m[1])}.upsample", key,
    )  # fmt: skip
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", key)
    for new, old in (
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_q", "mid.attn_1.q"),
        ("mid_block.attentions.0.to_k", "mid.attn_1.k"),
        ("mid_block.attentions.0.to_v", "mid.attn_1.v"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("conv_shortcut", "nin_shortcut"), ("conv_norm_out", "norm_out"),
    ):  # fmt: skip
        key = key.replace(new, old)
    return key


def _vae_value(key: str, value: Tensor) -> Tensor:
    """Attention's linear layers are 1x1 convolutions in the original."""
    linear = "mid_block.attentions.0.to_" in key and key.endswith("weight")
    return value[:, :, None, None] if linear else value


def _open_clip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    state = {k.removeprefix("text_model."): v for k, v in state.items()}
    out = {
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"],
        "ln_final.bias": state["final_layer_norm.bias"],
        "text_projection": state["text_projection.weight"].T,
        "logit_scale": torch.tensor(4.6),
    }
    for i in range(2):
        old, new = f"encoder.layers.{i}.", f"transformer.resblocks.{i}."
        for kind in ("weight", "bias"):
            joined = [state[f"{old}self_attn.{p}_proj.{kind}"] for p in "qkv"]
            out[f"{new}attn.in_proj_{kind}"] = torch.cat(joined)
            for theirs, ours in (
                ("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"),
                ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
            ):  # fmt: skip
                out[f"{new}{ours}.{kind}"] = state[f"{old}{theirs}.{kind}"]
    return out


def _index(family: str) -> dict[str, Any]:
    index: dict[str, Any] = {
        "_class_name": PIPELINES[family], "_diffusers_version": "0.42.1",
        "feature_extractor": [None, None], "image_encoder": [None, None],
        "scheduler": ["diffusers", CONFIGS[family]["scheduler"]["_class_name"]],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
    }  # fmt: skip
    if family == "sdxl":
        return index | {
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
            "force_zeros_for_empty_prompt": True,
        }
    return index | {"requires_safety_checker": False, "safety_checker": [None, None]}
