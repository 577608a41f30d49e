"""The LoRA of a UNet and its PEFT folder: what PEFT itself makes of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pidiff_cli.core.diffusion.unet_layers import layers_of
from pidiff_cli.core.identity.lora_files import LoraLayer, LoraWeights, read_peft, write_peft
from pidiff_cli.core.identity.lora_names import UnetLayers
from pidiff_cli.errors import InputError
from tests.support.lora_made import random_lora
from tests.support.tiny_real import CONFIGS


@pytest.fixture(scope="module")
def unet() -> UnetLayers:
    return layers_of(CONFIGS["sdxl"]["unet"])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_there_and_back_bit_for_bit(unet: UnetLayers, tmp_path: Path, dtype: torch.dtype) -> None:
    lora = random_lora(unet, rank=lambda i: 1 + i % 3, alpha=lambda i: 1 + i % 2, dtype=dtype)
    write_peft(lora, tmp_path)
    back = read_peft(tmp_path)
    assert back.layers.keys() == lora.layers.keys()
    for path, layer in lora.layers.items():
        other = back.layers[path]
        assert torch.equal(layer.down, other.down) and torch.equal(layer.up, other.up)
        assert (layer.alpha, layer.down.dtype) == (other.alpha, dtype)


def test_peft_changes_every_layer_as_it_says(unet: UnetLayers, tmp_path: Path) -> None:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from peft import PeftModel

    lora = random_lora(unet, unet.linears, rank=lambda i: 1 + i % 3, alpha=lambda i: 1 + i % 2)
    write_peft(lora, tmp_path)
    model = UNet2DConditionModel.from_config(CONFIGS["sdxl"]["unet"])
    PeftModel.from_pretrained(model, str(tmp_path))
    for path, layer in lora.layers.items():
        delta = model.get_submodule(path).get_delta_weight("default")
        torch.testing.assert_close(delta, layer.delta())


def test_root_scaling_is_told_as_an_alpha(unet: UnetLayers, tmp_path: Path) -> None:
    lora = random_lora(unet, rank=lambda i: 4)
    write_peft(lora, tmp_path)
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"use_rslora": True}))
    assert {layer.alpha for layer in read_peft(tmp_path).layers.values()} == {4.0}  # 2 √4


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda d, u: (d, u[:, :1]), "times"),
        (lambda d, u: (d * torch.inf, u), "no numbers"),
        (lambda d, u: (d.half(), u), "float16"),
        (lambda d, u: (d.double(), u.double()), "float64"),
    ],
)
def test_a_damaged_layer(change, match) -> None:
    with pytest.raises(InputError, match=match):
        LoraWeights({"a.to_q": LoraLayer(*change(torch.ones(2, 4), torch.ones(6, 2)), 1.0)})


def test_a_folder_that_is_more_or_less_than_a_lora(unet: UnetLayers, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged or missing"):
        read_peft(tmp_path)
    write_peft(random_lora(unet), tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    save_file(load_file(file) | {"more": torch.ones(1)}, file)
    with pytest.raises(InputError, match="more than a plain LoRA: more"):
        read_peft(tmp_path)
    with pytest.raises(InputError, match="no layer"):
        LoraWeights({})
