"""Small convolutional nets for faces: finder, landmarks with head mask, embedder.

All take float32 RGB in [-1, 1]; batch norm everywhere, so inference is one fused pass.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pidiff_cli.core.tensors.packed import pack, unpack
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.reading.text import read_json, short

#: Background, body, skin, hair, headgear, glasses: as the drawn world's label map.
LABELS = 6
POINTS = 68
#: Skin, hair, headgear, glasses; before them background and body, after them a thing before the
#: face, in nets that know it.
HEAD_LABELS = slice(2, 6)
#: The face nets that come with the program.
FOLDER = Path(__file__).resolve().parents[2] / "weights" / "mini" / "faces"

Net = TypeVar("Net", bound=nn.Module)


class ConvNorm(nn.Sequential):
    """3x3 (or `size`) convolution, batch norm, SiLU."""

    def __init__(self, cin: int, cout: int, size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(cin, cout, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(cout),
            nn.SiLU(inplace=True),
        )


class Residual(nn.Module):
    """x + conv(conv(x)), same width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvNorm(width, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.norm(self.second(self.first(x))))


def stage(cin: int, cout: int, blocks: int) -> nn.Sequential:
    """Halve the size, go to `cout` channels, then `blocks` residual blocks."""
    return nn.Sequential(ConvNorm(cin, cout, 3, 2), *(Residual(cout) for _ in range(blocks)))


class FaceEmbedder(nn.Module):
    """Aligned FFHQ crop -> unit vector; near vectors are the same person.

    Args:
        widths: channels at 64, 32, 16, 8 and 4 px.
        blocks: residual blocks at 32, 16 and 8 px.
        size: length E of the embedding.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (24, 40, 72, 128, 192),
        blocks: tuple[int, ...] = (1, 2, 2),
        size: int = 128,
    ) -> None:
        super().__init__()
        self.config: dict[str, Any] = {"widths": list(widths), "blocks": list(blocks), "size": size}
        self.stem = ConvNorm(3, widths[0], 5, 2)  # 128 -> 64 px
        self.trunk = nn.Sequential(
            *(stage(widths[i], widths[i + 1], blocks[i]) for i in range(3)),
            ConvNorm(widths[3], widths[4], 3, 2),
        )
        # Places matter in an aligned face, so flatten the 4 x 4 map instead of averaging it.
        self.squeeze = ConvNorm(widths[4], 64, 1)
        self.project = nn.Linear(64 * 16, size)

    @property
    def size(self) -> int:
        """Length E of the embedding."""
        return int(self.config["size"])

    def raw(self, x: Tensor) -> Tensor:
        """x (B, 3, 128, 128) in [-1, 1] -> (B, E) before normalisation."""
        maps = self.squeeze(self.trunk(self.stem(x)))  # (B, 64, 4, 4)
        out: Tensor = self.project(maps.flatten(1))
        return out

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 128, 128) in [-1, 1], FFHQ-aligned -> (B, E), unit norm."""
        return F.normalize(self.raw(x), dim=-1)


class LandmarkNet(nn.Module):
    """A square crop roughly around a face -> 68 points, head labels, is-it-a-face.

    Points come from a soft argmax over 32 px heat maps, so they are sub-pixel.

    Args:
        widths: channels at 64, 32, 16 and 8 px.
        blocks: residual blocks at 32, 16 and 8 px.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (12, 32, 64, 112),
        blocks: tuple[int, ...] = (1, 2, 2),
    ) -> None:
        super().__init__()
        self.config: dict[str, Any] = {"widths": list(widths), "blocks": list(blocks)}
        w64, w32, w16, w8 = widths
        self.stem = ConvNorm(3, w64, 5, 2)
        self.down32, self.down16, self.down8 = (
            stage(w64, w32, blocks[0]),
            stage(w32, w16, blocks[1]),
            stage(w16, w8, blocks[2]),
        )
        self.wide = nn.Sequential(ConvNorm(w8, w8, 3, 2), Residual(w8))  # 4 px: the whole crop
        self.join8 = ConvNorm(2 * w8, w8, 1)
        self.join16 = nn.Sequential(ConvNorm(w8 + w16, w16, 1), Residual(w16))
        self.join32 = nn.Sequential(ConvNorm(w16 + w32, w32, 1), Residual(w32))
        self.heat = nn.Conv2d(w32, POINTS, 1)
        self.sharpness = nn.Parameter(torch.full((POINTS,), 2.0))
        self.nudge = nn.Linear(w8 + 2 * POINTS, 2 * POINTS)
        self.slim = ConvNorm(w32, 16, 1)
        self.masks = nn.Sequential(ConvNorm(16 + w64, 16, 3), nn.Conv2d(16, LABELS, 1))
        self.confidence = nn.Sequential(nn.Linear(2 * w8, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, 3, 128, 128) in [-1, 1].

        Returns:
            points (B, 68, 2) in units of the crop, 0..1, x right, y down (may lie a little
            outside); label logits (B, K, 64, 64); face logit (B,).
        """
        return self.read(x)[:3]

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What `forward` gives, and the heat maps behind the points (B, 68, 32, 32), sum 1."""
        x64 = self.stem(x)
        x32 = self.down32(x64)
        x16 = self.down16(x32)
        x8 = self.down8(x16)
        x4 = self.wide(x8)
        y8 = self.join8(torch.cat([x8, _twice(x4)], 1))
        y16 = self.join16(torch.cat([_twice(y8), x16], 1))
        y32 = self.join32(torch.cat([_twice(y16), x32], 1))
        labels = self.masks(torch.cat([_twice(self.slim(y32)), x64], 1))  # (B, K, 64, 64)
        pooled = y8.mean((2, 3))  # (B, w8)
        heat = heat_maps(self.heat(y32), self.sharpness)  # (B, 68, 32, 32)
        points = expected_place(heat)  # (B, 68, 2)
        # The soft argmax cannot leave the crop; a small linear correction can.
        nudge = self.nudge(torch.cat([pooled, points.flatten(1)], 1))
        points = points + 0.1 * nudge.view(-1, POINTS, 2)
        face = self.confidence(torch.cat([pooled, x4.amax((2, 3))], 1))[:, 0]
        return points, labels, face, heat


class FaceFinder(nn.Module):
    """Fully convolutional: where are heads of about 24 to 72 px, at stride 8.

    Run it on a pyramid of the picture in steps of about 1.6.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64), blocks: int = 3) -> None:
        super().__init__()
        self.config: dict[str, Any] = {"widths": list(widths), "blocks": blocks}
        w2, w4, w8 = widths
        self.trunk = nn.Sequential(
            ConvNorm(3, w2, 3, 2),
            ConvNorm(w2, w4, 3, 2),
            ConvNorm(w4, w8, 3, 2),
            *(Residual(w8) for _ in range(blocks)),
        )
        self.out = nn.Conv2d(w8, 4, 1)
        nn.init.constant_(self.out.bias[:1], -4.0)  # type: ignore[index]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, 3, H, W) in [-1, 1], H and W multiples of 8.

        Returns:
            centre logits (B, H/8, W/8); log2(side / 48 px) (B, H/8, W/8); centre offset from
            the cell's middle (B, 2, H/8, W/8) in cells, x then y.
        """
        out = self.out(self.trunk(x))
        return out[:, 0], out[:, 1], out[:, 2:]


def heat_maps(maps: Tensor, sharpness: Tensor) -> Tensor:
    """Maps (B, K, h, w), sharpness (K,) -> softmax over each map, float32."""
    scaled = maps.float() * F.softplus(sharpness)[:, None, None]
    return scaled.flatten(2).softmax(-1).view(maps.shape)


def expected_place(heat: Tensor) -> Tensor:
    """Heat maps (B, K, h, w) with sum 1 -> mean places (B, K, 2), x and y in 0..1 of the map."""
    h, w = heat.shape[2:]
    xs = (torch.arange(w, device=heat.device) + 0.5) / w
    ys = (torch.arange(h, device=heat.device) + 0.5) / h
    return torch.stack([(heat.sum(2) * xs).sum(-1), (heat.sum(3) * ys).sum(-1)], -1)


def save_net(net: nn.Module, stem: Path) -> None:
    """Write `stem`.safetensors (packed) and `stem`.json (the sizes that build it again)."""
    from safetensors.torch import save_file

    stem.parent.mkdir(parents=True, exist_ok=True)
    save_file(pack(net.state_dict()), str(stem.with_suffix(".safetensors")))
    stem.with_suffix(".safetensors").chmod(0o644)
    told = {"class": type(net).__name__, **net.config}  # type: ignore[dict-item]
    text = json.dumps(told, indent=1)
    stem.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def load_net(kind: type[Net], stem: Path) -> Net:
    """Read what `save_net` wrote: eval mode, float32, no gradients.

    Raises:
        FileNotFoundError: one of the two files is missing. InputError: its settings are damaged,
            or of another net.
    """
    from safetensors.torch import load_file

    path = stem.with_suffix(".json")
    if not path.is_file():
        raise FileNotFoundError(path)
    config = read_json(path, dict[str, Any])
    for about in ("class", "world"):
        config.pop(about, None)
    try:
        net = kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in config.items()})
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} holds no settings of this net: {short(str(error))}.") from error
    net.load_state_dict(unpack(load_file(str(stem.with_suffix(".safetensors")))))
    return net.eval().requires_grad_(False)


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


@lru_cache(maxsize=8)
def open_net(kind: type[Net], folder: Path, name: str) -> Net:
    """A net of `folder`, read once; raises MissingWeightError when it is not there."""
    try:
        return load_net(kind, folder / name)
    except FileNotFoundError:
        raise MissingWeightError(
            f"The face net {name} is missing from the installation.",
            "Install it again: pip install --force-reinstall pidiff-cli",
        ) from None
