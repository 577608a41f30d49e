"""The LoRA on the base's own attention while it learns, with less kept for the backward pass.

PEFT casts a layer's input to float32 beside the base's half precision and keeps the cast, one for
each of q, k and v. Here the input itself is kept, which the three share, and A and B are cast to
its precision, as autocast would. ΔW x = s B (A x).
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pidiff_cli.core.identity.lora import NAME, lora_layers


def keep_inputs_once(unet: nn.Module) -> int:
    """Let a UNet's LoRA layers compute so, in place; how many. Switched off they are PEFT's."""
    found = lora_layers(unet).values()
    for layer in found:
        layer.forward = LowRank(layer)
    return len(found)


class LowRank:
    """The forward of one of PEFT's LoRA layers, whatever its base layer: (…, d) to (…, e)."""

    def __init__(self, layer: Any) -> None:
        self._layer, self._stock = layer, type(layer).forward

    def __call__(self, x: Tensor, *args: Any, **more: Any) -> Tensor:
        """W x + s B (A x) where the LoRA is on and learns; PEFT's own call elsewhere."""
        layer = self._layer
        if args or more or not torch.is_grad_enabled() or layer.active_adapters != [NAME]:
            return cast(Tensor, self._stock(layer, x, *args, **more))
        out = layer.base_layer(x)
        a, b = layer.lora_A[NAME].weight, layer.lora_B[NAME].weight
        added = cast(Any, _Added).apply(x.to(out.dtype), a, b, layer.scaling[NAME])
        return cast(Tensor, out + added)


class _Added(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, a: Tensor, b: Tensor, s: float) -> Tensor:
        a, b = a.to(x.dtype), (s * b).to(x.dtype)
        low = F.linear(x, a)  # (…, r)
        ctx.save_for_backward(x, low, a, b)
        ctx.s = s
        return F.linear(low, b)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, low, a, b = ctx.saved_tensors
        grad = grads[0].to(x.dtype)
        back = grad @ b  # (…, r)
        grad_a = back.flatten(0, -2).T @ x.flatten(0, -2)  # (r, d)
        grad_b = ctx.s * (grad.flatten(0, -2).T @ low.flatten(0, -2))  # (e, r)
        grad_x = back @ a if ctx.needs_input_grad[0] else None
        return grad_x, grad_a.float(), grad_b.float(), None
