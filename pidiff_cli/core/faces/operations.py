"""What a step of a converted network can be, in torch's channels-first order.

Each takes the step's options (lists of integers by name), what goes in, and its weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor

Options = Mapping[str, tuple[int, ...]]


def _conv(options: Options, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    """Weights (O, I / groups, h, w); `stride` (y, x), `groups` (1,), `pad` as `_padded` wants."""
    stride, (groups,) = options["stride"], options["groups"]
    return F.conv2d(_padded(x, options, w.shape[2:]), w, b, (stride[0], stride[1]), groups=groups)


def _maxpool(options: Options, x: Tensor) -> Tensor:
    """`size` and `stride` (y, x), `pad` as `_padded` wants; what is added never wins."""
    size, stride = options["size"], options["stride"]
    return F.max_pool2d(_padded(x, options, size, -math.inf), list(size), list(stride))


def _padded(x: Tensor, options: Options, size: Sequence[int], value: float = 0.0) -> Tensor:
    """`pad` left, right, top, bottom; empty: `same_padding`."""
    pad = options["pad"] or same_padding(x.shape, size, options["stride"])
    return F.pad(x, pad, value=value) if any(pad) else x


def same_padding(
    shape: Sequence[int], size: Sequence[int], stride: Sequence[int]
) -> tuple[int, int, int, int]:
    """TensorFlow's "same" for (B, C, H, W): left, right, top, bottom, the odd one right and below.

    So many that ceil(length / stride) windows fit.
    """
    high, wide = (
        max((-(-shape[2 + i] // stride[i]) - 1) * stride[i] + size[i] - shape[2 + i], 0)
        for i in (0, 1)
    )
    return wide // 2, wide - wide // 2, high // 2, high - high // 2


def _prelu(options: Options, x: Tensor, slope: Tensor) -> Tensor:
    return F.prelu(x, slope)


def _affine(options: Options, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """x * scale + shift, one of each for a channel, or (1,) for all."""
    shape = (-1, *[1] * (x.dim() - 2))
    return x * scale.view(shape) + shift.view(shape)


def _linear(options: Options, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.linear(x, w, b)


def _pad(options: Options, x: Tensor) -> Tensor:
    """`pad` as torch's: left, right, top, bottom, channels before, after."""
    return F.pad(x, options["pad"])


#: The operations by the name that steps use.
OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "conv": _conv,
    "maxpool": _maxpool,
    "prelu": _prelu,
    "affine": _affine,
    "linear": _linear,
    "pad": _pad,
    "add": lambda options, a, b: a + b,
    "relu": lambda options, x: F.relu(x),
    "relu6": lambda options, x: F.relu6(x),
    "sigmoid": lambda options, x: x.sigmoid(),
    "flatten": lambda options, x: x.flatten(1),
}
