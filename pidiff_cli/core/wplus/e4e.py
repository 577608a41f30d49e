"""The e4e encoder: aligned face -> offsets of a W+ code from the mean code (public key layout)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.wplus.irse import UNITS, WIDTHS, body, stem
from pidiff_cli.core.wplus.stylegan2 import EqualLinear


class StyleHead(nn.Module):
    """Stride-2 convolutions down to one pixel, then an equalised linear: (B, C, s, s) -> (B, D)."""

    def __init__(self, inputs: int, style_dim: int, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(int(math.log2(side))):
            layers += [nn.Conv2d(inputs, style_dim, 3, 2, 1), nn.LeakyReLU()]
            inputs = style_dim
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(style_dim, style_dim)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.convs(x).flatten(1))
        return out


class Encoder(nn.Module):
    """IR-SE trunk, a feature pyramid and one head a W+ row.

    Args:
        rows: L, W+ rows.
        style_dim: D.
        side: side of the square input in px.
        widths, units: channels and blocks of the four stages.
        coarse, middle: heads [0, coarse) see the last stage, [coarse, middle) the one before, the
            others the one before that.
        deltas: e4e's rule, where head 0 gives every row and head i adds to row i; False means one
            free code a row.
        reduction: of the squeeze-excite gates.
        stride: of the stem; 2 makes everything after it four times cheaper.
    """

    def __init__(
        self,
        rows: int = 18,
        style_dim: int = 512,
        side: int = 256,
        widths: Sequence[int] = WIDTHS,
        units: Sequence[int] = UNITS,
        coarse: int = 3,
        middle: int = 7,
        deltas: bool = True,
        reduction: int = 16,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.rows, self.style_dim, self.side, self.deltas = rows, style_dim, side, deltas
        self.coarse, self.middle = coarse, middle
        ends = [sum(units[: k + 1]) - 1 for k in range(4)]
        self.taps = ends[1], ends[2], ends[3]  # blocks 6, 20, 23 in the published trunk
        self.input_layer = stem(widths[0], stride)
        self.body = body(widths, units, reduction)
        self.styles = nn.ModuleList()
        for row in range(rows):
            shrink = stride * (16 if row < coarse else 8 if row < middle else 4)
            self.styles.append(StyleHead(widths[3], style_dim, side // shrink))
        self.latlayer1 = nn.Conv2d(widths[2], widths[3], 1)
        self.latlayer2 = nn.Conv2d(widths[1], widths[3], 1)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Trunk outputs c1, c2, c3 at 1/4, 1/8, 1/16 of the stem's side."""
        x = self.input_layer(x)
        found: list[Tensor] = []
        for index, block in enumerate(self.body):
            x = block(x)
            if index in self.taps:
                found.append(x)
        return found[0], found[1], found[2]

    def forward(self, x: Tensor, stage: int | None = None) -> Tensor:
        """Faces (B, 3, S, S) RGB in [-1, 1] -> offsets (B, L, D); add the mean code to get W+.

        `stage` applies only the deltas 1..stage, all of them if None.
        """
        if x.shape[-2:] != (self.side, self.side):
            raise ValueError(f"the encoder takes {self.side} px faces, got {tuple(x.shape)}")
        c1, c2, c3 = self.features(x)
        p2 = _above(c3, self.latlayer1(c2))
        # The widest map is only made where a head reads it.
        p1 = _above(p2, self.latlayer2(c1)) if self.middle < self.rows else p2
        last = self.rows - 1 if stage is None else stage
        base = self.styles[0](c3)  # (B, D)
        codes = [base]
        for row in range(1, self.rows):
            if row > last:
                codes.append(base)
                continue
            feature = c3 if row < self.coarse else p2 if row < self.middle else p1
            code = self.styles[row](feature)
            codes.append(base + code if self.deltas else code)
        return torch.stack(codes, 1)  # (B, L, D)


def _above(coarse: Tensor, fine: Tensor) -> Tensor:
    size = fine.shape[-2:]
    return F.interpolate(coarse, size, mode="bilinear", align_corners=True) + fine
