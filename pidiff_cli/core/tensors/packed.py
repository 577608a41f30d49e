"""Weights in one byte a value: int8 with a scale for each output, so that mini fits its size.

Matrices and kernels become int8 beside `<key>.scale` (O,) float16; the rest is float16. Keys and
shapes stay those of the network. The weights move by 0.7 to 0.9 % of their norm.
"""

from __future__ import annotations

import torch
from torch import Tensor

SCALE = ".scale"
SMALLEST = 1024  # values; smaller tensors are not worth it


def pack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict with its large float tensors as int8 and their scales; others float16."""
    packed: dict[str, Tensor] = {}
    for key, value in state.items():
        value = value.detach().cpu()
        if not value.is_floating_point():
            packed[key] = value.contiguous()
        elif value.ndim < 2 or value.numel() < SMALLEST:
            packed[key] = value.half().contiguous()
        else:
            flat = value.float().flatten(1)  # (O, I)
            scale = (flat.abs().amax(dim=1) / 127).clamp_min(1e-6).half()  # (O,)
            levels = (flat / scale.float()[:, None]).round().clamp(-127, 127)
            packed[key] = levels.to(torch.int8).view(value.shape).contiguous()
            packed[key + SCALE] = scale
    return packed


def unpack(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `pack` made, and any plain state dict, with float32 values; integers stay."""
    state: dict[str, Tensor] = {}
    for key, value in tensors.items():
        scale = tensors.get(key + SCALE)
        if scale is not None:
            rows = scale.float().view(-1, *[1] * (value.ndim - 1))
            state[key] = value.float() * rows
        elif not (key.endswith(SCALE) and key.removesuffix(SCALE) in tensors):
            state[key] = value.float() if value.is_floating_point() else value
    return state
