"""What makes a step faster changes no gradient; the optimizer falls back and says what it costs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file

from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt, text_states
from pidiff_cli.core.identity.adapter import (
    add_adapter,
    code_delta,
    load_adapter,
    make_optimizer,
    remove_adapter,
    save_adapter,
    trainable_parameters,
)
from pidiff_cli.core.identity.attention import cross_attentions
from pidiff_cli.core.training import fast_step
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.fast_step import (
    FastStep,
    FrozenConv2d,
    HalfWeights,
    WrittenProcessor,
    make_fast,
)
from pidiff_cli.core.training.step import Batch, LossSettings, TrainingStep
from pidiff_cli.stages.tune import plan
from pidiff_cli.stages.tune.internals import TuneInternals
from tests.support.tiny_base import DIM, ROWS, SIZE

CPU = torch.device("cpu")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _data() -> LatentSet:
    masks = torch.zeros(6, 1, SIZE // 8, SIZE // 8)
    masks[..., 2:6, 2:6] = 1
    z = torch.randn(6, 4, SIZE // 8, SIZE // 8, generator=_generator())
    return LatentSet(z, masks, torch.arange(6) % 2)


def _training_step(
    base: Base, blocks: str = "all", **settings: Any
) -> tuple[TrainingStep, torch.nn.Module]:
    torch.manual_seed(0)
    model = add_adapter(base.unet, 2, 2.0, blocks=blocks)
    with torch.no_grad():
        for parameter in trainable_parameters(model).values():
            parameter.add_(0.05)
    codes = torch.randn(2, ROWS, DIM, generator=_generator(1))
    captions = [encode_prompt(base, "a photo of a woman", "woman")]
    return TrainingStep(
        base, codes, codes.mean(0), captions, LossSettings(**settings), code_delta(model)
    ), model


def _gradients(
    training_step: TrainingStep, model: torch.nn.Module, batch: Batch
) -> dict[str, torch.Tensor]:
    with training_step.half_weights:
        training_step.loss(batch)["loss"].backward()
    found = trainable_parameters(model)
    kept = {k: p.grad.clone() for k, p in found.items() if p.grad is not None}
    for parameter in found.values():
        parameter.grad = None
    return kept


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_pictures_left_out_had_no_gradient(folder: Path, seed: int) -> None:
    training_step, model = _training_step(
        load_base(folder), preserve_share=1.0, drop_text=0.3, drop_identity=0.2, drop_both=0.1
    )
    whole = training_step.sample(_data(), 8, _generator(seed))
    training_step.settings = replace(training_step.settings, skip_dropped=True)
    some = training_step.sample(_data(), 8, _generator(seed))
    assert 0 < len(some) < len(whole) and some.live == len(some) / len(whole)
    one, other = _gradients(training_step, model, whole), _gradients(training_step, model, some)
    assert max(float(g.abs().max()) for g in one.values()) > 1e-4
    assert all(torch.allclose(one[k], other[k], atol=1e-6) for k in one)
    parts = {k: torch.zeros_like(g) for k, g in one.items()}
    for part in some.split(2):
        for name, grad in _gradients(training_step, model, part).items():
            parts[name] += grad * len(part) / len(some)
    assert all(torch.allclose(one[k], parts[k], atol=1e-6) for k in one)


def test_a_batch_of_dropped_pictures_alone_still_runs(folder: Path) -> None:
    training_step, _ = _training_step(load_base(folder), drop_text=1.0, skip_dropped=True)
    batch = training_step.sample(_data(), 3, _generator())
    assert len(batch) == 1
    assert torch.isfinite(training_step.loss(batch)["loss"])


@pytest.mark.parametrize(
    "switches", [FastStep(free_inputs=True), FastStep(free_inputs=False, written=True)]
)
def test_a_switch_changes_no_gradient(folder: Path, switches: FastStep) -> None:
    found = []
    for chosen in (FastStep(free_inputs=False), switches):
        base = load_base(folder)
        training_step, model = _training_step(base, preserve_share=1.0)
        make_fast(base.unet, chosen)
        make_fast(base.unet, chosen)
        found.append(
            _gradients(training_step, model, training_step.sample(_data(), 4, _generator(2)))
        )
    free_inputs = any(isinstance(m, FrozenConv2d) for m in base.unet.modules())
    assert free_inputs == switches.free_inputs
    assert all(torch.allclose(found[0][k], found[1][k], atol=1e-5) for k in found[0])


def test_written_attention_is_used_where_gradients_are_wanted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, calls = load_base(folder), []
    training_step, _ = _training_step(base)
    make_fast(base.unet, FastStep(written=True))
    plain = fast_step.written_attention
    monkeypatch.setattr(fast_step, "written_attention", lambda *x: calls.append(1) or plain(*x))
    batch = training_step.sample(_data(), 2, _generator(2))
    text = training_step.texts[batch.which].tokens
    with torch.no_grad():
        base.unet(batch.latents, batch.t, encoder_hidden_states=text)
    assert calls == []
    training_step.loss(batch)
    processors = base.unet.attn_processors.values()  # type: ignore[operator, union-attr]
    assert len(calls) == sum(isinstance(p, WrittenProcessor) for p in processors) > 0


def test_frozen_weights_are_narrow_inside_the_block_only(folder: Path) -> None:
    base = load_base(folder)
    _, model = _training_step(base)
    before = {k: p.detach().clone() for k, p in model.named_parameters()}
    narrow = HalfWeights(base.unet, torch.bfloat16)
    learning = set(trainable_parameters(model))
    with narrow:
        dtypes = {k: p.dtype for k, p in model.named_parameters()}
    assert {dtypes[k] for k in learning} == {torch.float32}
    assert torch.bfloat16 in dtypes.values()
    assert all(d == torch.float32 for k, d in dtypes.items() if "identity_projector" in k)
    assert all(torch.equal(p, before[k]) for k, p in model.named_parameters())
    with HalfWeights(base.unet, None):
        assert all(p.dtype == torch.float32 for p in model.parameters())


def test_bf16_gradients_are_near_those_of_float32(folder: Path) -> None:
    base = load_base(folder)
    training_step, model = _training_step(base, preserve_share=1.0)
    batch = training_step.sample(_data(), 4, _generator(2))
    exact = _gradients(training_step, model, batch)
    training_step.amp, training_step.half_weights = (
        torch.bfloat16,
        HalfWeights(base.unet, torch.bfloat16),
    )
    rough = _gradients(training_step, model, batch)
    a, b = (torch.cat([g[k].flatten() for k in exact]) for g in (exact, rough))
    assert not torch.equal(a, b) and torch.cosine_similarity(a, b, 0) > 0.99


def test_only_the_chosen_blocks_learn(folder: Path, tmp_path: Path) -> None:
    base = load_base(folder)
    training_step, model = _training_step(base, blocks="up")
    names = set(trainable_parameters(model))
    assert not any("down_blocks" in name or "mid_block" in name for name in names)
    assert any("up_blocks" in name for name in names) and any("projector" in n for n in names)
    save_adapter(model, tmp_path)
    again = load_adapter(load_base(folder).unet, tmp_path, trainable=True)
    assert set(trainable_parameters(again)) == names
    assert _gradients(training_step, model, training_step.sample(_data(), 2, _generator(2)))


@pytest.mark.parametrize(("blocks", "whole"), [("all", True), ("mid_up", False), ("up", False)])
def test_no_gradient_goes_down_to_what_does_not_learn(
    folder: Path, blocks: str, whole: bool
) -> None:
    """Not by the way of the tokens either, which carry the gradient of Δw."""
    base = load_base(folder)
    training_step, model = _training_step(base, blocks=blocks)
    seen: list[bool] = []
    for block in cast(Any, base.unet).down_blocks:
        block.register_forward_hook(lambda _, __, out: seen.append(out[0].requires_grad))
    training_step.loss(training_step.sample(_data(), 2, _generator(2)))["loss"].backward()
    assert any(seen) == whole
    delta = code_delta(model)
    assert delta is not None and delta.grad is not None and delta.grad.abs().sum() > 0
    remove_adapter(model)
    assert all(cast(Any, attn.processor).learns for _, attn in cross_attentions(base.unet))


def test_a_half_adapter_loads_as_float32(folder: Path, tmp_path: Path) -> None:
    _, model = _training_step(load_base(folder))
    save_adapter(model, tmp_path, half=True)
    stored = load_file(tmp_path / "adapter_model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    wanted = trainable_parameters(model)
    again = trainable_parameters(load_adapter(load_base(folder).unet, tmp_path, trainable=True))
    assert all(p.dtype == torch.float32 for p in again.values())
    assert all(torch.allclose(p, wanted[k], rtol=1e-3, atol=1e-4) for k, p in again.items())


def test_known_text_states_are_taken(folder: Path) -> None:
    base = load_base(folder)
    training_step, model = _training_step(base)
    captions = [encode_prompt(base, "a photo of a woman", "woman")]
    texts = text_states(base, [*captions, encode_prompt(base, "", "")])
    again = TrainingStep(
        base,
        training_step.codes,
        training_step.mean,
        captions,
        LossSettings(),
        code_delta(model),
        None,
        texts,
    )
    assert again.texts is texts and torch.equal(training_step.texts.tokens, texts.tokens)


def test_auto_settles_by_base_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    internals, bf16 = TuneInternals(), torch.bfloat16
    assert plan.fast_step(internals, "mini", None) == FastStep(free_inputs=False)
    assert plan.fast_step(internals, "mini", bf16) == FastStep(free_inputs=False, written=True)
    assert plan.fast_step(internals, "sd15", None) == FastStep(free_inputs=True)
    chosen = TuneInternals(fast_step="always", self_attention="written")
    assert plan.fast_step(chosen, "mini", None) == FastStep(True, True)
    monkeypatch.setattr(plan, "cpu_knows_bf16", lambda: True)
    assert plan.autocast(internals, "mini", CPU, None) == bf16
    assert plan.autocast(TuneInternals(precision="fp32"), "mini", CPU, None) is None
    assert plan.autocast(internals, "sd15", CPU, None) is None
    monkeypatch.setattr(plan, "cpu_knows_bf16", lambda: False)
    assert plan.autocast(internals, "mini", CPU, None) is None


@pytest.mark.parametrize("broken", ["missing", "failing"])
def test_without_bitsandbytes_torch_takes_over(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    library: Any = None
    if broken == "failing":

        class Failing:
            def __init__(self, parameters: Any) -> None:
                raise RuntimeError("no kernel image")

        library = ModuleType("bitsandbytes.optim")
        library.AdamW8bit = library.PagedAdamW8bit = Failing
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", library)
    told: list[str] = []
    parameter = torch.nn.Parameter(torch.zeros(1_000_000))
    groups = [{"params": [parameter], "rate": 1.0}]
    optimizer = make_optimizer(groups, CPU, 1e-2, eight_bit=True, warn=told.append)
    assert type(optimizer).__name__ == "AdamW" and optimizer.param_groups[0]["rate"] == 1.0
    assert len(told) == 1 and "bitsandbytes" in told[0] and "6.0 MB more" in told[0]
