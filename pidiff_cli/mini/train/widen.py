"""A larger autoencoder that computes what a smaller one does, to be trained on from there.

More channels and more blocks, and not one picture changes: new channels are read by nothing yet
and new blocks add nothing to what passes them. Both begin at random numbers inside, so that they
learn at once.

Source: Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer" (2016), with zeros in
the place of copied channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_blocks import AutoencoderTinyBlock
from torch import Tensor, nn


def enlarge(
    net: AutoencoderTiny, channels: int, encoder_blocks: Sequence[int] | None = None
) -> AutoencoderTiny:
    """The same function with `channels` inside and `encoder_blocks` blocks a stage, fine to coarse.

    Raises:
        ValueError: fewer channels or blocks than `net` has, or blocks in a stage that has none:
            their first one would cut off what is below zero.
    """
    config: dict[str, Any] = dict(net.config)
    blocks = list(encoder_blocks or config["num_encoder_blocks"])
    before = config["num_encoder_blocks"]
    fewer = channels < max(config["encoder_block_out_channels"])
    if fewer or any(b < a or a == 0 < b for a, b in zip(before, blocks, strict=True)):
        raise ValueError(f"{channels} channels, {blocks} blocks: not more of what there is")
    config["num_encoder_blocks"] = blocks
    for part in ("encoder", "decoder"):
        config[f"{part}_block_out_channels"] = [channels] * len(blocks)
    large = cast(AutoencoderTiny, AutoencoderTiny.from_config(config))
    for old, new in ((net.encoder, large.encoder), (net.decoder, large.decoder)):
        _take_over(cast(Any, old).layers, cast(Any, new).layers)
    return large.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _take_over(old: nn.Sequential, new: nn.Sequential) -> None:
    """Copy the layers of `old` into `new`, which may have more blocks at the end of a stage."""
    rest: Iterator[nn.Module] = iter(old)
    layer = next(rest, None)
    for own in new:
        if isinstance(own, AutoencoderTinyBlock) and not isinstance(layer, AutoencoderTinyBlock):
            _silence(own)
            continue
        for target, source in zip(_convolutions(own), _convolutions(layer), strict=True):
            _pad(target, source)
        layer = next(rest, None)


def _convolutions(layer: nn.Module | None) -> list[nn.Conv2d]:
    return [m for m in cast(nn.Module, layer).modules() if isinstance(m, nn.Conv2d)]


@torch.no_grad()
def _silence(block: AutoencoderTinyBlock) -> None:
    """What the block adds to its input becomes zero."""
    last = _convolutions(block)[-1]
    last.weight.zero_()
    cast(Tensor, last.bias).zero_()


@torch.no_grad()
def _pad(target: nn.Conv2d, source: nn.Conv2d) -> None:
    """The source's kernels first; its outputs do not read what is new."""
    out, into = source.weight.shape[:2]
    target.weight[:out].zero_()
    target.weight[:out, :into] = source.weight
    if source.bias is not None:
        bias = cast(Tensor, target.bias)
        bias.zero_()
        bias[:out] = source.bias
