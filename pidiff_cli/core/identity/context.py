"""What the identity blocks of one UNet read, and the attention they are made of.

The mass that falls on the subject's tokens comes out of the same attention call as the features;
the localisation map M is made of it (docs/method.md, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor

PAD = 8  # columns that carry the mass through a fused kernel: widths stay in eights


class CachedBlocks(Protocol):
    """What computes the blocks while pictures are drawn (`cached`)."""

    def block(
        self, name: str, attn: Attention, features: Tensor, context: IdentityContext
    ) -> Tensor:
        """Features (B or R·B, T, d) to features (R·B, T, d)."""


@dataclass
class IdentityContext:
    """What every identity block of one UNet reads at a forward pass.

    Attributes:
        tokens: identity tokens (B, N, C); None leaves the branch out.
        scale: identity scale λ ≥ 0; 0 switches the branch off (the stock attention call).
        levels: optional factor a token (N,), coarse to fine, on top of ``scale``.
        use_map: weight by the localisation map M; False equals the W+ adapter (M = 1).
        subject: (B, S) in {0, 1}, 1 at the subject's text tokens. A row without any
            (an empty caption) gets M = 0: that sample is the base's own.
        on: optional (B,), 0 switches single samples off (identity dropout).
        size: latent height and width, where pictures are not square.
        record: keep every layer's M, with gradient, in ``maps`` (for L_loc and pictures).
        maps: filled by the blocks when ``record`` is set: (B, 1, h, w) in [0, 1], layer order.
        watch: find M also where the branch adds nothing.
        cached: what stays the same while pictures are drawn, set by who draws them; it knows
            tokens, levels and subject by itself. None while training.
    """

    tokens: Tensor | None = None
    scale: float = 1.0
    levels: tuple[float, ...] | None = None
    use_map: bool = True
    subject: Tensor | None = None
    on: Tensor | None = None
    size: tuple[int, int] | None = None
    record: bool = False
    maps: list[Tensor] = field(default_factory=list)
    watch: bool = False
    cached: CachedBlocks | None = None

    @property
    def active(self) -> bool:
        """Whether the identity branch takes part at all, or is to say where the subject is."""
        return self.adds or self.watch

    @property
    def adds(self) -> bool:
        """Whether the identity branch changes features."""
        return self.tokens is not None and self.scale != 0.0

    def take_maps(self) -> list[Tensor]:
        """The recorded maps; ends the recording.

        A backward pass with gradient checkpointing runs the blocks again: what they recorded then
        would keep every block's activations, and nothing would be saved.
        """
        maps, self.maps, self.record = self.maps, [], False
        return maps

    def clear(self) -> None:
        """Switch the branch off and forget maps and what was kept."""
        self.tokens, self.on, self.subject, self.cached = None, None, None, None
        self.record, self.maps, self.watch = False, [], False


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention (B, H, T, e); written out where a CPU needs gradients, else the fused call."""
    if torch.is_grad_enabled() and not fused(q):
        return _softmax(q, k, mask) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def written_attention(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attention (B, T, d) of projections (B, T, d) as two products and a softmax."""
    q, k, v = (split(x, heads) for x in (q, k, v))
    return merge(_softmax(q, k, None) @ v)


def attend_with_mass(
    q: Tensor, k: Tensor, v: Tensor, subject: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One attention call that also returns the mass on the subject's keys.

    On CUDA it stays one fused kernel: an indicator column appended to V comes out as that mass;
    Q and K get zero columns up to the same width, which change no logit, so that flash kernels
    (equal widths) still apply. On the CPU the written-out softmax is faster (2x, 6x in bf16
    with gradients, 256 positions and 32 keys) and gives the mass for nothing.

    Args:
        q: (B, H, T, e). k, v: (B, H, S, e). subject: (B, S) in {0, 1}.
        mask: additive (B, H, 1, S) or None.
    Returns:
        Attention output (B, H, T, e) and mass (B, T) in [0, 1], the mean over heads.
    """
    subject = subject.to(v.dtype)
    if not fused(q):
        p = _softmax(q, k, mask)  # (B, H, T, S)
        return p @ v, (p.mean(dim=1) @ subject[:, :, None])[..., 0]
    width = q.shape[-1]
    out = F.scaled_dot_product_attention(
        F.pad(q, (0, PAD)), F.pad(k, (0, PAD)), with_indicator(v, subject),
        attn_mask=mask, scale=width**-0.5,
    )  # (B, H, T, e + 8)  # fmt: skip
    return out[..., :width], out[..., width].mean(dim=1)


def with_indicator(v: Tensor, subject: Tensor) -> Tensor:
    """V (B, H, S, e) with a column of the subject mask (B, S) and zeros: (B, H, S, e + 8)."""
    indicator = subject[:, None, :, None].expand(-1, v.shape[1], -1, 1)
    return torch.cat([v, indicator, v.new_zeros(*v.shape[:-1], PAD - 1)], dim=-1)


def localisation_map(mass: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """Attention mass (B, T) to M (B, 1, h, w) in [0, 1]: smoothed, scaled to 1 at its peak.

    Args:
        mass: mean attention on the subject's tokens. A row that is all zero stays zero.
        size: height and width of the latents; None means square.
    """
    count = mass.shape[1]
    rows = count**0.5 if size is None else (count * size[0] / size[1]) ** 0.5
    height = round(rows)
    grid = mass.view(-1, 1, height, count // height)
    smooth = F.avg_pool2d(F.pad(grid, (1, 1, 1, 1), mode="replicate"), 2, stride=1)
    smooth = F.avg_pool2d(smooth, 2, stride=1)  # twice 2x2 = binomial 3x3 [1 2 1]
    peak = smooth.detach().amax(dim=(2, 3), keepdim=True)
    return smooth / peak.clamp_min(1e-6)


def fused(q: Tensor) -> bool:
    """Whether one fused kernel is best; on meta tensors a CUDA run is being planned."""
    return q.device.type in ("cuda", "meta")


def _softmax(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """Attention probabilities (B, H, T, S)."""
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return (logits if mask is None else logits + mask).softmax(dim=-1)


def split(x: Tensor, heads: int) -> Tensor:
    """(B, S, d) to (B, H, S, e)."""
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def merge(x: Tensor) -> Tensor:
    """(B, H, T, e) to (B, T, d)."""
    return x.transpose(1, 2).flatten(2)
