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
from pidiff_cli.core.diffusion.person_guidance import PersonPredictor
from pidiff_cli.core.diffusion.prompts import EncodedPrompt, TextStates, called, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity import cached, context
from pidiff_cli.core.identity.lora import NAME, add_lora
from tests.support.tiny_base import SIZE

FREE = DrawSettings(steps=4, size=SIZE)
T = torch.tensor(400)


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


@pytest.mark.parametrize("way", ["folded", "written out", "fused call"])
@pytest.mark.parametrize("branch", [False, True])
def test_rows_of_one_call_are_those_of_calls_of_their_own(
    bare: Base, base: Base, w: Tensor, branch: bool, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers and maps, by the call that CUDA uses too."""
    for module in (context, cached):
        monkeypatch.setattr(module, "fused", lambda q: way == "fused call")
    monkeypatch.setattr(cached, "foldable", lambda *_: way == "folded")
    one = base if branch else bare
    _learnt(one)
    assert one.lora is not None
    prompts = [encode_prompt(one, f"a photo of a woman {where}", "woman") for where in ("", "here")]
    x = torch.randn(4, 4, SIZE // 8, SIZE // 8, generator=torch.Generator().manual_seed(0))
    settings = replace(FREE, keep_background=1.0, identity_scale=0.7)
    with one.lora.fused(), torch.no_grad():
        own, maps = _apart(_predictor(one, prompts, w if branch else None, settings), x)
        predict = _predictor(one, prompts, w if branch else None, settings)
        rows = predict._rows_of(x, T, (1, 1, 0, 0))
    assert torch.allclose(torch.cat(rows), own, atol=1e-4)
    assert (rows[2] - rows[3]).abs().max() > 1e-2
    mixed = [*predict.cached.beside_maps, *one.context.maps]  # type: ignore[union-attr]
    assert len(mixed) == len(maps) > 0
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(mixed, maps, strict=True))


def _predictor(
    base: Base, prompts: list[EncodedPrompt], w: Tensor | None, settings: DrawSettings
) -> PersonPredictor:
    predict = PersonPredictor(base, prompts, w, 4, settings, True, base.scheduler(""))
    predict._identity(True)
    base.context.record = base.context.watch = True
    return predict


def _apart(predict: PersonPredictor, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The four kinds of rows by calls with one kind of weights each; maps, the base's own first."""
    base, context, count, kept = predict.base, predict.base.context, predict.count, predict.cached
    assert kept is not None and base.lora is not None
    person, own = x.split(count)
    with_it = predict._rows_of(person, T, (0,))[0]
    maps, context.maps, context.tokens = context.maps, [], None
    base.lora.switch(0.0)
    alone = replace(kept, text=predict.text.tokens, tokens=None, layers={}, beside=None)
    alone.who, alone.subject = slice(count, 2 * count), kept.beside_subject
    alone.first, alone.rows, context.cached = 0, 2 * count, alone
    first = predict._unet(torch.cat([own, own]), T, predict.text)
    own_maps, context.record = context.maps, False
    second = predict._unet(torch.cat([person, person]), T, predict.text)[:count]
    return torch.cat([first, second, with_it]), [*own_maps, *maps]


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
