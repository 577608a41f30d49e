"""The StyleGAN2 generator in the public PyTorch state-dict layout, without custom ops.

Weights are stored with unit variance and scaled by 1/sqrt(fan in) at run time (equalised learning
rate). A modulated convolution is computed as conv(x * style) * demodulation with one shared kernel:
the same function as per-sample kernels, and faster on every device here.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Noise = Literal["none", "fixed", "random"]
SLOPE = 0.2  # of every leaky ReLU; followed by a gain of sqrt(2)


def default_channels(size: int) -> dict[int, int]:
    """The published widths: 512 up to 64 px, then halved at every doubling."""
    sides = [2**k for k in range(2, int(math.log2(size)) + 1)]
    return {side: min(512, 512 * 64 // side) for side in sides}


def rows_for(size: int) -> int:
    """W+ rows of a generator: 12 at 128 px, 18 at 1024 px."""
    return 2 * int(math.log2(size)) - 2


def _activate(x: Tensor, bias: Tensor) -> Tensor:
    return F.leaky_relu(x + bias.to(x.dtype), SLOPE) * math.sqrt(2)


def _fir() -> Tensor:
    line = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(line, line) / 16  # sums to 4: the gain of a doubling in both axes


class PixelNorm(nn.Module):
    """x / rms(x) over the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-8)


class EqualLinear(nn.Module):
    """Linear layer with a run-time weight factor lr_mul/sqrt(inputs) and bias factor lr_mul."""

    def __init__(
        self, inputs: int, outputs: int, bias: float = 0.0, lr_mul: float = 1.0, act: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_mul)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.scale = lr_mul / math.sqrt(inputs)
        self.lr_mul = lr_mul
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        if self.act:
            return _activate(F.linear(x, self.weight * self.scale), self.bias * self.lr_mul)
        return F.linear(x, self.weight * self.scale, self.bias * self.lr_mul)


class FirKernel(nn.Module):
    """Holder of the 4x4 smoothing kernel, which the public layout stores."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", _fir())

    def blur(self, x: Tensor) -> Tensor:
        """Smooth after a transposed convolution: (B, C, 2H+1, 2W+1) -> (B, C, 2H, 2W)."""
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 4, 4)
        return F.conv2d(x, kernel, padding=1, groups=channels)

    def enlarge(self, x: Tensor) -> Tensor:
        """Smooth up-sampling: (B, C, H, W) -> (B, C, 2H, 2W)."""
        batch, channels, height, width = x.shape
        planes = x.reshape(batch * channels, 1, height, width)
        kernel = self.kernel.to(x.dtype).view(1, 1, 4, 4)
        planes = F.conv_transpose2d(planes, kernel, stride=2, padding=1)
        return planes.view(batch, channels, 2 * height, 2 * width)


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by a style; output optionally demodulated."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        style_dim: int,
        demodulate: bool = True,
        upsample: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel))
        self.modulation = EqualLinear(style_dim, inputs, bias=1.0)
        self.scale = 1 / math.sqrt(inputs * kernel**2)
        self.padding = kernel // 2
        self.demodulate = demodulate
        self.upsample = upsample
        if upsample:
            self.blur = FirKernel()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (B, I, H, W), w (B, D) -> (B, O, H or 2H, W or 2W)."""
        style = self.modulation(w)  # (B, I)
        weight = self.weight[0] * self.scale  # (O, I, k, k)
        x = x * style[:, :, None, None].to(x.dtype)
        if self.upsample:
            x = self.blur.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        else:
            x = F.conv2d(x, weight, padding=self.padding)
        if self.demodulate:
            energy = F.linear(style.square(), weight.square().sum((2, 3)))  # (B, O)
            x = x * torch.rsqrt(energy + 1e-8)[:, :, None, None].to(x.dtype)
        return x


class NoiseInjection(nn.Module):
    """Adds one map, shared by all channels, times a learned strength."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        return x if noise is None else x + (self.weight * noise).to(x.dtype)


class ChannelBias(nn.Module):
    """Bias, leaky ReLU, gain."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return _activate(x, self.bias[:, None, None])


class StyledConv(nn.Module):
    """Modulated 3x3 convolution, noise, bias, activation."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, upsample: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style_dim, upsample=upsample)
        self.noise = NoiseInjection()
        self.activate = ChannelBias(outputs)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        out: Tensor = self.activate(self.noise(self.conv(x, w), noise))
        return out


class ToRGB(nn.Module):
    """1x1 modulated convolution without demodulation, added to the up-sampled picture so far."""

    def __init__(self, inputs: int, style_dim: int, upsample: bool = True) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.conv = ModulatedConv(inputs, 3, 1, style_dim, demodulate=False)
        if upsample:
            self.upsample = FirKernel()

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
        rgb: Tensor = self.conv(x, w) + self.bias.to(x.dtype)
        return rgb if skip is None else rgb + self.upsample.enlarge(skip)


class ConstantInput(nn.Module):
    """The learned 4x4 start."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, batch: int) -> Tensor:
        return self.input.repeat(batch, 1, 1, 1)


class Generator(nn.Module):
    """StyleGAN2 in the public layout.

    Args:
        size: side of the picture, a power of two from 8 to 1024.
        style_dim: D, width of z, w and each W+ row.
        n_mlp: layers of the mapping network.
        channels: side -> width for every side from 4 to `size`; the published widths if None.
    """

    def __init__(
        self,
        size: int,
        style_dim: int = 512,
        n_mlp: int = 8,
        channels: dict[int, int] | None = None,
    ) -> None:
        super().__init__()
        if size < 8 or size & (size - 1):
            raise ValueError(f"size must be a power of two from 8, not {size}")
        widths = channels or default_channels(size)
        self.size, self.style_dim, self.rows = size, style_dim, rows_for(size)
        layers = [EqualLinear(style_dim, style_dim, 0.0, 0.01, act=True) for _ in range(n_mlp)]
        self.style = nn.Sequential(PixelNorm(), *layers)
        self.input = ConstantInput(widths[4])
        self.conv1 = StyledConv(widths[4], widths[4], style_dim)
        self.to_rgb1 = ToRGB(widths[4], style_dim, upsample=False)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        self.noises = nn.Module()
        side, count = 4, 0
        self.noises.register_buffer("noise_0", torch.randn(1, 1, 4, 4))
        while side < size:
            inputs, side = widths[side], side * 2
            self.convs.append(StyledConv(inputs, widths[side], style_dim, upsample=True))
            self.convs.append(StyledConv(widths[side], widths[side], style_dim))
            self.to_rgbs.append(ToRGB(widths[side], style_dim))
            for _ in range(2):
                count += 1
                self.noises.register_buffer(f"noise_{count}", torch.randn(1, 1, side, side))

    def map(self, z: Tensor) -> Tensor:
        """z (..., D) -> w (..., D); z is pixel-normalised inside."""
        w: Tensor = self.style(z)
        return w

    def synthesise(self, wplus: Tensor, noise: Noise = "none", until: int | None = None) -> Tensor:
        """W+ codes (B, L, D) -> pictures (B, 3, S, S), nominal range [-1, 1], not clamped.

        `noise`: "none", "fixed" (the stored maps) or "random". `until` stops at a smaller side and
        returns the picture so far at that side.
        """
        if wplus.ndim != 3 or wplus.shape[1:] != (self.rows, self.style_dim):
            raise ValueError(
                f"W+ codes must be (B, {self.rows}, {self.style_dim}), got {tuple(wplus.shape)}"
            )
        x = self.conv1(self.input(wplus.shape[0]), wplus[:, 0], self._noise(0, wplus, noise))
        rgb = self.to_rgb1(x, wplus[:, 1], None)
        for j, to_rgb in enumerate(self.to_rgbs):
            if until is not None and rgb.shape[-1] >= until:
                break
            row = 2 * j + 1  # the up conv shares this row with the ToRGB before it
            x = self.convs[2 * j](x, wplus[:, row], self._noise(row, wplus, noise))
            x = self.convs[2 * j + 1](x, wplus[:, row + 1], self._noise(row + 1, wplus, noise))
            rgb = to_rgb(x, wplus[:, row + 2], rgb)
        return rgb  # (B, 3, S, S)

    def forward(
        self,
        z: Tensor,
        truncation: float = 1.0,
        mean: Tensor | None = None,
        noise: Noise = "random",
    ) -> Tensor:
        """z (B, D) -> pictures (B, 3, S, S); truncated toward `mean` (D,) or (1, D) below 1."""
        w = truncate(self.map(z), mean, truncation)
        return self.synthesise(self.spread(w), noise)

    def spread(self, w: Tensor) -> Tensor:
        """One w for all rows: (B, D) -> (B, L, D)."""
        return w.unsqueeze(1).repeat(1, self.rows, 1)

    def _noise(self, index: int, like: Tensor, kind: Noise) -> Tensor | None:
        if kind == "none":
            return None
        stored: Tensor = getattr(self.noises, f"noise_{index}")
        if kind == "fixed":
            return stored
        return torch.randn(like.shape[0], *stored.shape[1:], device=like.device)


def truncate(w: Tensor, mean: Tensor | None, psi: float) -> Tensor:
    """mean + psi (w - mean), only for psi below 1."""
    if psi >= 1:
        return w
    if mean is None:
        raise ValueError("truncation below 1 needs the mean code")
    return mean + psi * (w - mean)
