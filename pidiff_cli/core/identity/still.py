"""The identity block while pictures are drawn: what no step changes is computed once.

The text t and the identity tokens c stay the same from step to step. So K t and V t are kept, and
of Attn(Q† f', K† c, V† c) only two things a layer are needed: the question each token asks,
A = Q†ᵀ (K† c) / √e a head, and its answer, V† c. The logits are then f' A, the same numbers by
another order of multiplication: with 4 tokens and 8 heads a 320 x 32 matrix instead of 320 x 320.
Rows without identity (the unconditional ones, the base's own) pass the text attention only. Where
the text is short the whole block is folded (``folded``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor

from pidiff_cli.core.identity.attention import (
    PAD,
    IdentityContext,
    fused,
    localisation_map,
    merge,
    split,
    with_indicator,
)
from pidiff_cli.core.identity.folded import Folded, block_diagonal, fold, foldable


@dataclass(frozen=True)
class _Layer:
    """Of one layer: k, v (R·B, H, S, e) of the text, k scaled by 1/√e; ask (n, d, H·N) and
    answer (n, H·N, d), block-diagonal over heads. On CUDA k and v carry the columns of
    ``attend_with_mass``."""

    k: Tensor
    v: Tensor
    ask: Tensor
    answer: Tensor


@dataclass
class Still:
    """What the identity blocks of one UNet keep while one batch of pictures is drawn.

    Attributes:
        text: (R·B, S, C), the text of all rows; a step may ask for a part of them.
        tokens: (n, N, C), one a row with identity, or n = 1 for all of them.
        who: the rows with identity, all of them within every step's.
        subject: (rows with identity, S) in {0, 1}, the subject's text tokens; None is M = 1.
        levels: optional factor a token (N,), coarse to fine.
        pictures: B.
        first, rows: which rows the step at hand asks for; features of B rows stand for all.
    """

    text: Tensor
    tokens: Tensor
    who: slice
    subject: Tensor | None
    levels: tuple[float, ...] | None = None
    pictures: int = 1
    first: int = 0
    rows: int = 1
    layers: dict[str, _Layer | Folded] = field(default_factory=dict)

    def block(
        self, name: str, attn: Attention, features: Tensor, context: IdentityContext
    ) -> Tensor:
        """Features (B or R·B, T, d) to features (R·B, T, d); λ and recording are the context's."""
        layer = self.layers.get(name) or self._compute(name, attn)
        rows, weigh = slice(self.first, self.first + self.rows), partial(self._weight, context)
        if isinstance(layer, Folded):
            return layer.block(self._all_rows(features), rows, self._who(), weigh)
        q = self._all_rows(split(attn.to_q(features), attn.heads))  # (R·B, H, T, e)
        f, mass = self._attend(q, layer.k[rows], layer.v[rows])  # (R·B, T, d), (n, T)
        add_identity(f[self._who()], weigh(mass), layer.ask, layer.answer, attn.heads)
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

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor | None]:
        """The text branch's output (R·B, T, d), and where the subject is (n, T)."""
        if self.subject is None:
            out = F.scaled_dot_product_attention(q, k, v, scale=1.0)
            return merge(out), None
        if not fused(q):
            p = (q @ k.transpose(-1, -2)).softmax(dim=-1)  # (R·B, H, T, S)
            mass = p[self._who()].mean(dim=1) @ self.subject.to(p.dtype)[:, :, None]
            return merge(p @ v), mass[..., 0]
        width = q.shape[-1]
        out = F.scaled_dot_product_attention(F.pad(q, (0, PAD)), k, v, scale=1.0)
        return merge(out[..., :width]), out[self._who(), ..., width].mean(dim=1)

    def _compute(self, name: str, attn: Attention) -> _Layer | Folded:
        k, v = (split(part(self.text), attn.heads) for part in (attn.to_k, attn.to_v))
        k = k * k.shape[-1] ** -0.5
        ask, answer = ask_and_answer(attn, self.tokens)  # (n, H, N, d), (n, N, d)
        if self.levels is not None:
            answer = answer * answer.new_tensor(self.levels)[:, None]
        answer = block_diagonal(split(answer, attn.heads)).to(k.dtype)  # (n, H·N, d)
        ask = ask.flatten(1, 2).transpose(1, 2).to(k.dtype).contiguous()  # (n, d, H·N)
        made: _Layer | Folded
        if not fused(k) and foldable(attn, k.shape[2], self.tokens.shape[1]):
            made = fold(attn, k, v, ask, answer, self.who, self.subject)
        else:
            if self.subject is not None and fused(k):
                shown = v.new_zeros(len(v), v.shape[2])  # (R·B, S)
                shown[self.who] = self.subject.to(v.dtype)
                k, v = F.pad(k, (0, PAD)), with_indicator(v, shown)
            made = _Layer(k.contiguous(), v.contiguous(), ask, answer)
        self.layers[name] = made
        return made


@torch.no_grad()
def ask_and_answer(attn: Attention, tokens: Tensor) -> tuple[Tensor, Tensor]:
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
