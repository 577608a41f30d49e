"""The identity block while pictures are drawn: what no step changes is computed once.

The text t and the identity tokens c stay the same from step to step. So K t and V t are kept, and
of Attn(Q† f', K† c, V† c) only two things a layer are needed: the question each token asks,
A = Q†ᵀ (K† c) / √e a head, and its answer, V† c. The logits are then f' A, the same numbers by
another order of multiplication: with 4 tokens and 8 heads a 320 x 32 matrix instead of 320 x 320.
Rows without identity (the unconditional ones, the base's own) pass the text attention only; of the
base's own it can be told where the subject is. With a LoRA the last rows are those with it. Where
the text is short against the layer's width (``foldable``) the whole block is folded into three
products: everything linear between two softmaxes is constant then and multiplied out once:

    P = softmax(f Wq (K t)ᵀ / √e)          the text attention, a head
    S = softmax(P (V t) A)                 what the identity's tokens are asked: f' A, f' = P (V t)
    out = P (V t) Wo + λ M S (V† c) Wo + b
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from pidiff_cli.core.identity.context import (
    PAD,
    IdentityContext,
    fused,
    localisation_map,
    merge,
    split,
    with_indicator,
)
from pidiff_cli.core.identity.two_weights import TwoWeights, weights_of


#: Rows of the base's own among a step's, and what takes the mass (m, T) on their subject.
_See = tuple[slice, Callable[[Tensor], None]]


@dataclass(frozen=True)
class _Layer:
    """Of one layer: k, v (R·B, H, S, e) of the text, k scaled by 1/√e; ask (n, d, H·N) and
    answer (n, H·N, d), block-diagonal over heads, None without a branch. On CUDA k and v carry the
    columns of ``attend_with_mass``."""

    k: Tensor
    v: Tensor
    ask: Tensor | None
    answer: Tensor | None


@dataclass
class CachedAttention:
    """What the identity blocks of one UNet keep while one batch of pictures is drawn.

    Attributes:
        text: (R·B, S, C), the text of all rows; a step may ask for a part of them.
        tokens: (n, N, C), one a row with identity, or n = 1 for all of them; None has no branch.
        who: the rows with identity, all of them within every step's.
        subject: (rows with identity, S) in {0, 1}, the subject's text tokens; None is M = 1.
        levels: optional factor a token (N,), coarse to fine.
        pictures: B.
        beside: rows of the base's own, and beside_subject, (rows of them, S), their subject's text
            tokens; their maps go to beside_maps where the context records and they are asked for.
        first, rows: which rows the step at hand asks for; features of B rows stand for all.
    """

    text: Tensor
    tokens: Tensor | None
    who: slice
    subject: Tensor | None
    levels: tuple[float, ...] | None = None
    pictures: int = 1
    first: int = 0
    rows: int = 1
    layers: dict[str, _Layer | FoldedLayer] = field(default_factory=dict)
    beside: slice | None = None
    beside_subject: Tensor | None = None
    beside_maps: list[Tensor] = field(default_factory=list)

    def block(
        self, name: str, attn: Attention, features: Tensor, context: IdentityContext
    ) -> Tensor:
        """Features (B or R·B, T, d) to features (R·B, T, d); λ and recording are the context's."""
        layer = self.layers.get(name) or self._compute(name, attn)
        rows, weigh = slice(self.first, self.first + self.rows), partial(self._weight, context)
        nobody = self.who.start >= self.first + self.rows  # of this step's rows has an identity
        adds = context.adds and not nobody
        if isinstance(layer, FoldedLayer):
            if nobody:
                return layer.text_alone(self._all_rows(features), rows)
            see = self._see(context)
            return layer.block(self._all_rows(features), rows, self._who(), weigh, adds, see)
        q = self._all_rows(split(attn.to_q(features), attn.heads))  # (R·B, H, T, e)
        f, mass = self._attend(q, layer.k[rows], layer.v[rows], self._see(context))
        weight = 0.0 if nobody else weigh(mass)
        if adds and layer.ask is not None and layer.answer is not None:
            add_identity(f[self._who()], weight, layer.ask, layer.answer, attn.heads)
        f = attn.to_out[0](f)
        return f if attn.rescale_output_factor == 1 else f / attn.rescale_output_factor

    def _all_rows(self, x: Tensor) -> Tensor:
        """(B or R·B, …) to (R·B, …)."""
        times = self.rows // len(x)
        return x if times == 1 else x.repeat(times, *[1] * (x.ndim - 1))

    def _weight(self, context: IdentityContext, mass: Tensor | None) -> Tensor | float:
        """λ M (n, 1, T) for the mass (n, T) on the subject, recorded if need be; λ without one."""
        if mass is None:
            return context.scale
        maps = localisation_map(mass, context.size)  # (n, 1, h, w)
        if context.record:
            context.maps.append(maps)
        return maps.flatten(2) * context.scale

    def _who(self) -> slice:
        """The rows with identity among this step's."""
        return slice(self.who.start - self.first, self.who.stop - self.first)

    def _see(self, context: IdentityContext) -> _See | None:
        """The base's own rows among this step's, and what takes the mass on their subject."""
        if self.beside is None or not context.record or self.beside.start < self.first:
            return None
        rows = slice(self.beside.start - self.first, self.beside.stop - self.first)

        def keep(mass: Tensor) -> None:  # (m, T)
            self.beside_maps.append(localisation_map(mass, context.size))

        return rows, keep

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, see: _See | None
    ) -> tuple[Tensor, Tensor | None]:
        """The text branch's output (R·B, T, d), and where the subject is (n, T)."""
        if self.subject is None:
            out = F.scaled_dot_product_attention(q, k, v, scale=1.0)
            return merge(out), None
        if not fused(q):
            p = (q @ k.transpose(-1, -2)).softmax(dim=-1)  # (R·B, H, T, S)
            if see:
                see[1](_mass(p[see[0]], cast(Tensor, self.beside_subject)))
            return merge(p @ v), _mass(p[self._who()], self.subject)
        width = q.shape[-1]
        out = F.scaled_dot_product_attention(F.pad(q, (0, PAD)), k, v, scale=1.0)
        if see:
            see[1](out[see[0], ..., width].mean(dim=1))
        return merge(out[..., :width]), out[self._who(), ..., width].mean(dim=1)

    def _compute(self, name: str, attn: Attention) -> _Layer | FoldedLayer:
        k, v = (split(part(self.text), attn.heads) for part in (attn.to_k, attn.to_v))
        k = k * k.shape[-1] ** -0.5
        ask, answer = self._asked(attn, k.dtype)  # (n, d, H·N), (n, H·N, d)
        made: _Layer | FoldedLayer
        count = 0 if self.tokens is None else self.tokens.shape[1]
        if not fused(k) and foldable(attn, k.shape[2], count):
            made = fold(attn, k, v, ask, answer, self.who, self.subject, self.beside_subject)
        else:
            if self.subject is not None and fused(k):
                shown = v.new_zeros(len(v), v.shape[2])  # (R·B, S)
                shown[self.who] = self.subject.to(v.dtype)
                if self.beside is not None and self.beside_subject is not None:
                    shown[self.beside] = self.beside_subject.to(v.dtype)
                k, v = F.pad(k, (0, PAD)), with_indicator(v, shown)
            made = _Layer(k.contiguous(), v.contiguous(), ask, answer)
        self.layers[name] = made
        return made

    def _asked(self, attn: Attention, dtype: torch.dtype) -> tuple[Tensor | None, Tensor | None]:
        """What the tokens ask (n, d, H·N) and answer (n, H·N, d); None without a branch."""
        known = cast(Any, attn.processor).known
        if known is None and self.tokens is None:
            return None, None
        ask, answer = known or fold_qk_and_v(attn, cast(Tensor, self.tokens))
        if self.levels is not None:
            answer = answer * answer.new_tensor(self.levels)[:, None]
        answer = block_diagonal(split(answer, attn.heads)).to(dtype)  # (n, H·N, d)
        return ask.flatten(1, 2).transpose(1, 2).to(dtype).contiguous(), answer


def _mass(p: Tensor, subject: Tensor) -> Tensor:
    """The mean over heads of the mass (n, T) on the subject (n, S), of p (n, H, T, S)."""
    return (p.mean(dim=1) @ subject.to(p.dtype)[:, :, None])[..., 0]


@torch.no_grad()
def fold_qk_and_v(attn: Attention, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """What each identity token (n, N, C) asks of a layer's features, and its answer.

    Adapters on the layer's branch count in. Returns (n, H, N, d) float32, scaled by 1/√e, and
    (n, N, d) in the layer's precision.
    """
    layer = cast(Any, attn)
    one = torch.eye(attn.inner_dim, dtype=tokens.dtype, device=tokens.device)
    query = layer.to_q_id(one).float().unflatten(1, (attn.heads, -1))  # (d, H, e)
    key = layer.to_k_id(tokens).float().unflatten(2, (attn.heads, -1))  # (n, N, H, e)
    ask = torch.einsum("dhe,bnhe->bhnd", query, key) * query.shape[-1] ** -0.5
    return ask, layer.to_v_id(tokens)


def add_identity(
    f: Tensor, weight: Tensor | float, ask: Tensor, answer: Tensor, heads: int
) -> None:
    """Add weight * Attn(Q† f, K† c, V† c) to features f (n, T, d), in place.

    Args:
        weight: λ M (n, 1, T), or λ. ask: (n or 1, d, H·N). answer: (n or 1, H·N, d).
    """
    logits = ask.transpose(1, 2) @ f.transpose(1, 2)  # (n, H·N, T): T last is the fast way
    share = logits.unflatten(1, (heads, -1)).softmax(dim=2).flatten(1, 2) * weight
    f.baddbmm_(share.transpose(1, 2), answer.expand(len(f), -1, -1))


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
        see: _See | None = None,
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
