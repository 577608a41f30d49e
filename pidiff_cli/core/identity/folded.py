"""One identity block folded into three products, while its text and its tokens stay the same.

Everything linear between two softmaxes of the block is constant then and is multiplied out once:

    P = softmax(f Wq (K t)ᵀ / √e)          the text attention, a head
    S = softmax(P (V t) A)                 what the identity's tokens are asked: f' A, f' = P (V t)
    out = P (V t) Wo + λ M S (V† c) Wo + b

The numbers are the block's own by another order of multiplication. It pays where the text is short
against the layer's width (``foldable``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn


@dataclass(frozen=True)
class Folded:
    """The constants of one layer, for R·B rows of text, n of them with identity.

    Attributes:
        heads: H.
        text_ask: (R·B, H·S, d), Wq (K t)ᵀ / √e. text_answer: (R·B, H·S, d), (V t) Wo.
        ask: (n, H·N, H·S), (V t) A transposed; one row more, the mean over heads of the mass on
            the subject's tokens, where a map is wanted.
        answer: (n or 1, H·N, d), (V† c) Wo. bias: (d,), b.
        mapped: whether ``ask`` has that row.
    """

    heads: int
    text_ask: Tensor
    text_answer: Tensor
    ask: Tensor
    answer: Tensor
    bias: Tensor
    mapped: bool

    def block(
        self,
        features: Tensor,
        rows: slice,
        who: slice,
        weigh: Callable[[Tensor | None], Tensor | float],
    ) -> Tensor:
        """Features (r, T, d) to features (r, T, d).

        Args:
            rows: which r rows of the text they belong to. who: those with identity among them.
            weigh: gives λ M (n, 1, T), or λ, for the mass (n, T) on the subject.
        """
        logits = self.text_ask[rows] @ features.transpose(1, 2)  # (r, H·S, T): T last is faster
        p = self._softmax(logits)
        out = torch.baddbmm(self.bias, p.transpose(1, 2), self.text_answer[rows])  # (r, T, d)
        asked = self.ask @ p[who]  # (n, H·N [+ 1], T)
        weight = weigh(asked[:, -1] if self.mapped else None)
        share = self._softmax(asked[:, :-1] if self.mapped else asked) * weight  # (n, H·N, T)
        out[who].baddbmm_(share.transpose(1, 2), self.answer.expand(len(share), -1, -1))
        return out

    def _softmax(self, x: Tensor) -> Tensor:
        """Over the keys of each head: (n, H·K, T) to the same."""
        return x.unflatten(1, (self.heads, -1)).softmax(dim=2).flatten(1, 2)


def foldable(attn: Attention, words: int, tokens: int) -> bool:
    """Whether a layer can be folded and is then faster, for S text and N identity tokens.

    A position takes 2·H·S·d multiplications folded, and 2·d² + 2·S·d + 2·H·N·d otherwise.
    """
    plain = type(attn.to_q) is nn.Linear and type(attn.to_out[0]) is nn.Linear
    if not plain or attn.to_q.bias is not None or attn.rescale_output_factor != 1:
        return False
    return attn.heads * words <= attn.inner_dim + words + attn.heads * tokens


@torch.no_grad()
def fold(
    attn: Attention,
    k: Tensor,
    v: Tensor,
    ask: Tensor,
    answer: Tensor,
    who: slice,
    subject: Tensor | None,
) -> Folded:
    """Multiply out what stays the same.

    Args:
        k, v: (R·B, H, S, e), k scaled by 1/√e. ask: (n or 1, d, H·N).
        answer: (n or 1, H·N, d), block-diagonal over heads, before Wo.
        subject: (n, S) in {0, 1}; None wants no map.
    """
    heads, out = attn.heads, attn.to_out[0]
    query = attn.to_q.weight.unflatten(0, (heads, -1))  # (H, e, d)
    values = block_diagonal(v)  # (R·B, H·S, d)
    asked = (values[who] @ ask).transpose(1, 2)  # (n, H·N, H·S)
    if subject is not None:
        mass = subject.to(asked.dtype).repeat(1, heads)[:, None] / heads  # (n, 1, H·S)
        asked = torch.cat([asked, mass], dim=1)
    projection = out.weight.T
    bias = out.bias if out.bias is not None else out.weight.new_zeros(out.weight.shape[0])
    return Folded(
        heads, (k @ query).flatten(1, 2), values @ projection, asked.contiguous(),
        answer @ projection, bias, subject is not None,
    )  # fmt: skip


def block_diagonal(values: Tensor) -> Tensor:
    """(n, H, S, e) to (n, H·S, H·e): each head's values in its own columns."""
    heads = values.shape[1]
    eye = torch.eye(heads, dtype=values.dtype, device=values.device)
    spread = values[:, :, :, None] * eye[:, None, :, None]  # (n, H, S, H, e)
    return spread.flatten(3).flatten(1, 2)
