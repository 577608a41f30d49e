"""Switches of a tuning step: how it is computed, never what it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn

from pidiff_cli.core.diffusion.lean import make_lean
from pidiff_cli.core.identity.attention import written_attention

#: Positions up to which written-out self-attention was faster than the fused call, in bf16 with
#: gradients on a CPU; beyond it the probabilities take too much memory.
POSITIONS = 256
_STOCK = AttnProcessor2_0()


@dataclass(frozen=True)
class Switches:
    """What is on.

    Attributes:
        lean: frozen convolutions keep no input. written: self-attention is written out.
        channels_last: memory layout of pictures. compile: torch.compile of the UNet.
    """

    lean: bool = True
    written: bool = False
    channels_last: bool = False
    compile: bool = False


def switch(unet: nn.Module, switches: Switches) -> None:
    """Bring a UNet that has its adapter into this shape; calling it again changes nothing."""
    if switches.lean:
        make_lean(unet)
    if switches.written:
        for name in cast(Any, unet).attn_processors:
            module = unet.get_submodule(name.removesuffix(".processor"))
            if name.endswith("attn1.processor"):
                cast(Attention, module).set_processor(cast(Any, WrittenProcessor()))
    if switches.channels_last:
        cast(Any, unet).to(memory_format=torch.channels_last)
    if switches.compile and cast(Any, unet)._compiled_call_impl is None:
        unet.compile()


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
