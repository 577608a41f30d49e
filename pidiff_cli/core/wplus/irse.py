"""The IR-SE residual trunk of the e4e encoder and the ArcFace embedder (public key layout)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

UNITS = (3, 4, 14, 3)  # blocks a stage in the 50-layer trunk
WIDTHS = (64, 128, 256, 512)  # channels a stage; the stem has the first


class PReLU(nn.PReLU):
    """nn.PReLU from two rectifiers: the same values, a much faster gradient on CPUs."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) - self.weight[:, None, None].to(x.dtype) * F.relu(-x)


class SqueezeExcite(nn.Module):
    """Channel gates from the picture-wide mean; `fc1`, `fc2` are bias-free 1x1 convolutions."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * gate.sigmoid()


class Block(nn.Module):
    """BN, conv, PReLU, strided conv, BN, squeeze-excite, plus the shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, reduction: int = 16) -> None:
        super().__init__()
        self.stride = stride
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            SqueezeExcite(outputs, reduction),
        )
        self.shortcut_layer = (
            None
            if inputs == outputs
            else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.shortcut_layer is None:  # plain subsampling, also at stride 2
            shortcut = x[:, :, :: self.stride, :: self.stride]
        else:
            shortcut = self.shortcut_layer(x)
        out: Tensor = self.res_layer(x) + shortcut
        return out


def stem(width: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution on RGB, BN, PReLU; the published stride is 1."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), PReLU(width)
    )


def body(
    widths: Sequence[int] = WIDTHS, units: Sequence[int] = UNITS, reduction: int = 16
) -> nn.Sequential:
    """All blocks in one list; the first of each stage halves the side."""
    blocks: list[nn.Module] = []
    inputs = widths[0]
    for width, count in zip(widths, units, strict=True):
        for index in range(count):
            blocks.append(Block(inputs, width, 2 if index == 0 else 1, reduction))
            inputs = width
    return nn.Sequential(*blocks)
