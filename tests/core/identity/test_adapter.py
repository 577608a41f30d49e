"""The PEFT adapter: what is trained, what is kept, and the optimizers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.identity import adapter as adapter_module
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    code_delta,
    identity_tokens,
    load_adapter,
    make_optimizer,
    remove_adapter,
    save_adapter,
    swap_adapter,
    trainable_parameters,
)
from pidiff_cli.core.training.checkpoint import load_checkpoint, read_state, save_checkpoint
from pidiff_cli.errors import InputError
from tests.support.tiny_base import DIM, ROWS


def _shaken(base: Base) -> torch.nn.Module:
    torch.manual_seed(0)
    model = add_adapter(base.unet, rank=2, alpha=2.0)
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.normal_()
    return model


def _predict(base: Base) -> torch.Tensor:
    g = torch.Generator().manual_seed(3)
    context = base.context
    context.tokens = identity_tokens(base.unet, torch.randn(1, ROWS, DIM, generator=g))
    context.use_map, context.scale = False, 1.0
    with torch.no_grad():
        x, text = torch.randn(1, 4, 8, 8, generator=g), torch.randn(1, 5, 32, generator=g)
        return base.unet(x, torch.tensor([10]), encoder_hidden_states=text).sample


def test_only_the_branch_and_the_code_are_trained(base: Base) -> None:
    names = trainable_parameters(add_adapter(base.unet, 2, 2.0))
    assert all("lora_" in n or "identity_code" in n for n in names)
    for part in ("to_q_id", "to_k_id", "to_v_id", "identity_projector", "identity_code"):
        assert any(part in name for name in names)
    assert not any("attn1" in n or "to_q." in n for n in names)


def test_a_fresh_adapter_changes_nothing(base: Base) -> None:
    before = _predict(base)
    add_adapter(base.unet, 2, 2.0)
    assert torch.allclose(_predict(base), before, atol=1e-6)


def test_save_and_load_are_bit_identical(base: Base, folder: Path, tmp_path: Path) -> None:
    model = _shaken(base)
    save_adapter(model, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert json.loads((tmp_path / "adapter_config.json").read_text())[
        "base_model_name_or_path"
    ] in (None, "")
    wanted, delta = _predict(base), code_delta(model)
    other = load_base(folder)
    again = load_adapter(other.unet, tmp_path, trainable=True)
    assert torch.equal(_predict(other), wanted)
    assert delta is not None and torch.equal(code_delta(again), delta)


def test_removing_an_adapter_gives_the_general_branch_back(base: Base) -> None:
    before = _predict(base)
    model = _shaken(base)
    assert not torch.allclose(_predict(base), before, atol=1e-4)
    remove_adapter(model)
    assert torch.equal(_predict(base), before)


def test_scale_zero_stays_the_base_with_an_adapter(base: Base) -> None:
    base.context.tokens = None
    x = torch.randn(1, 4, 8, 8), torch.tensor([5]), torch.randn(1, 5, 32)
    with torch.no_grad():
        before = base.unet(*x).sample
        _shaken(base)
        base.context.tokens, base.context.scale = torch.randn(1, 6, 32), 0.0
        assert torch.equal(base.unet(*x).sample, before)


def test_a_damaged_adapter_is_a_sentence(base: Base, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no adapter"):
        load_adapter(base.unet, tmp_path)
    save_adapter(_shaken(base), tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="does not load"):
        load_adapter(load_base(folder).unet, tmp_path)


@pytest.mark.parametrize("eight_bit", [False, True, None])
def test_optimizers_step_and_resume(base: Base, tmp_path: Path, eight_bit: bool | None) -> None:
    """AdamW8bit runs on the CPU when asked; by default the CPU takes torch's fused AdamW."""
    model = _shaken(base)
    parameters = list(trainable_parameters(model).values())
    optimizer = make_optimizer(parameters, "cpu", 1e-2, eight_bit)
    assert type(optimizer).__name__ == ("AdamW8bit" if eight_bit else "AdamW")
    generator = torch.Generator().manual_seed(4)

    def step() -> None:
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()

    step()
    save_checkpoint(tmp_path, model, None, optimizer, generator, {"step": 1})
    step()
    wanted = [p.detach().clone() for p in parameters]
    remove_adapter(model)
    model = load_adapter(base.unet, tmp_path / "adapter", trainable=True)
    parameters = list(trainable_parameters(model).values())
    optimizer = make_optimizer(parameters, "cpu", 1e-2, eight_bit)
    assert read_state(tmp_path) == {"step": 1}
    load_checkpoint(tmp_path, optimizer, generator)
    step()
    assert all(torch.equal(p, w) for p, w in zip(parameters, wanted, strict=True))


@pytest.mark.parametrize("eight_bit", [False, True])
def test_a_run_goes_on_with_the_other_optimizer(
    base: Base, tmp_path: Path, eight_bit: bool
) -> None:
    """bitsandbytes came or went between two runs: the averages begin anew, nothing fails."""
    model = _shaken(base)
    parameters = list(trainable_parameters(model).values())
    generator = torch.Generator().manual_seed(4)
    first, other = (make_optimizer(parameters, "cpu", 1e-2, b) for b in (eight_bit, not eight_bit))
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    first.step()
    save_checkpoint(tmp_path, model, None, first, generator, {"step": 1})
    load_checkpoint(tmp_path, other, generator)
    before = [p.detach().clone() for p in parameters]
    other.step()
    assert all(not torch.equal(p, b) for p, b in zip(parameters, before, strict=True))


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    (tmp_path / "state.json").write_text("{")
    assert read_state(tmp_path) is None


def _saved(folder: Path, where: Path, seed: int, rank: int = 2) -> Path:
    """An adapter of random weights, Δw included."""
    model = add_adapter(load_base(folder).unet, rank, 2.0)
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.copy_(torch.randn(parameter.shape, generator=g))
    save_adapter(model, where / str(seed))
    return where / str(seed)


def test_swapped_adapters_are_as_if_loaded_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of another rank, which no memory that is there can take."""
    places = [_saved(folder, tmp_path, seed, rank) for seed, rank in ((1, 2), (2, 2), (3, 4))]
    alone = []
    for place in places:
        fresh = load_base(folder)
        load_adapter(fresh.unet, place)
        alone.append(_predict(fresh))
    base = load_base(folder)
    model = load_adapter(base.unet, places[0])
    loads: list[Path] = []
    monkeypatch.setattr(
        adapter_module, "load_adapter", lambda u, p: (loads.append(p), load_adapter(u, p))[1]
    )
    for number in (1, 0, 2, 1):
        model = swap_adapter(model, places[number])
        assert torch.equal(_predict(base), alone[number])
    assert loads == [places[2], places[1]]  # the others were copied in
    assert not torch.equal(alone[0], alone[1])


def test_a_damaged_adapter_is_not_swapped_in(folder: Path, tmp_path: Path) -> None:
    good = _saved(folder, tmp_path, 1)
    bad = _saved(folder, tmp_path, 2)
    (bad / "adapter_model.safetensors").write_bytes(b"cut")
    model = load_adapter(load_base(folder).unet, good)
    with pytest.raises(InputError, match="does not load"):
        swap_adapter(model, bad)
