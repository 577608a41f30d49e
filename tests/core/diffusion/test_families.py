"""Tiny Stable Diffusion 1.x and XL: the stock pipeline, schedulers by name, a training step."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from pidiff_cli.core import device
from pidiff_cli.core.device import pick_device
from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.diffusion.prompts import encode_prompt, text_states
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.diffusion.schedulers import CLASSES, SCHEDULERS
from pidiff_cli.core.identity.adapter import add_adapter, code_delta, trainable_parameters
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.step import LossSettings, TrainingStep
from pidiff_cli.errors import UsageError
from tests.support.tiny_families import FAMILIES, PROMPT, W
from tests.support.tiny_real import PIPELINES, SIZE, TOKENS, make_folder


def _stock(family: str, folder: Path, guidance: float, scheduler: str = "") -> np.ndarray:
    import diffusers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = getattr(diffusers, PIPELINES[family]).from_pretrained(folder)
        if scheduler:
            pipe.scheduler = getattr(diffusers, scheduler).from_config(pipe.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        stock = pipe(
            PROMPT, num_inference_steps=3, guidance_scale=guidance, height=SIZE, width=SIZE,
            generator=torch.Generator().manual_seed(9), output_type="np",
        ).images  # fmt: skip
    return (stock * 255).round().astype(np.uint8)


@pytest.mark.parametrize("family", FAMILIES)
def test_scale_zero_is_the_stock_pipeline_bit_for_bit(
    folders: dict[str, Path], bases: dict[str, Base], family: str
) -> None:
    base = bases[family]
    w = torch.randn(W, generator=torch.Generator().manual_seed(1))
    prompt = encode_prompt(base, PROMPT, "woman")
    for guidance, name, cls in (
        (4.0, "", ""), (1.0, "", ""), (4.0, "euler_a", "EulerAncestralDiscreteScheduler")
    ):  # fmt: skip
        settings = DrawSettings(3, guidance, 0.0, size=SIZE, scheduler=name)
        wanted = _stock(family, folders[family], guidance, cls)
        assert np.array_equal(draw(base, prompt, w, [9], settings).images, wanted), (guidance, name)
    plain = draw(base, prompt, w, [9], DrawSettings(3, 4.0, 0.0, size=SIZE)).images
    drawn = draw(base, prompt, w, [9], DrawSettings(3, 4.0, 1.0, size=SIZE)).images
    assert not np.array_equal(plain, drawn)
    blended = draw(
        base, prompt, w, [9], DrawSettings(3, 4.0, 1.0, size=SIZE, keep_background=1.0)
    ).images
    assert not np.array_equal(blended, plain)


def test_two_tokenizers_and_the_place_of_the_subject(bases: dict[str, Base]) -> None:
    base = bases["sdxl"]
    prompt = encode_prompt(base, "a woman", "woman")
    assert prompt.second is not None and prompt.second.shape == prompt.ids.shape == (TOKENS,)
    assert prompt.subject.nonzero()[:, 0].tolist() == [2]
    assert (prompt.ids != prompt.second).any()  # the second one pads with "!"
    states = text_states(base, [prompt, encode_prompt(base, "", "")])
    assert states.tokens.shape == (2, TOKENS, 2048) and states.pooled is not None
    assert states.pooled.shape == (2, 1024)
    assert states.tokens[1].abs().sum() == 0 and states.pooled[1].abs().sum() == 0
    conditions = states.added(64, 32)["added_cond_kwargs"]
    assert conditions["time_ids"].tolist() == [[64, 32, 0, 0, 64, 32]] * 2
    assert bases["sd15"].second_encoder is None
    plain = text_states(bases["sd15"], [encode_prompt(bases["sd15"], "a woman", "woman")])
    assert plain.pooled is None and plain.added(64, 64) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_four_bit_weights_draw_nearly_the_same_and_learn(
    folders: dict[str, Path], bases: dict[str, Base], family: str
) -> None:
    from bitsandbytes.nn import Linear4bit

    base = open_base(folders[family], None, W, nf4=True)
    small = [m for m in base.unet.modules() if isinstance(m, Linear4bit)]
    assert small and all(m.weight.dtype == torch.uint8 for m in small)
    assert not any(n.endswith("_id") and isinstance(m, Linear4bit)
                   for n, m in base.unet.named_modules())  # fmt: skip
    w = torch.randn(W, generator=torch.Generator().manual_seed(1))
    prompt = encode_prompt(base, PROMPT, "woman")
    settings = DrawSettings(3, 4.0, 1.0, size=SIZE)
    there = draw(bases[family], prompt, w, [9], settings).images.astype(int)
    here = draw(base, prompt, w, [9], settings).images.astype(int)
    assert 0 < np.abs(here - there).mean() < 12
    model = add_adapter(base.unet, 2, 2.0)
    data = LatentSet(torch.randn(2, 4, 8, 8), torch.ones(2, 1, 8, 8), torch.arange(2))
    training_step = TrainingStep(
        base, w.expand(2, *W), w, [prompt], LossSettings(), code_delta(model)
    )
    training_step.loss(training_step.sample(data, 2, torch.Generator().manual_seed(0)))[
        "loss"
    ].backward()
    assert all(p.grad is not None for p in trainable_parameters(model).values())


def test_parked_parts_come_back_for_a_call(bases: dict[str, Base]) -> None:
    class Traveller(torch.nn.Linear):
        places: ClassVar[list[str]] = []

        def to(self, *args: Any, **_: Any) -> Any:
            self.places.append(str(args[0]))
            return self

    parts = {name: Traveller(1, 1) for name in ("vae", "text_encoder", "second_encoder")}
    base = replace(bases["sd15"], **parts)
    base.park()
    assert not base.parked and not Traveller.places, "on the CPU there is nowhere to go"
    base.device = torch.device("cuda")
    base.park()
    assert base.parked and Traveller.places == ["cpu"] * 3
    with base._present():
        assert Traveller.places[3:] == ["cuda"]
    assert Traveller.places[4:] == ["cpu"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_training_step_moves_the_adapter(
    folders: dict[str, Path], family: str, dtype: torch.dtype
) -> None:
    base = open_base(folders[family], None, W, dtype=dtype)
    base.unet.enable_gradient_checkpointing()
    base.unet.train()
    g = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, SIZE, SIZE, generator=g) * 2 - 1
    data = LatentSet(base.encode(x), torch.ones(2, 1, 8, 8, dtype=dtype), torch.arange(2))
    model = add_adapter(base.unet, 2, 2.0)
    w = torch.randn(W, generator=g)
    caption = encode_prompt(base, "a photo of a woman", "woman")
    settings = LossSettings(drop_text=0, drop_identity=0, drop_both=0, preserve_share=1)
    delta = code_delta(model)
    training_step = TrainingStep(base, w.expand(2, *W), w, [caption], settings, delta)
    losses = training_step.loss(training_step.sample(data, 2, g))
    losses["loss"].backward()
    base.context.clear()
    assert torch.isfinite(losses["loss"]) and {"face", "preserve", "locate"} <= losses.keys()
    grads = {n: p.grad for n, p in trainable_parameters(model).items()}
    assert all(p.dtype == torch.float32 for p in trainable_parameters(model).values())
    assert all(g is not None for g in grads.values())
    assert delta is not None and delta.grad is not None and delta.grad.abs().sum() > 0


def test_an_untrained_branch_starts_from_the_text_and_is_the_same_at_every_load(
    folders: dict[str, Path], bases: dict[str, Base]
) -> None:
    again = open_base(folders["sdxl"], None, W)
    for key, value in bases["sdxl"].unet.state_dict().items():
        assert torch.equal(again.unet.state_dict()[key], value), key
        if "_id.weight" in key:
            assert torch.equal(again.unet.state_dict()[key.replace("_id", "")], value)
    assert again.projector.groups == ((0, 4), (4, 8), (8, 12), (12, 18))


def test_v_prediction_draws_and_learns_as_epsilon_does(
    folders: dict[str, Path], bases: dict[str, Base], tmp_path: Path
) -> None:
    """A UNet that knows the noise, asked for the velocity of the same latents."""
    from pidiff_cli.core.training.schedule import NoiseSchedule

    base = open_base(make_folder(tmp_path / "v", "sd15", prediction_type="v_prediction"), None, W)
    prompt = encode_prompt(base, PROMPT, "woman")
    settings = DrawSettings(3, 4.0, 0.0, size=SIZE)
    stock = _stock("sd15", tmp_path / "v", 4.0)
    assert np.array_equal(draw(base, prompt, None, [9], settings).images, stock)
    there = draw(bases["sd15"], prompt, None, [9], settings).images
    assert not np.array_equal(stock, there)  # the same weights, read otherwise
    schedule = NoiseSchedule.of(base)
    z, noise, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([10, 700])
    noisy, v = schedule.noisy(z, noise, t), schedule.target(z, noise, t)
    a = schedule.alphas[t].view(-1, 1, 1, 1)
    assert torch.allclose(a.sqrt() * noisy - (1 - a).sqrt() * v, z, atol=1e-5)


NAMES = sorted(SCHEDULERS) + sorted(CLASSES - {"DPMSolverSDEScheduler"})


@pytest.mark.parametrize("name", NAMES)
def test_schedulers_by_name(bases: dict[str, Base], name: str) -> None:
    base = bases["sd15"]
    prompt = encode_prompt(base, PROMPT, "woman")
    settings = DrawSettings(3, size=SIZE, scheduler=name)
    image = draw(base, prompt, None, [1], settings).images
    assert image.shape == (1, SIZE, SIZE, 3) and image.std() > 1
    kind = type(base.scheduler(name)).__name__
    assert kind == name or kind == SCHEDULERS[name][0]


def test_names_of_schedulers(bases: dict[str, Base]) -> None:
    base = bases["sd15"]
    for name in ("Euler", "eulerdiscrete", "EulerDiscreteScheduler"):
        assert type(base.scheduler(name)).__name__ == "EulerDiscreteScheduler"
    with pytest.raises(UsageError, match="no scheduler 'eulr'") as caught:
        base.scheduler("eulr")
    assert "euler" in caught.value.hint
    with pytest.raises(UsageError, match="no scheduler"):
        base.scheduler("FlowMatchEulerDiscreteScheduler")
    if importlib.util.find_spec("torchsde") is None:
        with pytest.raises(UsageError, match="needs torchsde"):
            base.scheduler("DPMSolverSDEScheduler")


@pytest.mark.parametrize("knows", [True, False])
def test_a_card_without_bf16_computes_in_fp16(monkeypatch: pytest.MonkeyPatch, knows: bool) -> None:
    monkeypatch.setattr(device, "may_have_cuda", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: knows)
    dtype = torch.bfloat16 if knows else torch.float16
    assert pick_device("auto", "auto", "sd15") == (torch.device("cuda"), dtype, dtype)
    assert pick_device("cuda", "bf16", "sd15")[1] == torch.bfloat16
    assert pick_device("cpu", "fp16", "mini")[1:] == (torch.float32, torch.float16)
