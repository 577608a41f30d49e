"""Where the branch is wrong about a person, a LoRA beside it learns more."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.training import focus
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.focus import MOST, focused
from pidiff_cli.core.training.schedule import NoiseSchedule
from pidiff_cli.core.training.step import LossSettings, TrainingStep


class _Blank(nn.Module):
    """Takes every picture for an empty one, give or take what its noise is."""

    def __init__(self, schedule: NoiseSchedule) -> None:
        super().__init__()
        self.schedule = schedule

    def forward(self, x: Tensor, t: Tensor, **_: Any) -> Any:
        a = self.schedule.alphas[t].view(-1, 1, 1, 1)
        return type("Out", (), {"sample": a.sqrt() / (1 - a).sqrt() * x})


@pytest.mark.parametrize("side", [12, 40])
def test_a_mark_weighs_more(bare: Base, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focus, "WORLD", 10.0)
    caption = encode_prompt(bare, "a photo of a woman", "woman")
    step = TrainingStep(bare, None, None, [caption], LossSettings(), None)
    bare.unet = _Blank(step.schedule)
    latents, masks = torch.full((2, 4, side, side), 5.0), torch.zeros(2, 1, side, side)
    masks[:, :, 2:-2, 2:-2], latents[:, :, 2:-2, 2:-2] = 1, 0.3
    latents[1, :, 5, 6] = 6.0
    data = LatentSet(latents, masks, torch.arange(2))
    areas = focused(step, data, 0.8).areas
    assert areas is not None and areas.shape == masks.shape
    assert areas[masks == 0].abs().max() == 0
    middle = areas[0, 0, 4:-4, 4:-4]
    assert (middle > 0).all()
    mark = areas[1, 0, 5, 6]
    assert mark == areas[1].max() and mark > 2.5 * areas[1, 0, 8, 8] and mark <= 0.2 + 0.8 * MOST
    assert torch.equal(focused(step, data, 0.0).areas, masks)  # type: ignore[arg-type]


def test_what_is_weighed_is_picked_with_its_picture() -> None:
    z, ones = torch.arange(6.0).view(6, 1, 1, 1), torch.ones(6, 1, 1, 1)
    data = LatentSet(z, ones, torch.arange(6), areas=2 * z)
    latents, masks, areas, photo = data.pick(20, torch.Generator().manual_seed(0))
    assert torch.equal(areas, 2 * latents) and torch.equal(latents.flatten().long(), photo)
    assert masks.unique().tolist() == [1.0]
