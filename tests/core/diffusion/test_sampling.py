"""Drawing: equal to the stock pipeline without identity, and to itself with one."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion import base as base_module
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.errors import MissingWeightError
from tests.support.tiny_base import SIZE, make_base

FAST = DrawSettings(steps=3, size=SIZE)


@pytest.mark.parametrize("guidance", [4.0, 1.0])
def test_identity_scale_zero_is_the_stock_pipeline_bit_for_bit(
    folder: Path, base: Base, prompt: EncodedPrompt, w: Tensor, guidance: float
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from diffusers import StableDiffusionPipeline

        pipe = StableDiffusionPipeline.from_pretrained(folder / "diffusers")
        pipe.set_progress_bar_config(disable=True)
        stock = pipe(
            prompt.text,
            negative_prompt="",
            num_inference_steps=3,
            guidance_scale=guidance,
            height=SIZE,
            width=SIZE,
            generator=torch.Generator().manual_seed(9),
            output_type="np",
        ).images
    wanted = (stock * 255).round().astype(np.uint8)
    settings = DrawSettings(steps=3, size=SIZE, guidance=guidance, identity_scale=0.0)
    assert np.array_equal(draw(base, prompt, w, [9], settings).images, wanted)
    assert np.array_equal(draw(base, prompt, None, [9], settings).images, wanted)


def test_the_same_seed_gives_the_same_bytes_whatever_is_drawn_beside(
    base: Base, prompt: EncodedPrompt, w: Tensor
) -> None:
    alone = draw(base, prompt, w, [4], FAST).images[0]
    among = draw(base, prompt, w, [3, 4, 5], FAST).images
    assert np.array_equal(alone, among[1]) and not np.array_equal(among[0], among[1])
    assert base.context.tokens is None  # switched off behind it


def test_a_batch_draws_the_same_pictures(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    single = draw(base, prompt, w, [1, 2, 3], FAST).images.astype(int)
    settings = DrawSettings(steps=3, size=SIZE, chunk=3)
    batched = draw(base, prompt, w, [1, 2, 3], settings).images.astype(int)
    assert np.abs(single - batched).max() <= 1


@pytest.mark.parametrize("keep", [0.0, 1.0])
def test_prompts_share_a_batch(base: Base, prompt: EncodedPrompt, w: Tensor, keep: float) -> None:
    """Each picture by its own prompt, as if it were drawn alone."""
    prompts = [prompt, encode_prompt(base, "a photo of a person in the snow", "person")]
    settings = DrawSettings(steps=3, size=SIZE, chunk=2, keep_background=keep)
    alone = [draw(base, p, w, [5], settings).images[0].astype(int) for p in prompts]
    beside = draw(base, prompts, w, [5, 5], settings).images
    assert np.abs(np.stack(alone) - beside).max() <= 1
    assert np.abs(alone[0] - alone[1]).max() > 1


@pytest.mark.parametrize("scheduler", ["lcm", "tcd", "dpm++"])
def test_few_step_samplers_draw_a_base_that_predicts_v(
    base: Base, prompt: EncodedPrompt, w: Tensor, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their noise is the picture's own: the same bytes again, whatever is drawn beside."""
    monkeypatch.setitem(base.scheduler_config, "prediction_type", "v_prediction")
    settings = DrawSettings(
        steps=4, size=SIZE, guidance=1.5, keep_background=0.25, scheduler=scheduler
    )
    images = draw(base, prompt, w, [1, 2], settings).images
    assert images.std() > 1
    assert np.array_equal(draw(base, prompt, w, [2], settings).images[0], images[1])
    base.scheduler_config["prediction_type"] = "epsilon"  # it is read
    assert not np.array_equal(draw(base, prompt, w, [2], settings).images[0], images[1])


def test_identity_shows_and_can_start_late(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    plain = draw(base, prompt, None, [1], FAST).images.astype(int)
    full = draw(base, prompt, w, [1], FAST).images.astype(int)
    late = draw(base, prompt, w, [1], DrawSettings(steps=3, size=SIZE, start=0.67)).images
    never = draw(base, prompt, w, [1], DrawSettings(steps=3, size=SIZE, start=1.0)).images
    assert np.abs(full - plain).mean() > np.abs(late.astype(int) - plain).mean() > 0
    assert np.array_equal(never, plain)


def test_maps_come_back_when_asked(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    maps = draw(base, prompt, w, [1, 2], FAST, record=True).maps
    assert maps is not None and maps.shape == (2, SIZE // 8, SIZE // 8)
    assert 0 <= maps.min() and maps.max() <= 1 + 1e-5 and maps.max() > 0


def test_every_step_is_told(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    steps: list[int] = []
    draw(base, prompt, w, [1, 2], FAST, on_step=lambda: steps.append(1))
    assert len(steps) == 6


def test_the_negative_prompt_counts(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    settings = DrawSettings(steps=3, size=SIZE, negative="snow")
    a, b = draw(base, prompt, w, [1], FAST), draw(base, prompt, w, [1], settings)
    assert not np.array_equal(a.images, b.images)


def test_a_base_that_lacks_a_file_is_a_sentence(tmp_path: Path) -> None:
    make_base(tmp_path)
    (tmp_path / "identity" / "branch.safetensors").write_bytes(b"cut")
    with pytest.raises(MissingWeightError, match="does not load"):
        load_base(tmp_path)
    (tmp_path / "diffusers" / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(MissingWeightError, match="does not load"):
        load_base(tmp_path)


def test_decoding_makes_do_with_less_memory(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    """One picture at a time, the same numbers; then by tiles; then memory is really out."""
    vae = cast(Any, base.vae)
    monkeypatch.setattr(base, "vae", copy.deepcopy(vae))
    monkeypatch.setattr(base_module, "TILE", 64)
    latents = torch.randn(3, base.latent_channels, 16, 16)  # a tile is 8
    wanted = base.decode(latents)
    room = [latents[0].numel()]

    def full(_: torch.nn.Module, given: tuple[Tensor]) -> None:
        if given[0].numel() > room[0]:
            raise torch.OutOfMemoryError("not enough")

    base.vae.decoder.register_forward_pre_hook(full)  # type: ignore[union-attr, operator, arg-type]
    assert torch.allclose(base.decode(latents), wanted, atol=1e-5)
    assert not base.vae.use_tiling
    room[0] //= 4
    tiled = base.decode(latents)
    assert base.vae.use_tiling and tiled.shape == wanted.shape
    assert (tiled - wanted).abs().mean() < 0.5 * wanted.std()
    room[0] = 0
    with pytest.raises(torch.OutOfMemoryError):
        base.decode(latents)
