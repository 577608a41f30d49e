"""LoRA files of other programs: every dialect, what is left out, what is refused and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from pidiff_cli.core.diffusion.unet_layers import layers_of, unet_layers
from pidiff_cli.core.identity.lora_files import write_peft
from pidiff_cli.core.identity.lora_foreign import read_foreign
from pidiff_cli.core.identity.lora_names import UnetLayers
from pidiff_cli.errors import InputError
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS
from tests.support.lora_made import DIALECTS, apart, attention, random_lora, write_dialect
from tests.support.tiny_real import CONFIGS


@pytest.fixture(scope="module")
def unets() -> dict[str, UnetLayers]:
    tiny = {family: layers_of(CONFIGS[family]["unet"]) for family in ("sd15", "sdxl")}
    return tiny | {"mini": unet_layers(PACKAGE_WEIGHTS / "diffusers", "mini")}


@pytest.mark.parametrize("family", ["sd15", "sdxl", "mini"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect(unets, tmp_path: Path, dialect: str, family: str) -> None:
    unet, told = unets[family], DIALECTS[dialect][3]
    lora = random_lora(unet, rank=lambda i: 2, alpha=lambda i: 1.0 + i % 2 if told else 2.0)
    found = read_foreign(write_dialect(dialect, lora, unet, tmp_path / "x.safetensors"), unet)
    assert apart(found.weights, lora) == 0
    assert found.left_out == {} and found.trigger == ""
    assert found.dialect in ("kohya", "diffusers", "peft", "comfyui")


def test_linear_layers_beside_the_attention_are_kept(unets, tmp_path: Path) -> None:
    """SDXL's projections are linear; a file may hold them as 1 x 1 convolutions."""
    unet = unets["sdxl"]
    lora = random_lora(unet, unet.linears)
    path = write_dialect("kohya sdxl", lora, unet, tmp_path / "x.safetensors")
    tensors = load_file(path)
    for key in [key for key in tensors if "proj_in.lora" in key]:
        tensors[key] = tensors[key][..., None, None]
    save_file(tensors, path)
    assert apart(read_foreign(path, unet).weights, lora) == 0
    assert any(".ff." in key for key in lora.layers)


def test_what_is_left_out_is_counted(unets, tmp_path: Path) -> None:
    unet, ones = unets["sd15"], torch.ones
    before = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    more: dict[str, Tensor] = {f"{before}.dora_scale": ones(8, 1)}
    for name, shape in (
        ("lora_te_text_model_encoder_layers_0_mlp_fc1", (2, 8)),
        ("lora_unet_down_blocks_0_attentions_0_proj_in", (2, 8, 1, 1)),
        ("lora_unet_down_blocks_0_resnets_0_conv1", (2, 8, 3, 3)),
        ("lora_unet_input_blocks_1_0_in_layers_2", (2, 8, 3, 3)),
        ("lora_unet_down_blocks_0_resnets_0_time_emb_proj", (2, 8)),
    ):
        more |= {f"{name}.lora_down.weight": ones(shape), f"{name}.lora_up.weight": ones(8, 2)}
        more |= {f"{name}.alpha": torch.tensor(1.0)}
    more |= {"lora_unet_mid_block_attentions_0_proj_in.lokr_w1": ones(2, 2)}
    more |= {"lora_unet_conv_in.diff": ones(2, 2), "bundle_emb.me.clip_l": ones(1, 4)}
    more |= {"lora_unet_mid_block_attentions_0_proj_out.hada_w1_a": ones(2, 2)}
    lora = random_lora(unet)
    path = write_dialect("kohya sd15", lora, unet, tmp_path / "x.safetensors", tensors=more)
    found = read_foreign(path, unet)
    assert apart(found.weights, lora) == 0
    assert found.left_out == {
        "DoRA magnitudes": 1, "text encoder layers": 1, "convolutions of a transformer": 1,
        "convolutions": 2, "time embeddings": 1, "LoKr layers": 1, "whole differences": 1,
        "bundled words": 1, "LoHa layers": 1,
    }  # fmt: skip


def test_alpha_from_the_settings(unets, tmp_path: Path) -> None:
    """Of diffusers' header, and of the file that PEFT writes beside."""
    unet = unets["mini"]
    lora = random_lora(unet, rank=lambda i: 1 + i % 2, alpha=lambda i: 3.0 + i % 2)
    settings = json.dumps({f"unet.{key}": value for key, value in lora.config().items()})
    path = tmp_path / "x.safetensors"
    metadata = {"lora_adapter_metadata": settings, "modelspec.trigger_phrase": " ohwx \n woman"}
    write_dialect("ai-toolkit", lora, unet, path, metadata=metadata)
    found = read_foreign(path, unet)
    assert apart(found.weights, lora) == 0 and found.trigger == "ohwx woman"
    write_peft(lora, tmp_path)
    found = read_foreign(tmp_path / "adapter_model.safetensors", unet)
    assert apart(found.weights, lora) == 0 and found.dialect == "peft"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_precision_stays(unets, tmp_path: Path, dtype: torch.dtype) -> None:
    lora = random_lora(unets["mini"], dtype=dtype)
    path = write_dialect("kohya sd15", lora, unets["mini"], tmp_path / "x.safetensors")
    layers = read_foreign(path, unets["mini"]).weights.layers
    assert {layer.up.dtype for layer in layers.values()} == {dtype}


@pytest.mark.parametrize("of, on, match", [
    ("sdxl", "sd15", "probably for Stable Diffusion XL"),
    ("sd15", "sdxl", "Stable Diffusion 1.x"),
    ("mini", "sdxl", "mini"),
])  # fmt: skip
def test_another_base_s(unets, tmp_path: Path, of: str, on: str, match: str) -> None:
    path = tmp_path / "x.safetensors"
    write_dialect("ai-toolkit", random_lora(unets[of]), unets[of], path)
    with pytest.raises(InputError, match=match):
        read_foreign(path, unets[on])


def test_a_file_that_has_mostly_other_layers(unets, tmp_path: Path) -> None:
    unet = unets["sdxl"]
    one = random_lora(unet, [path for path in attention(unet) if "attn1" in path][:1])
    strange = {
        f"unet.down_blocks.9.attentions.{i}.transformer_blocks.0.attn1.to_q.lora_{part}.weight":
            torch.ones(2, 2) for i in range(4) for part in "AB"
    }  # fmt: skip
    path = tmp_path / "x.safetensors"
    write_dialect("ai-toolkit", one, unet, path, tensors=strange)
    with pytest.raises(InputError, match="Most layers of x.safetensors are not in this base"):
        read_foreign(path, unet)


@pytest.mark.parametrize("key, match", [
    ("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "FLUX"),
    ("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", "FLUX"),
    ("lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight", "Stable Diffusion 3"),
    ("transformer.transformer_blocks.0.attn.add_q_proj.lora_A.weight", "Stable Diffusion 3"),
    ("diffusion_model.blocks.0.self_attn.q.lora_A.weight", r"video model \(Wan"),
    ("transformer.transformer_blocks.0.attn1.to_q.lora_A.weight", "transformer"),
    ("down_blocks.0.motion_modules.0.temporal_transformer.proj_in.lora_A.weight", "video"),
    ("lora_unet_down_blocks_0_attentions_0_proj_in.hada_w1_a", "LoHa"),
    ("lora_unet_down_blocks_0_attentions_0_proj_in.lokr_w2", "LoKr"),
    ("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", "text encoder only"),
    ("model.diffusion_model.input_blocks.0.0.weight", "whole checkpoint"),
    ("string_to_param.*", "textual inversion"),
    ("something.else", "1 keys, none fits"),
])  # fmt: skip
def test_no_layer_at_all_says_what_it_probably_is(unets, tmp_path: Path, key, match) -> None:
    path = tmp_path / "x.safetensors"
    save_file({key: torch.ones(2, 2)}, path)
    with pytest.raises(InputError, match=match):
        read_foreign(path, unets["sd15"])


def test_damaged_files(unets, tmp_path: Path) -> None:
    unet, path = unets["mini"], tmp_path / "x.safetensors"
    lora = random_lora(unet)
    write_dialect("ai-toolkit", lora, unet, path)
    whole = path.read_bytes()
    tensors = load_file(path)
    path.write_bytes(whole[:-9])
    with pytest.raises(InputError, match="damaged"):
        read_foreign(path, unet)
    key = next(iter(tensors))
    save_file({k: v for k, v in tensors.items() if k != key}, path)
    with pytest.raises(InputError, match="one of its two parts"):
        read_foreign(path, unet)
    save_file(tensors | {key: tensors[key] * torch.nan}, path)
    with pytest.raises(InputError, match="no numbers"):
        read_foreign(path, unet)
    save_file(tensors | {key: torch.tensor(1.0)}, path)
    with pytest.raises(InputError, match="damaged"):
        read_foreign(path, unet)
    write_dialect("ai-toolkit", lora, unet, path, metadata={"lora_adapter_metadata": "[1]"})
    with pytest.raises(InputError, match="settings of x.safetensors are damaged"):
        read_foreign(path, unet)
    pickle = tmp_path / "x.pt"
    torch.save(tensors, pickle)
    with pytest.raises(InputError, match="pickle, which can hold a program"):
        read_foreign(pickle, unet)
    with pytest.raises(InputError, match="not there"):
        read_foreign(tmp_path / "none.safetensors", unet)
