"""Frozen convolutions that keep nothing for the backward pass but their weights.

PyTorch's convolution keeps its input whether or not the weight learns. With frozen weights only
the gradient of the input is wanted, and that needs no input: 13 % of a step's memory on SD 1.5
at 512 px (``benchmarks.speed.memory``), the same numbers, the same time.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_input


class _FrozenConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, settings: tuple[Any, ...]
    ) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.settings = x.shape, settings
        return F.conv2d(x, weight, bias, *settings)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        grad = conv2d_input(ctx.shape, weight, grads[0], *ctx.settings)
        return grad, None, None, None


class FrozenConv2d(nn.Conv2d):
    """A convolution whose weight has no gradient."""

    def forward(self, input: Tensor) -> Tensor:
        """As ``nn.Conv2d``: (B, C, H, W) to (B, D, H', W')."""
        if not input.requires_grad or input.dtype != self.weight.dtype:  # the latter: autocast
            return super().forward(input)
        settings = self.stride, self.padding, self.dilation, self.groups
        out = cast(Any, _FrozenConv).apply(input, self.weight, self.bias, settings)
        return cast(Tensor, out)


def make_lean(module: nn.Module) -> int:
    """Turn a network's frozen convolutions into lean ones, in place; returns how many."""
    found = [
        part
        for part in module.modules()
        if type(part) is nn.Conv2d
        and part.padding_mode == "zeros"
        and not isinstance(part.padding, str)
        and not any(parameter.requires_grad for parameter in part.parameters())
    ]
    for part in found:
        part.__class__ = FrozenConv2d
    return len(found)
