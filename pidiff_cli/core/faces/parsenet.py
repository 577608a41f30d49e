"""ParseNet, a face parser of 19 classes at 512 px, in the public key layout.

Encoder (four halvings), ten residual blocks at 32 px added to their own input, decoder (four
doublings), and two heads. Every convolution is 3x3 on mirrored edges.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.images import to_tensor

SIDE, CLASSES = 512, 19
BACKGROUND, CLOTH = 0, 18  # the two classes that are not the head; 13 is hair, 14 hat, 17 neck


class Norm(nn.Module):
    """Batch norm under the name the layout gives it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)


class Conv(nn.Module):
    """Doubling (nearest) or halving (stride 2) or neither, with or without batch norm."""

    def __init__(
        self, inputs: int, outputs: int, scale: str = "", norm: bool = False, act: bool = False
    ) -> None:
        super().__init__()
        self.scale, self.act = scale, act
        stride = 2 if scale == "down" else 1
        self.conv2d = nn.Conv2d(inputs, outputs, 3, stride, bias=not norm)
        if norm:
            self.norm = Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        if self.scale == "up":
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = self.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"))
        if hasattr(self, "norm"):
            x = self.norm.norm(x)
        return F.leaky_relu(x, 0.2) if self.act else x


class Block(nn.Module):
    """Two convolutions beside a shortcut, which is one too where width or side change."""

    def __init__(self, inputs: int, outputs: int, scale: str = "") -> None:
        super().__init__()
        first, second = {"up": ("up", ""), "down": ("", "down"), "": ("", "")}[scale]
        if scale or inputs != outputs:
            self.shortcut_func = Conv(inputs, outputs, scale)
        self.conv1 = Conv(inputs, outputs, first, norm=True, act=True)
        self.conv2 = Conv(outputs, outputs, second, norm=True)

    def forward(self, x: Tensor) -> Tensor:
        short = self.shortcut_func(x) if hasattr(self, "shortcut_func") else x
        out: Tensor = short + self.conv2(self.conv1(x))
        return out


class ParseNet(nn.Module):
    """Faces (B, 3, S, S) RGB in [-1, 1], S = 512 as trained -> class logits (B, 19, S, S).

    Args:
        widths: channels of the stem and after each halving.
        depth: residual blocks at the smallest side.
    """

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 256, 256), depth: int = 10) -> None:
        super().__init__()
        down = list(zip(widths, widths[1:], strict=False))
        self.encoder = nn.Sequential(Conv(3, widths[0]), *(Block(a, b, "down") for a, b in down))
        self.body = nn.Sequential(*(Block(widths[-1], widths[-1]) for _ in range(depth)))
        self.decoder = nn.Sequential(*(Block(b, a, "up") for a, b in reversed(down)))
        self.out_img_conv = Conv(widths[0], 3)  # a restored picture, not used here
        self.out_mask_conv = Conv(widths[0], CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.encoder(x)
        out: Tensor = self.out_mask_conv(self.decoder(x + self.body(x)))
        return out


def parse_head(net: nn.Module, aligned: np.ndarray, device: str = "cpu") -> np.ndarray:
    """An FFHQ-aligned face, uint8 (S, S, 3) -> head mask float32 (S, S) in [0, 1].

    Hair, hat, ears, jewellery and neck belong to the head; background and clothes do not. The
    edge is softened by a 5x5 Gaussian at 512 px, as where the published codes were made.
    """
    import cv2

    size = aligned.shape[0]
    shrink = cv2.INTER_AREA if size > SIDE else cv2.INTER_LINEAR
    face = aligned if size == SIDE else cv2.resize(aligned, (SIDE, SIDE), interpolation=shrink)
    with torch.no_grad():
        classes = net(to_tensor(face).to(device)).argmax(1)[0].cpu().numpy()  # (512, 512)
    head = ((classes != BACKGROUND) & (classes != CLOTH)).astype(np.float32)
    soft = cv2.GaussianBlur(head, (5, 5), 0)
    if size != SIDE:
        soft = cv2.resize(soft, (size, size), interpolation=cv2.INTER_AREA)
    return np.clip(np.asarray(soft, np.float32), 0, 1)
