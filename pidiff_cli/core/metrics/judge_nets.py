"""The judge's networks: a convolutional trunk with linear heads, and a caption reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 128  # px, the side of every picture that the judge looks at


def _conv(width_in: int, width_out: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution and batch norm."""
    conv = nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width_out))


class _Residual(nn.Module):
    """Two 3x3 convolutions beside a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = _conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


class Trunk(nn.Module):
    """A plain residual network: (B, 3, 128, 128) in [-1, 1] -> pooled features (B, F).

    The stem reduces the side by 4 at once, every further stage by 2; ``depths`` counts the
    residual blocks of each stage.  F is twice the last width.  ``pool`` says how the last map
    is read: "peaks" takes each channel's mean and maximum, so that a small thing anywhere (a
    badge, a hat) is not averaged away; "places" takes two learned weighted means a channel,
    for aligned faces, where the place of a thing is known.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int], pool: str = "peaks") -> None:
        super().__init__()
        stem = nn.Conv2d(3, widths[0], 8, 4, 2, bias=False)
        layers: list[nn.Module] = [stem, nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            if index:
                layers += [_conv(widths[index - 1], width, stride=2), nn.ReLU()]
            layers += [_Residual(width) for _ in range(depth)]
        self.body = nn.Sequential(*layers)
        self.width = 2 * widths[-1]
        side = SIDE // 2 ** (len(widths) + 1)
        places = torch.randn(2, widths[-1], side, side) * 0.5 / side + 1 / side**2
        self.places = nn.Parameter(places) if pool == "places" else None

    def forward(self, x: Tensor) -> Tensor:
        maps = self.body(x).float()  # (B, C, h, w)
        if self.places is None:
            return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], dim=1)  # (B, 2C)
        return torch.einsum("bchw,kchw->bkc", maps, self.places).flatten(1)  # (B, 2C)


class ImageTower(nn.Module):
    """A trunk, a projection into the shared or identity space, and attribute heads.

    Args:
        widths, depths: the trunk's stages.
        dim: E, the length of the projected vector.
        heads: name -> number of outputs of one linear head on the trunk's features.
        pool: "peaks" or "places", see ``Trunk``.
    """

    def __init__(
        self,
        widths: Sequence[int],
        depths: Sequence[int],
        dim: int,
        heads: Mapping[str, int],
        pool: str = "peaks",
    ) -> None:
        super().__init__()
        self.trunk = Trunk(widths, depths, pool)
        self.norm = nn.BatchNorm1d(self.trunk.width)
        self.project = nn.Linear(self.trunk.width, dim)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(self.trunk.width, size) for name, size in heads.items()}
        )

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, 128, 128) in [-1, 1] -> (B, F) normalised trunk features."""
        out: Tensor = self.norm(self.trunk(x))
        return out

    def embed(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, E) of unit length."""
        return F.normalize(self.project(features), dim=-1)


class CaptionReader(nn.Module):
    """A small transformer over word ids: (B, T) -> (B, E) of unit length; id 0 is padding."""

    def __init__(self, words: int, dim: int, width: int, layers: int, max_words: int) -> None:
        super().__init__()
        self.word = nn.Embedding(words, width)
        self.place = nn.Parameter(torch.randn(max_words, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(2 * width)
        self.project = nn.Linear(2 * width, dim)

    def forward(self, ids: Tensor) -> Tensor:
        held = ids != 0  # (B, T)
        x = self.word(ids) + self.place[: ids.shape[1]]
        x = self.layers(x, src_key_padding_mask=~held)  # (B, T, W)
        mean = (x * held[..., None]).sum(1) / held.sum(1, keepdim=True).clamp(min=1)
        top = x.masked_fill(~held[..., None], -1e4).amax(1)
        joined = self.norm(torch.cat([mean, top], dim=-1))  # (B, 2W)
        return F.normalize(self.project(joined), dim=-1)
