"""On a base of Stable Diffusion's layout, too, a run that was stopped ends as one that was not."""

from __future__ import annotations

import torch

from pidiff_cli.core.training.dataset import cache_latents


def test_latents_are_made_in_the_order_that_a_file_keeps() -> None:
    """AutoencoderKL gives channels last: read back, they would be computed with otherwise."""

    class Coder:
        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return torch.randn(len(x), 4, 8, 8).to(memory_format=torch.channels_last)

    images, masks = torch.zeros(3, 3, 64, 64), torch.ones(3, 1, 64, 64)
    found = cache_latents(Coder(), [(images, masks)])  # type: ignore[arg-type]
    assert found.latents.is_contiguous() and found.masks.is_contiguous()
