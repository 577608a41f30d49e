"""A layer's text attention and identity block, folded into three products.

Everything linear between two softmaxes is constant while pictures are drawn (``cached``) and is
multiplied out once, for each row with its own weights:

    P = softmax(f Wq (K t)ᵀ / √e)          the text attention, a head
    S = softmax(P (V t) A)                 what the identity's tokens are asked: f' A, f' = P (V t)
    out = P (V t) Wo + λ M S (V† c) Wo + b
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from pidiff_cli.core.identity.two_weights import TwoWeights, weights_of

#: Rows of the base's own among a step's, and what takes the mass (m, T) on their subject.
See = tuple[slice, Callable[[Tensor], None]]


@dataclass(frozen=True)
class FoldedLayer:
    """The constants of one layer, for R·B rows of text, n of them with identity.

    Attributes:
        heads: H.
        text_ask: (R·B, H·S, d), Wq (K t)ᵀ / √e. text_answer: (R·B, H·S, d), (V t) Wo.
        ask: (n, H·N, H·S), (V t) A transposed; one row more, the mean over heads of the mass on
            the subject's tokens, where a map is wanted; that row alone without a branch.
        answer: (n or 1, H·N, d), (V† c) Wo; None without a branch. bias: (d,), b.
        mapped: whether ``ask`` has that row.
        seen: (m, 1, H·S), such a row of the base's own that are drawn beside; None without.
    """

    heads: int
    text_ask: Tensor
    text_answer: Tensor
    ask: Tensor
    answer: Tensor | None
    bias: Tensor
    mapped: bool
    seen: Tensor | None = None

    def block(
        self,
        features: Tensor,
        rows: slice,
        who: slice,
        weigh: Callable[[Tensor | None], Tensor | float],
        added: bool,
        see: See | None = None,
    ) -> Tensor:
        """Features (r, T, d) to features (r, T, d); ``added``: with what the branch adds.

        Args:
            rows: which r rows of the text they belong to. who: those with identity among them.
            weigh: gives λ M (n, 1, T), or λ, for the mass (n, T) on the subject.
            see: rows of the base's own among them, and what takes the mass (m, T) there.
        """
        out, p = self._text(features, rows)
        if see and self.seen is not None:
            see[1]((self.seen @ p[see[0]])[:, 0])
        asked = self.ask @ p[who]  # (n, H·N [+ 1], T)
        weight = weigh(asked[:, -1] if self.mapped else None)
        if self.answer is None or not added:
            return out
        share = self._softmax(asked[:, :-1] if self.mapped else asked) * weight  # (n, H·N, T)
        out[who].baddbmm_(share.transpose(1, 2), self.answer.expand(len(share), -1, -1))
        return out

    def text_alone(self, features: Tensor, rows: slice) -> Tensor:
        """Features (r, T, d) to features (r, T, d), of rows without identity."""
        return self._text(features, rows)[0]

    def _text(self, features: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
        """The text branch's features (r, T, d) and probabilities (r, H·S, T)."""
        logits = self.text_ask[rows] @ features.transpose(1, 2)  # (r, H·S, T): T last is faster
        p = self._softmax(logits)
        return torch.baddbmm(self.bias, p.transpose(1, 2), self.text_answer[rows]), p

    def _softmax(self, x: Tensor) -> Tensor:
        """Over the keys of each head: (n, H·K, T) to the same."""
        return x.unflatten(1, (self.heads, -1)).softmax(dim=2).flatten(1, 2)


def foldable(attn: Attention, words: int, tokens: int) -> bool:
    """Whether a layer can be folded and is then faster, for S text and N identity tokens.

    A position takes 2·H·S·d multiplications folded, and 2·d² + 2·S·d + 2·H·N·d otherwise.
    """
    plain = {type(attn.to_q), type(attn.to_out[0])} <= {nn.Linear, TwoWeights}
    if not plain or attn.to_q.bias is not None or attn.rescale_output_factor != 1:
        return False
    return attn.heads * words <= attn.inner_dim + words + attn.heads * tokens


@torch.no_grad()
def fold(
    attn: Attention,
    k: Tensor,
    v: Tensor,
    ask: Tensor | None,
    answer: Tensor | None,
    who: slice,
    subject: Tensor | None,
    beside: Tensor | None = None,
) -> FoldedLayer:
    """Multiply out what stays the same, with each row's own weights.

    Args:
        k, v: (R·B, H, S, e), k scaled by 1/√e. ask: (n or 1, d, H·N), None without a branch.
        answer: (n or 1, H·N, d), block-diagonal over heads, before Wo.
        subject: (n, S) in {0, 1}; None wants no map. beside: the same of the base's own rows.
    """
    heads, out = attn.heads, attn.to_out[0]
    values = block_diagonal(v)  # (R·B, H·S, d)
    none = values[who][:, :, :0]  # (n, H·S, 0)
    asked = (none if ask is None else values[who] @ ask).transpose(1, 2)  # (n, H·N, H·S)
    if subject is not None:
        asked = torch.cat([asked, _all_heads(subject, heads, asked)], dim=1)
    text_ask = [
        (k[rows] @ weight.unflatten(0, (heads, -1))).flatten(1, 2)  # (H, e, d)
        for rows, weight in weights_of(attn.to_q, len(k))
    ]
    outs = weights_of(out, len(values))
    bias = out.bias if out.bias is not None else out.weight.new_zeros(out.weight.shape[0])
    return FoldedLayer(
        heads, _joined(text_ask), _joined([values[rows] @ weight.T for rows, weight in outs]),
        asked.contiguous(), None if answer is None else answer @ outs[-1][1].T, bias,
        subject is not None, None if beside is None else _all_heads(beside, heads, asked),
    )  # fmt: skip


def _all_heads(subject: Tensor, heads: int, like: Tensor) -> Tensor:
    """(n, S) in {0, 1} to (n, 1, H·S), whose product with probabilities is the mass there."""
    return subject.to(like.dtype).repeat(1, heads)[:, None] / heads


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def block_diagonal(values: Tensor) -> Tensor:
    """(n, H, S, e) to (n, H·S, H·e): each head's values in its own columns."""
    heads = values.shape[1]
    eye = torch.eye(heads, dtype=values.dtype, device=values.device)
    spread = values[:, :, :, None] * eye[:, None, :, None]  # (n, H, S, H, e)
    return spread.flatten(3).flatten(1, 2)
