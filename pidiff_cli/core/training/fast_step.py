"""A faster or smaller training step: how it is computed, never what it learns.

* Frozen convolutions keep nothing for the backward pass but their weights. PyTorch's keep their
  input whether or not the weight learns; with frozen weights only the input's gradient is wanted,
  and that needs no input: 13 % of a step's memory on SD 1.5 at 512 px
  (``benchmarks.speed.memory``), the same numbers, the same time.
* Frozen weights of a float32 UNet lie in half precision while it learns. Autocast keeps no cast of
  a weight without gradient and would cast each at every pass; casting once gives the same numbers.
* Self-attention is written out where a CPU needs gradients.
* The LoRA on the base's own attention keeps a layer's input once (``low_rank``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from pidiff_cli.core.identity.context import written_attention
from pidiff_cli.core.training.low_rank import keep_inputs_once

#: Positions up to which written-out self-attention was faster than the fused call, in bf16 with
#: gradients on a CPU; beyond it the probabilities take too much memory.
POSITIONS = 256
_STOCK = AttnProcessor2_0()


@dataclass(frozen=True)
class FastStep:
    """What is on.

    Attributes:
        free_inputs: frozen convolutions keep no input. written: self-attention is written out.
        inputs_once: the LoRA's layers keep their input once.
    """

    free_inputs: bool = True
    written: bool = False
    inputs_once: bool = True


def make_fast(unet: nn.Module, fast: FastStep) -> None:
    """Bring a UNet that has its adapters into this shape; calling it again changes nothing."""
    if fast.inputs_once:
        keep_inputs_once(unet)
    if fast.free_inputs:
        free_conv_inputs(unet)
    if fast.written:
        for name in cast(Any, unet).attn_processors:
            module = unet.get_submodule(name.removesuffix(".processor"))
            if name.endswith("attn1.processor"):
                cast(Attention, module).set_processor(cast(Any, WrittenProcessor()))


def cpu_knows_bf16() -> bool:
    """Whether the CPU multiplies in bf16 itself; elsewhere bf16 is emulated, slowly."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(known and known())


class WrittenProcessor:
    """Self-attention as two products and a softmax, where gradients are wanted.

    torch's fused call for the CPU takes 10 ms backward for 4 pictures of 256 positions in bf16,
    this 2 ms; in float32 the fused call is the faster one.
    """

    def __call__(self, attn: Attention, hidden_states: Tensor, *args: Any, **more: Any) -> Tensor:
        """Features (B, T, d) to features (B, T, d)."""
        plain = hidden_states.ndim == 3 and not args and not _given(more)
        if not (plain and torch.is_grad_enabled() and hidden_states.shape[1] <= POSITIONS):
            return cast(Tensor, _STOCK(attn, hidden_states, *args, **more))
        layer = cast(Any, attn)
        q, k, v = (part(hidden_states) for part in (layer.to_q, layer.to_k, layer.to_v))
        f = written_attention(q, k, v, attn.heads)
        return cast(Tensor, layer.to_out[1](layer.to_out[0](f))) / attn.rescale_output_factor


def _given(more: dict[str, Any]) -> bool:
    """Whether a mask or another sequence was given."""
    return any(value is not None for value in more.values())


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


def free_conv_inputs(module: nn.Module) -> int:
    """Turn a network's frozen convolutions into ones that keep no input, in place; how many."""
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


class HalfWeights:
    """``with weights:`` frozen linears and convolutions are of autocast's dtype.

    A backward pass must lie in the same block as its forward pass. What learns, the token
    projection (it runs outside autocast) and the norms stay as they are.

    Args:
        unet: float32. dtype: autocast's; None makes the block do nothing.
    """

    def __init__(self, unet: nn.Module, dtype: torch.dtype | None) -> None:
        self._pairs: list[tuple[nn.Parameter, Tensor, Tensor]] = []
        if dtype is None or next(unet.parameters()).dtype != torch.float32:
            return
        for name, module in unet.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d) and "identity_" not in name:
                self._pairs += [
                    (parameter, parameter.data, parameter.data.to(dtype))
                    for parameter in module.parameters(recurse=False)
                    if not parameter.requires_grad
                ]

    def __enter__(self) -> None:
        for parameter, _, narrow in self._pairs:
            parameter.data = narrow

    def __exit__(self, *error: object) -> None:
        for parameter, wide, _ in self._pairs:
            parameter.data = wide
