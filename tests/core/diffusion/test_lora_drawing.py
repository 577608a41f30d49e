"""Pictures with a LoRA: only where the person is, and nothing of it where λ is 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion import guidance
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.guidance import Predictor
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates, called, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.lora import NAME, add_lora
from tests.support.tiny_base import SIZE

FREE = DrawSettings(steps=4, size=SIZE)


def _learnt(base: Base) -> None:
    torch.manual_seed(0)
    base.lora = add_lora(base.unet, 2, 4.0)
    with torch.no_grad():
        for parameter in base.lora.parameters():
            parameter.normal_(0, 0.3)


def _picture(base: Base, settings: DrawSettings = FREE, record: bool = False) -> np.ndarray:
    prompt: EncodedPrompt = encode_prompt(base, "a photo of a woman", "woman")
    return draw(base, prompt, None, [1], settings, record).images


@pytest.mark.parametrize("fuse", [False, True])
def test_without_scale_it_is_the_base(bare: Base, other: Base, fuse: bool) -> None:
    own = _picture(other, replace(FREE, identity_scale=0.0))
    _learnt(bare)
    assert bare.lora is not None
    if fuse:
        bare.lora.fuse()
    drawn = _picture(bare)
    assert not np.array_equal(drawn, own)
    assert np.array_equal(_picture(bare, replace(FREE, identity_scale=0.0)), own)
    assert np.array_equal(_picture(bare), drawn)


def test_fused_the_picture_is_the_same(bare: Base) -> None:
    _learnt(bare)
    assert bare.lora is not None
    for settings in (FREE, replace(FREE, keep_background=1.0), replace(FREE, guidance=1.0)):
        unfused = _picture(bare, settings).astype(int)
        with bare.lora.fused():
            assert np.abs(_picture(bare, settings).astype(int) - unfused).max() <= 1


@pytest.mark.parametrize("area", [0.0, 1.0])
def test_it_draws_only_where_the_person_is(
    bare: Base, monkeypatch: pytest.MonkeyPatch, area: float
) -> None:
    _learnt(bare)

    def everywhere(maps: list[torch.Tensor], own: list[torch.Tensor], like: torch.Tensor) -> object:
        assert maps and own  # without a branch the text's attention tells where the person is
        return torch.full_like(like[:, :1], area)

    monkeypatch.setattr(guidance, "subject_area", everywhere)
    blended = _picture(bare, replace(FREE, keep_background=1.0)).astype(int)
    own = _picture(bare, replace(FREE, identity_scale=0.0)).astype(int)
    assert (np.abs(blended - own).max() <= 1) == (area == 0.0)


def test_rows_take_turns_after_the_first_steps(bare: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is not asked for goes on as it was: nobody's places stay the base's own."""
    _learnt(bare)
    asked: list[tuple[int, int]] = []  # latents and rows of every call
    unet = Predictor._unet

    def counted(self: Predictor, x: Tensor, t: Tensor, text: TextStates) -> Tensor:
        asked.append((len(x), len(text)))
        return unet(self, x, t, text)

    monkeypatch.setattr(Predictor, "_unet", counted)
    settings = replace(FREE, steps=9, start=1 / 9)
    beside = replace(settings, keep_background=1.0)
    monkeypatch.setattr(guidance, "subject_area", lambda _, __, x: torch.zeros_like(x[:, :1]))
    blended = _picture(bare, beside).astype(int)
    exact, picture, pull = (2, 4), (2, 3), (1, 2)
    assert asked == [(2, 2), (1, 3), *3 * [exact], *2 * [picture, pull]]
    own = _picture(bare, replace(settings, identity_scale=0.0)).astype(int)
    free = _picture(bare, settings).astype(int)
    assert np.abs(blended - own).mean() < 0.1 * np.abs(free - own).mean()


def test_the_prompt_pulls_harder_and_the_person_as_before(bare: Base, other: Base) -> None:
    pulled = replace(FREE, steps=2, prompt_pull=1.5)
    _learnt(bare)
    assert bare.lora is not None
    faint = _picture(bare, replace(pulled, identity_scale=1e-6))
    assert np.array_equal(faint, _picture(bare, replace(FREE, steps=2, identity_scale=1e-6)))
    with torch.no_grad():
        for layer in bare.lora.layers.values():
            layer.lora_B[NAME].weight.zero_()
    firm = _picture(other, replace(FREE, steps=2, guidance=1.5 * FREE.guidance)).astype(int)
    assert np.abs(_picture(bare, pulled).astype(int) - firm).max() <= 1


def test_maps_are_kept_for_who_asks(bare: Base) -> None:
    _learnt(bare)
    prompt = encode_prompt(bare, "a photo of a woman", "woman")
    maps = draw(bare, prompt, None, [1], FREE, record=True).maps
    assert maps is not None and 0 < maps.max() <= 1


def test_its_own_word_goes_to_the_lora_alone(bare: Base) -> None:
    _learnt(bare)
    plain = encode_prompt(bare, "a photo of a woman in the snow", "woman")
    named = called(bare, plain, "woman", "zq")
    assert named.called and named.called.text == "a photo of zq woman in the snow"
    assert named.text == plain.text and named.called.subject.sum() == plain.subject.sum()
    settings = replace(FREE, identity_scale=0.0)
    own = [draw(bare, one, None, [1], settings).images for one in (plain, named)]
    assert np.array_equal(*own)
    assert not np.array_equal(*[draw(bare, p, None, [1], FREE).images for p in (plain, named)])


@pytest.mark.parametrize("text", ["a photo of a dog", "a photo of zq woman"])
def test_a_prompt_without_the_person_or_with_the_word_stays(bare: Base, text: str) -> None:
    assert called(bare, encode_prompt(bare, text, "woman"), "woman", "zq").called is None
