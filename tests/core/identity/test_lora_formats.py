"""LoRA files for other programs: their keys, their headers, and stock diffusers that loads them."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load

from pidiff_cli.core.diffusion.unet_layers import layers_of, unet_layers
from pidiff_cli.core.identity.lora_files import LoraWeights, write_peft
from pidiff_cli.core.identity.lora_foreign import read_foreign
from pidiff_cli.core.identity.lora_formats import FORMATS, LoraTold, kohya_file, with_alpha
from pidiff_cli.core.identity.lora_names import UnetLayers, kohya_name
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS
from tests.support.lora_made import apart, random_lora
from tests.support.tiny_real import CONFIGS

MINI = PACKAGE_WEIGHTS / "diffusers"
SIZES = {"mini": 128, "sd15": 512, "sdxl": 1024}


def told(family: str) -> LoraTold:
    return LoraTold("Alice", "woman", "Write 'woman'.", family, SIZES[family], "2026-01-02")


@pytest.fixture(scope="module")
def unets() -> dict[str, UnetLayers]:
    tiny = {family: layers_of(CONFIGS[family]["unet"]) for family in ("sd15", "sdxl")}
    return tiny | {"mini": unet_layers(MINI, "mini")}


def mixed(unet: UnetLayers, dtype: torch.dtype = torch.float32) -> LoraWeights:
    """Ranks, alphas and kinds of layers that differ, as in files that somebody resized."""
    paths = unet.linears if unet.layers_per_block == 1 else ()
    return random_lora(unet, paths, lambda i: 1 + i % 3, lambda i: 1.0 + i % 2, dtype)


@pytest.mark.parametrize("family", SIZES)
@pytest.mark.parametrize("kind", FORMATS)
def test_there_and_back(unets, tmp_path: Path, kind: str, family: str) -> None:
    unet = unets[family]
    lora, path = mixed(unet), tmp_path / "x.safetensors"
    path.write_bytes(FORMATS[kind](lora, told(family), unet))
    assert apart(read_foreign(path, unet).weights, lora) < 1e-6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_kohya_keeps_every_bit_of_an_even_lora(unets, tmp_path: Path, dtype) -> None:
    unet, path = unets["sdxl"], tmp_path / "x.safetensors"
    lora = random_lora(unet, rank=lambda i: 4, alpha=lambda i: 8.0, dtype=dtype)
    path.write_bytes(kohya_file(lora, told("sdxl"), unet))
    back = read_foreign(path, unet).weights
    for name, layer in lora.layers.items():
        other = back.layers[name]
        assert torch.equal(other.up, layer.up) and other.down.dtype == dtype
        assert other.alpha == 8.0


def test_a_small_alpha_does_not_fall_out_of_fp16(unets) -> None:
    """1 / 128 in one part would leave it with a few bits; in halves both keep theirs."""
    lora = random_lora(unets["mini"], rank=lambda i: 128, alpha=lambda i: 1.0, scale=3e-3)
    layer = next(iter(lora.layers.values()))
    half = LoraWeights({"a": type(layer)(layer.down.half(), layer.up.half(), 1.0)}).layers["a"]
    wanted, made = half.delta(), with_alpha(half, 128.0).delta()
    assert float((made - wanted).norm() / wanted.norm()) < 1e-3


def test_names_of_the_published_sdxl() -> None:
    """As kohya's own files have them."""
    unet = unet_layers(None, "sdxl")
    names = {kohya_name(path, True, unet.layers_per_block) for path in unet.linears}
    assert len(names) == len(unet.linears) == 722
    for name in (
        "input_blocks_4_1_transformer_blocks_0_attn1_to_q", "input_blocks_8_1_proj_out",
        "input_blocks_8_1_transformer_blocks_9_attn2_to_out_0",
        "middle_block_1_transformer_blocks_3_ff_net_0_proj",
        "output_blocks_0_1_transformer_blocks_9_attn2_to_k",
        "output_blocks_5_1_transformer_blocks_1_attn1_to_v",
    ):  # fmt: skip
        assert f"lora_unet_{name}" in names
    blocks = {name.split("_transformer")[0].split("_proj")[0] for name in names}
    assert blocks == {f"lora_unet_input_blocks_{i}_1" for i in (4, 5, 7, 8)} | {
        f"lora_unet_output_blocks_{i}_1" for i in range(6)
    } | {"lora_unet_middle_block_1"}


def test_diffusers_own_converter_gives_the_paths_back() -> None:
    from diffusers.loaders import lora_conversion_utils as convert
    from diffusers.utils.state_dict_utils import convert_unet_state_dict_to_peft

    unet = unet_layers(None, "sdxl")
    lora = random_lora(unet, [*unet.linears][::7], rank=lambda i: 1)
    tensors = load(kohya_file(lora, told("sdxl"), unet))
    config = SimpleNamespace(layers_per_block=2)
    mapped = convert._maybe_map_sgm_blocks_to_diffusers(dict(tensors), config)
    state, alphas = convert._convert_non_diffusers_lora_to_diffusers(mapped)
    found = convert_unet_state_dict_to_peft({k.removeprefix("unet."): v for k, v in state.items()})
    assert {key.split(".lora_")[0] for key in found} == lora.layers.keys()
    assert len(alphas) == len(lora.layers) and set(alphas.values()) == {2.0}


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("kind", ["diffusers-lora", "kohya"])
def test_stock_diffusers_changes_each_layer_as_peft_does(
    unets, folders: dict[str, Path], tmp_path: Path, family: str, kind: str
) -> None:
    unet = unets[family]
    lora = mixed(unet)
    (tmp_path / "x.safetensors").write_bytes(FORMATS[kind](lora, told(family), unet))
    pipe = _pipeline(folders[family])
    pipe.load_lora_weights(tmp_path, weight_name="x.safetensors")
    (adapter,) = pipe.unet.peft_config
    for path, layer in lora.layers.items():
        delta = pipe.unet.get_submodule(path).get_delta_weight(adapter)
        torch.testing.assert_close(delta, layer.delta(), atol=1e-6, rtol=1e-5)


def test_stock_diffusers_draws_what_peft_draws(unets, tmp_path: Path) -> None:
    """mini's own weights: both files give PEFT's picture, and it is another than the base's."""
    from peft import PeftModel

    unet = unets["mini"]
    lora = mixed(unet)
    write_peft(lora, tmp_path)
    for kind in ("diffusers-lora", "kohya"):
        (tmp_path / f"{kind}.safetensors").write_bytes(FORMATS[kind](lora, told("mini"), unet))
    pipe = _pipeline(MINI)
    stock, drawn = _draw(pipe), []
    for kind in ("diffusers-lora", "kohya"):
        pipe.load_lora_weights(tmp_path, weight_name=f"{kind}.safetensors")
        drawn.append(_draw(pipe))
        pipe.unload_lora_weights()
    assert np.array_equal(_draw(pipe), stock)
    PeftModel.from_pretrained(pipe.unet, str(tmp_path))
    peft = _draw(pipe)
    assert np.abs(peft - stock).max() > 50
    assert all(np.abs(picture - peft).max() <= 1 for picture in drawn)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_header(unets, tmp_path: Path, kind: str) -> None:
    unet, path = unets["sdxl"], tmp_path / "x.safetensors"
    path.write_bytes(FORMATS[kind](random_lora(unet), told("sdxl"), unet))
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    assert header["modelspec.sai_model_spec"] == "1.0.1"
    assert header["modelspec.architecture"] == "stable-diffusion-xl-v1-base/lora"
    assert header["modelspec.hash_sha256"] == f"0x{hashlib.sha256(content[start:]).hexdigest()}"
    assert header["modelspec.resolution"] == "1024x1024"
    assert (header["modelspec.title"], header["modelspec.trigger_phrase"]) == ("Alice", "woman")
    assert header["ss_base_model_version"] == "sdxl_base_v1-0"
    assert header["ss_network_module"] == "networks.lora"
    assert (header["ss_network_dim"], header["ss_network_alpha"]) == ("2", "2")
    assert json.loads(header.get("lora_adapter_metadata", '{"unet.r": 2}'))["unet.r"] == 2


def test_mixed_ranks_are_dynamic(unets, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(kohya_file(mixed(unets["sd15"]), told("sd15"), unets["sd15"]))
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    assert header["ss_network_dim"] == "Dynamic"
    assert header["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert header["ss_base_model_version"] == "sd_v1"


def _pipeline(folder: Path) -> Any:
    import diffusers

    index = json.loads((folder / "model_index.json").read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = getattr(diffusers, index["_class_name"]).from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _draw(pipe: Any) -> np.ndarray:
    random = torch.Generator().manual_seed(5)
    images = pipe(
        "a photo of a woman in snow", num_inference_steps=2, height=128, width=128,
        generator=random, output_type="np",
    ).images  # fmt: skip
    return (images * 255).round()
