"""The LoRA on the base's own attention: off it is the base, on it is PEFT's, fused or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    load_adapter,
    save_adapter,
    trainable_parameters,
)
from pidiff_cli.core.identity.lora import PersonLora, add_lora, load_lora, save_lora
from pidiff_cli.errors import InputError


def _predict(base: Base) -> Tensor:
    g = torch.Generator().manual_seed(3)
    x, text = torch.randn(1, 4, 8, 8, generator=g), torch.randn(1, 5, 32, generator=g)
    with torch.no_grad():
        return base.unet(x, torch.tensor([10]), encoder_hidden_states=text).sample


def _shaken(base: Base, **more: str) -> PersonLora:
    torch.manual_seed(0)
    lora = add_lora(base.unet, 2, 4.0, **more)
    with torch.no_grad():
        for parameter in lora.parameters():
            parameter.normal_(0, 0.2)
    return lora


def test_it_is_off_until_it_is_switched_on(base: Base) -> None:
    before = _predict(base)
    lora = _shaken(base)
    assert torch.equal(_predict(base), before)
    lora.switch(1.0)
    assert not torch.allclose(_predict(base), before, atol=1e-3)
    lora.switch(0.0)
    assert torch.equal(_predict(base), before)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_fused_it_computes_the_same(base: Base, scale: float) -> None:
    before, lora = _predict(base), _shaken(base)
    lora.switch(scale)
    with_peft = _predict(base)
    names = set(trainable_parameters(base.unet))
    with lora.fused():
        assert torch.equal(_predict(base), before)
        lora.switch(scale)
        assert torch.allclose(_predict(base), with_peft, atol=1e-4)
        lora.switch(0.0)
        assert torch.equal(_predict(base), before)
        lora.switch(scale)  # whoever leaves it on
    assert torch.equal(_predict(base), before)
    assert set(trainable_parameters(base.unet)) == names


def test_it_learns_whether_on_or_off_and_nothing_else_does(base: Base) -> None:
    lora = _shaken(base)
    for scale in (1.0, 0.0):
        lora.switch(scale)
        names = list(trainable_parameters(base.unet))
        assert len(names) == len(lora.parameters()) and all("lora_" in name for name in names)


@pytest.mark.parametrize(("layers", "there", "absent"), [
    ("cross", "attn2.to_q", "attn1"), ("kv", "attn1.to_v", "to_q"), ("out", "to_out.0", "to_k"),
])  # fmt: skip
def test_it_sits_where_it_is_told(base: Base, layers: str, there: str, absent: str) -> None:
    paths = list(_shaken(base, layers=layers).layers)
    assert any(there in path for path in paths) and not any(absent in path for path in paths)


def test_saved_and_loaded_it_draws_the_same(base: Base, other: Base, tmp_path: Path) -> None:
    lora = _shaken(base)
    save_lora(lora, tmp_path / "lora")
    lora.switch(1.0)
    again = load_lora(other.unet, tmp_path / "lora")
    assert not trainable_parameters(other.unet)
    again.switch(1.0)
    assert torch.equal(_predict(other), _predict(base))


def test_another_s_takes_the_place_of_a_fused_one(base: Base, other: Base, tmp_path: Path) -> None:
    before, lora = _predict(base), _shaken(base)
    save_lora(lora, tmp_path / "lora")
    with torch.no_grad():
        for parameter in lora.parameters():
            parameter.mul_(2)
    lora.fuse()
    lora.switch(1.0)
    _predict(base)
    lora.switch(0.0)
    again, fresh = (load_lora(one.unet, tmp_path / "lora") for one in (base, other))
    again.fuse()
    assert torch.equal(_predict(base), before)
    again.switch(1.0)
    fresh.switch(1.0)
    assert torch.allclose(_predict(base), _predict(other), atol=1e-4)


def test_it_stands_beside_the_branch(base: Base, other: Base, tmp_path: Path) -> None:
    model = add_adapter(base.unet, 2, 2.0)
    of_the_branch = len(trainable_parameters(model))
    lora = _shaken(base)
    assert len(trainable_parameters(model)) == of_the_branch + len(lora.parameters())
    save_adapter(model, tmp_path / "adapter")
    save_lora(lora, tmp_path / "lora")
    from safetensors.torch import load_file

    files = [
        load_file(tmp_path / part / "adapter_model.safetensors") for part in ("adapter", "lora")
    ]
    assert not files[0].keys() & files[1].keys()
    loaded = load_adapter(other.unet, tmp_path / "adapter", trainable=True)
    load_lora(other.unet, tmp_path / "lora", learns=True)
    assert len(trainable_parameters(loaded)) == len(trainable_parameters(model))


def test_what_does_not_fit_is_told(base: Base, other: Base, tmp_path: Path) -> None:
    save_lora(_shaken(base), tmp_path / "lora")
    file = tmp_path / "lora" / "adapter_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="does not load"):
        load_lora(other.unet, tmp_path / "lora")


@pytest.mark.parametrize("fused", [False, True])
def test_the_last_rows_alone_are_with_it(base: Base, fused: bool) -> None:
    lora = _shaken(base)
    if fused:
        lora.fuse()
    g = torch.Generator().manual_seed(3)
    x, text = torch.randn(3, 4, 8, 8, generator=g), torch.randn(3, 5, 32, generator=g)

    def predict() -> Tensor:
        with torch.no_grad():
            return base.unet(x, torch.tensor([10]), encoder_hidden_states=text).sample

    without = predict()
    lora.switch(0.5)
    along = predict()
    for last in (1, 2, 3):
        lora.switch(0.5, last)
        mixed = predict()
        assert torch.allclose(mixed[: 3 - last], without[: 3 - last], atol=1e-5)
        assert torch.allclose(mixed[3 - last :], along[3 - last :], atol=1e-5)
    lora.switch(0.0)
    assert torch.equal(predict(), without)
