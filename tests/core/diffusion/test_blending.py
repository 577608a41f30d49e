"""Background blending: away from the subject the picture is the base's own, drawn beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion import blending, guidance
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.guidance import Predictor
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity import attention
from pidiff_cli.core.identity.adapter import add_adapter
from tests.support.tiny_base import SIZE

FREE = DrawSettings(steps=4, size=SIZE)


def _change(base: Base, prompt: EncodedPrompt, w: Tensor, keep: float) -> float:
    plain = draw(base, prompt, None, [1], FREE).images.astype(int)
    blended = draw(base, prompt, w, [1], replace(FREE, keep_background=keep)).images
    return float(np.abs(blended - plain).mean())


@pytest.fixture
def faint(monkeypatch: pytest.MonkeyPatch) -> None:
    """The subject counts a third everywhere; the tiny base's own maps are sure of all places."""

    def third(maps: list[Tensor], own: list[Tensor], like: Tensor) -> Tensor:
        assert maps and own
        return torch.full_like(like[:, :1], 1 / 3)

    monkeypatch.setattr(guidance, "subject_area", third)


@pytest.mark.usefixtures("faint")
def test_the_longer_it_holds_the_less_changes(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    """The identity still shows where the subject is."""
    changes = [_change(base, prompt, w, keep) for keep in (0.0, 0.5, 1.0)]
    assert changes[0] > changes[1] > changes[2] > 0


@pytest.mark.parametrize("scheduler", ["", "euler", "dpm++", "dpm++_sde", "heun", "lcm"])
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_nothing_changes_where_the_subject_is_not(
    base: Base,
    prompt: EncodedPrompt,
    w: Tensor,
    scheduler: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a map of zeros the picture is the base's own, though the branch itself is at work."""
    monkeypatch.setitem(base.scheduler_config, "prediction_type", kind)
    settings = replace(FREE, scheduler=scheduler, guidance=1.0)
    plain = draw(base, prompt, None, [1], settings).images.astype(int)
    free = draw(base, prompt, w, [1], settings).images
    monkeypatch.setattr(
        guidance, "subject_area", lambda maps, own, like: torch.zeros_like(like[:, :1])
    )
    blended = draw(base, prompt, w, [1], replace(settings, keep_background=1.0)).images
    assert np.abs(free - plain).mean() > 0.2
    # Another order of sums, no more; of Heun's seven calls the last ones take turns.
    most, mean = (2, 0.2) if scheduler == "heun" else (1, 0.02)
    assert np.abs(blended - plain).max() <= most
    assert np.abs(blended - plain).mean() < mean


@pytest.fixture
def tuned(folder: Path) -> Base:
    """With an adapter on the branch, as profiles of before have, and no LoRA."""
    own = load_base(folder)
    torch.manual_seed(0)
    add_adapter(own.unet, 2, 2.0)
    own.unet.requires_grad_(False)
    return own


@pytest.mark.usefixtures("faint")
def test_held_steps_cost_one_row_more(
    tuned: Base, prompt: EncodedPrompt, w: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step does not ask for comes from the step before, and that holds nearly as well."""
    base = tuned
    asked: list[int] = []
    rows, guide = Predictor._rows, Predictor._guide

    def counted(self: Predictor, x: Tensor, t: Tensor, without: bool) -> Any:
        asked.append(1 + without)
        return rows(self, x, t, without)

    monkeypatch.setattr(Predictor, "_rows", counted)
    settings = replace(FREE, steps=6, start=1 / 6)
    plain = draw(base, prompt, None, [1], settings).images.astype(int)
    asked.clear()
    in_turn = draw(base, prompt, w, [1], replace(settings, keep_background=1.0)).images
    assert asked == [2, 2, 2, 2, 1, 1, 2, 2, 1, 1, 2]  # the first step is one picture's

    def always(self: Predictor, x: Tensor, t: Tensor, asks: bool = True, own: bool = False) -> Any:
        return guide(self, x, t, True, own)

    monkeypatch.setattr(Predictor, "_guide", always)
    both = draw(base, prompt, w, [1], replace(settings, keep_background=1.0)).images
    free = draw(base, prompt, w, [1], settings).images
    apart = [float(np.abs(images - plain).mean()) for images in (in_turn, both, free)]
    assert abs(apart[0] - apart[1]) < 0.5 * (apart[2] - apart[1])


@pytest.mark.usefixtures("faint")
def test_the_branch_as_it_is_shares_a_call_with_the_base(
    base: Base, tuned: Base, prompt: EncodedPrompt, w: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call a step; a picture as near as that of calls of their own."""
    calls: list[int] = []
    unet = Predictor._unet

    def counted(self: Predictor, x: Tensor, t: Tensor, text: TextStates) -> Tensor:
        calls.append(len(text))
        return unet(self, x, t, text)

    settings = replace(FREE, steps=7, keep_background=1.0)
    apart = draw(tuned, prompt, w, [1], settings).images.astype(int)  # its adapter says nothing yet
    monkeypatch.setattr(Predictor, "_unet", counted)
    one = draw(base, prompt, w, [1], settings).images.astype(int)
    assert calls == [3, 4, 4, 4, 3, 2, 3]
    plain = draw(base, prompt, None, [1], settings).images
    assert np.abs(one - apart).mean() < 0.5 * np.abs(apart - plain).mean()


@pytest.mark.parametrize("more", [{"identity_scale": 0.0}, {"start": 1.0}])
def test_without_identity_no_row_is_added(
    base: Base, prompt: EncodedPrompt, w: Tensor, more: dict[str, float]
) -> None:
    """λ = 0 stays the stock pipeline; so do the steps before `start`."""
    plain = draw(base, prompt, None, [1], FREE).images
    assert np.array_equal(
        draw(base, prompt, w, [1], replace(FREE, keep_background=1.0, **more)).images, plain
    )


def test_the_maps_given_back_are_those_of_the_identity(
    base: Base, prompt: EncodedPrompt, w: Tensor
) -> None:
    """The extra pass without identity leaves no map of its own behind."""
    maps = draw(base, prompt, w, [1, 2], replace(FREE, keep_background=1.0), record=True).maps
    assert maps is not None and maps.shape == (2, SIZE // 8, SIZE // 8) and maps.max() <= 1 + 1e-5
    assert isinstance(base.context, attention.IdentityContext) and not base.context.maps


def test_a_batch_and_no_guidance_hold_the_same(
    base: Base, prompt: EncodedPrompt, w: Tensor
) -> None:
    """Each picture has a map of its own."""
    for factor in (4.0, 1.0):
        settings = replace(FREE, keep_background=0.5, guidance=factor)
        single = draw(base, prompt, w, [1, 2], settings).images.astype(int)
        batch = draw(base, prompt, w, [1, 2], replace(settings, chunk=2)).images
        assert np.abs(single - batch).max() <= 1


def test_the_area_is_where_either_picture_has_its_head() -> None:
    """What a map hardly sees is the base's own; where one is sure the identity counts whole."""
    like, empty = torch.zeros(1, 4, 8, 8), [torch.zeros(1, 1, 4, 4)]
    half = (blending.SEEN + blending.FULL) / 2
    for value, area in ((1.0, 1.0), (blending.FULL, 1.0), (blending.SEEN, 0.0), (half, 0.5)):
        maps = [torch.full((1, 1, 4, 4), value)]
        for pair in ((maps, empty), (empty, maps)):
            found = blending.subject_area(*pair, like)
            assert found.shape == (1, 1, 8, 8)
            assert torch.allclose(found, torch.full_like(found, area), atol=1e-6)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("time", [0, 420.5, 999])
def test_a_prediction_moves_to_other_latents(kind: str, time: float) -> None:
    """The finished picture it means stays the same."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(beta_schedule="scaled_linear", prediction_type=kind)
    alpha, sigma = blending._levels(scheduler.alphas_cumprod, time)
    assert alpha**2 + sigma**2 == pytest.approx(1.0)

    def finished(prediction: Tensor, x: Tensor) -> Tensor:
        found = {"epsilon": (x - sigma * prediction) / alpha, "sample": prediction}
        return found.get(kind, alpha * x - sigma * prediction)

    there, here, made = torch.randn(3, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    t = torch.tensor(time)
    found = blending.rebase_prediction(made, there, here, scheduler, t)
    assert torch.allclose(finished(found, here), finished(made, there), atol=1e-4 / alpha)
    picture = blending.finished(made, there, scheduler, t)
    assert torch.equal(picture, finished(made, there))
    found = blending.prediction_of(picture, here, scheduler, t)
    assert torch.allclose(finished(found, here), picture, atol=1e-4 / alpha)


def test_without_a_map_nothing_is_held(base: Base, prompt: EncodedPrompt, w: Tensor) -> None:
    free, blended = (
        draw(base, prompt, w, [1], replace(FREE, use_map=False, keep_background=keep)).images
        for keep in (0.0, 1.0)
    )
    assert np.array_equal(free, blended)
