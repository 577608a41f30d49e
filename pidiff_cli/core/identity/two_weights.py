"""A linear layer of two weights, so that pictures with a LoRA and without are one call of a UNet.

The base's own picture and the person's are drawn side by side (docs/method.md, section 6). A call
costs a third of a row of its own on mini, so rows of both kinds go together; the last of them are
those with the LoRA.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TwoWeights(nn.Linear):
    """W x + b, and W' x + b for the last rows.

    Attributes:
        other: W', like W; None is not needed. last: how many rows are multiplied with it.
    """

    def __init__(self, like: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = like.in_features, like.out_features
        self.weight, self.bias = like.weight, like.bias
        self.other: Tensor | None = None
        self.last = 0

    def forward(self, x: Tensor) -> Tensor:
        """(R, …, d) to (R, …, e)."""
        parts = [
            F.linear(x if rows == slice(None) else x[rows], weight, self.bias)
            for rows, weight in weights_of(self, len(x))
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def weights_of(layer: nn.Module, rows: int) -> list[tuple[slice, Tensor]]:
    """The weights of a linear layer, each with those of so many rows that it is for, in order."""
    last, other = getattr(layer, "last", 0), getattr(layer, "other", None)
    own: Tensor = layer.weight  # type: ignore[assignment]
    if not last or other is None:
        return [(slice(None), own)]
    if last >= rows:
        return [(slice(None), other)]
    return [(slice(0, rows - last), own), (slice(rows - last, rows), other)]
