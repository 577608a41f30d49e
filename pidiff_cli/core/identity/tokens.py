"""W+ code to identity tokens (docs/method.md, section 3): a bias-free linear a group of rows, one
shared LayerNorm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Groups = Sequence[tuple[int, int]]

PUBLISHED_GROUPS: Groups = ((0, 4), (4, 8), (8, 12), (12, 18))  # the W+ adapter's, 18 rows
MINI_GROUPS: Groups = tuple((i, i + 2) for i in range(0, 12, 2))  # 6 tokens from 12 rows


class WPlusProjector(nn.Module):
    """Projects a W+ code to N identity tokens, coarse to fine.

    State-dict keys are those of the published W+ adapter: ``proj_0.weight`` …, ``norm.weight``,
    ``norm.bias``.

    Args:
        rows: L, rows of the W+ code.
        dim: D, width of a row.
        groups: half-open row ranges, one a token, coarse first; together they cover 0..L.
        out_dim: C, width of the base's cross-attention.
    """

    def __init__(self, rows: int, dim: int, groups: Groups, out_dim: int) -> None:
        super().__init__()
        edges = [start for start, _ in groups] + [groups[-1][1]]
        if edges != [0, *(stop for _, stop in groups)] or edges[-1] != rows:
            raise ValueError(f"groups {tuple(groups)} do not cover rows 0..{rows} in order")
        self.rows, self.dim, self.out_dim = rows, dim, out_dim
        self.groups = tuple((int(a), int(b)) for a, b in groups)
        for i, (start, stop) in enumerate(self.groups):
            setattr(self, f"proj_{i}", nn.Linear((stop - start) * dim, out_dim, bias=False))
        self.norm = nn.LayerNorm(out_dim)

    def forward(self, w: Tensor) -> Tensor:
        """W+ code (B, L, D) to tokens (B, N, C); w = 0 gives the unconditional tokens."""
        projected = [
            getattr(self, f"proj_{i}")(w[:, start:stop].flatten(1))  # (B, C)
            for i, (start, stop) in enumerate(self.groups)
        ]
        tokens: Tensor = self.norm(torch.stack(projected, dim=1))  # (B, N, C)
        return tokens

    def unconditional(self) -> Tensor:
        """Tokens (1, N, C) of the all-zero code, as published: not zero tokens."""
        weight = self.norm.weight
        zero = torch.zeros(1, self.rows, self.dim, dtype=weight.dtype, device=weight.device)
        tokens: Tensor = self(zero)
        return tokens


def fresh_projector(rows: int, dim: int, out_dim: int) -> WPlusProjector:
    """An untrained projector, the same at every call: a person's adapter sits on top of it.

    Groups are those of the published one: four rows a token, the last takes what is left over.
    """
    starts = range(0, 4 * max(1, min(4, rows // 4)), 4)
    groups = tuple((a, rows if a == starts[-1] else a + 4) for a in starts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return WPlusProjector(rows, dim, groups, out_dim)


class CodeDelta(nn.Module):
    """Δw: the learnt correction of one person's W+ code, zero at the start."""

    def __init__(self, rows: int, dim: int) -> None:
        super().__init__()
        self.delta = nn.Parameter(torch.zeros(rows, dim))

    def forward(self, w: Tensor) -> Tensor:
        """W+ code (B, L, D) to w + Δw."""
        return w + self.delta.to(w.dtype)
