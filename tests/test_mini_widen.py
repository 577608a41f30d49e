"""A larger autoencoder computes what the smaller one does, and its new parts learn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

from pidiff_cli.mini.train import decoder
from pidiff_cli.mini.train.widen import enlarge

SMALL: dict[str, Any] = {
    "encoder_block_out_channels": [8] * 4,
    "decoder_block_out_channels": [8] * 4,
    "num_encoder_blocks": [0, 1, 1, 2],
    "num_decoder_blocks": [2, 1, 1, 0],
    "latent_channels": 4,
}


@pytest.fixture
def small() -> AutoencoderTiny:
    torch.manual_seed(3)
    return AutoencoderTiny(**SMALL)


def test_pictures_and_latents_stay(small: AutoencoderTiny) -> None:
    large = enlarge(small, 16, [0, 1, 2, 4])
    pictures = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        latents = small.encoder(pictures)
        torch.testing.assert_close(large.encoder(pictures), latents, atol=1e-5, rtol=0)
        made, before = large.decoder(latents), small.decoder(latents)
    torch.testing.assert_close(made, before, atol=1e-5, rtol=0)
    assert large.config["encoder_block_out_channels"] == [16] * 4


def test_new_channels_and_blocks_learn(small: AutoencoderTiny) -> None:
    """After a step or two every weight has moved: none is cut off for good."""
    large = enlarge(small, 16, [0, 1, 2, 2])
    before = {name: weight.detach().clone() for name, weight in large.named_parameters()}
    optimizer = torch.optim.Adam(large.parameters(), 1e-3)
    for _ in range(4):
        pictures = torch.rand(2, 3, 32, 32) * 2 - 1
        optimizer.zero_grad()
        (large.decoder(large.encoder(pictures)) - pictures).square().mean().backward()
        optimizer.step()
    still = [name for name, weight in large.named_parameters() if torch.equal(weight, before[name])]
    assert not still


@pytest.mark.parametrize(("channels", "blocks"), [(4, None), (8, [0, 1, 1, 1]), (8, [1, 1, 1, 2])])
def test_refuses_what_would_change_the_pictures(
    small: AutoencoderTiny, channels: int, blocks: list[int] | None
) -> None:
    with pytest.raises(ValueError, match="not more"):
        enlarge(small, channels, blocks)
    with pytest.raises(SystemExit, match="--channels"):
        decoder.larger(small, channels, blocks)
