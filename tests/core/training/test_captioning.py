"""Which caption a base finds in a face, and that each photo learns under its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import TextStates
from pidiff_cli.core.training.captioning import found_captions, head_alone
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.schedule import NoiseSchedule
from pidiff_cli.stages.tune import data


class _Painter(nn.Module):
    """Takes every picture for one colour, the number its caption is."""

    def __init__(self, schedule: NoiseSchedule) -> None:
        super().__init__()
        self.alphas = schedule.alphas

    def forward(self, x: Tensor, t: Tensor, encoder_hidden_states: Tensor) -> Any:
        a = self.alphas[t].view(-1, 1, 1, 1)
        colour = encoder_hidden_states[:, :1, :1, None]  # (B, 1, 1, 1)
        return type("Out", (), {"sample": (a.sqrt() * x - colour) / (1 - a).sqrt()})


def test_the_caption_is_found_on_the_head(bare: Base) -> None:
    schedule = NoiseSchedule.of(bare)
    assert schedule.prediction == "v_prediction"
    bare.unet = _Painter(schedule)
    latents, masks = torch.full((3, 4, 8, 8), 3.0), torch.zeros(3, 1, 8, 8)
    masks[:, :, 2:5, 2:5] = 1
    colours = torch.tensor([0.0, -1.0, 1.0, 3.0])  # the last is what all have off the head
    for place, caption in enumerate((2, 0, 1)):
        latents[place, :, 2:5, 2:5] = colours[caption]
    texts = TextStates(colours.view(4, 1, 1))
    assert found_captions(bare, latents, masks, texts) == [2, 0, 1]


def test_of_large_latents_the_head_alone_is_looked_at() -> None:
    z, mask = torch.arange(64.0 * 48).view(1, 64, 48), torch.zeros(1, 64, 48)
    mask[:, 20:55, 2:30] = 1
    cut, its = head_alone(z, mask)
    assert cut.shape == its.shape == (1, 40, 40) and its.sum() == mask.sum()
    assert cut[0, 0, 0] == z[0, 17, 0]
    assert head_alone(z[:, :32, :32], mask[:, :32, :32])[0].shape == (1, 32, 32)
    assert head_alone(z, torch.zeros_like(mask))[0] is z


def test_every_photo_gets_both_forms_of_its_mood(bare: Base, monkeypatch: Any) -> None:
    forms = data.mood_captions(bare, "woman")
    assert [len(of_mood) for of_mood in forms] == [len(forms[0])] * len(forms)
    seen: list[Tensor] = []

    def found(_: Base, latents: Tensor, masks: Tensor, texts: TextStates) -> list[int]:
        assert len(texts) == len(forms) and len(masks) == len(latents)
        seen.append(latents)
        return [0, len(forms) - 1]

    monkeypatch.setattr(data, "found_captions", found)
    latents = torch.arange(4.0).view(4, 1, 1, 1)
    photos = LatentSet(latents, torch.ones(4, 1, 1, 1), torch.tensor([0, 0, 1, 1]))
    told = data.told_by(bare, photos, forms)
    assert seen[0].flatten().tolist() == [0, 2]  # the first picture of each photo
    count = len(forms[0])
    assert told.tolist() == [
        [*range(count)],
        [*range((len(forms) - 1) * count, len(forms) * count)],
    ]
    last = data.MOODS[-1].removeprefix(", ")
    assert data.moods_found(forms, told) == f"1 {last}"
