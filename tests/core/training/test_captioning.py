"""Captions that a base finds in a picture: the one that explains its noise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import TextStates, encode_prompt, text_states
from pidiff_cli.core.training import captioning
from pidiff_cli.core.training.captioning import found_captions


def _texts(base: Base, *captions: str) -> TextStates:
    return text_states(base, [encode_prompt(base, text, "woman") for text in captions])


def _knows(base: Base, texts: TextStates, true: list[int], by: float) -> Any:
    """A UNet that is right about each picture under one caption, and off by ``by`` else."""
    schedule = captioning.NoiseSchedule.of(base)

    def unet(x: Tensor, t: Tensor, encoder_hidden_states: Tensor) -> SimpleNamespace:
        caption = next(
            k for k in range(len(texts)) if torch.equal(texts.tokens[k], encoder_hidden_states[0])
        )
        z = torch.stack([torch.full_like(x[0], float(k)) for k in range(len(true))])
        picture = int((x - z[:, None]).square().mean((1, 2, 3, 4)).argmin())
        alpha = schedule.alphas[t].view(-1, 1, 1, 1)
        noise = (x - alpha.sqrt() * z[picture]) / (1 - alpha).sqrt()
        off = 0.0 if true[picture] == caption else by
        wobble = off * torch.linspace(0.5, 1.5, len(x)).view(-1, 1, 1, 1)
        return SimpleNamespace(sample=schedule.target(z[picture].expand_as(x), noise, t) + wobble)

    return unet


@pytest.mark.parametrize("small", [32 * 32, 1])
def test_it_finds_the_true_caption(base: Base, monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    monkeypatch.setattr(captioning, "SMALL", small)
    texts = _texts(base, "a photo of a woman", "a photo of a woman smiling", "a woman")
    latents = torch.zeros(1, 4, 8, 8)
    for true in (0, 1, 2):
        base.unet = _knows(base, texts, [true], 0.3)
        assert found_captions(base, latents, texts) == [true]


def test_in_doubt_it_is_the_first(base: Base) -> None:
    texts = _texts(base, "a photo of a woman", "a photo of a woman smiling")
    assert found_captions(base, torch.randn(2, 4, 8, 8), _same(texts)) == [0, 0]


def _same(texts: TextStates) -> TextStates:
    return TextStates(texts.tokens[:1].expand(2, -1, -1))
