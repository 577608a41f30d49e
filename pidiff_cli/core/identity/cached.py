"""The identity block while pictures are drawn: what no step changes is computed once.

The text t and the identity tokens c stay the same from step to step. So K t and V t are kept, and
of Attn(Q† f', K† c, V† c) only two things a layer are needed: the question each token asks,
A = Q†ᵀ (K† c) / √e a head, and its answer, V† c. The logits are then f' A, the same numbers by
another order of multiplication: with 4 tokens and 8 heads a 320 x 32 matrix instead of 320 x 320.
Rows without identity (the unconditional ones, the base's own) pass the text attention only; of the
base's own it can be told where the subject is. With a LoRA the last rows are those with it. Where
the text is short against the layer's width the whole block is folded into three products
(``folded``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor

from pidiff_cli.core.identity.context import (
    PAD,
    IdentityContext,
    fused,
    localisation_map,
    merge,
    split,
    with_indicator,
)
from pidiff_cli.core.identity.folded import FoldedLayer, See, block_diagonal, fold, foldable


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

    def _see(self, context: IdentityContext) -> See | None:
        """The base's own rows among this step's, and what takes the mass on their subject."""
        if self.beside is None or not context.record or self.beside.start < self.first:
            return None
        rows = slice(self.beside.start - self.first, self.beside.stop - self.first)

        def keep(mass: Tensor) -> None:  # (m, T)
            self.beside_maps.append(localisation_map(mass, context.size))

        return rows, keep

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, see: See | None
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
