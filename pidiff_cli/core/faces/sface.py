"""SFace in torch: whose face it is, from a 112 px crop, with a gradient.

OpenCV's published network (Apache-2.0; which photographs it learnt from is not documented). It
wants the crop that `recognise.crop_face` cuts. Source: Zhong et al. 2021, "SFace: Sigmoid-
constrained hypersphere loss for robust face recognition".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.faces.formats.onnx_chain import read_chain
from pidiff_cli.core.faces.graph import GraphNet
from pidiff_cli.core.faces.graph_file import Published

SIDE, SIZE = 112, 128
#: The cosine from which its publisher takes two faces for one person's.
SAME = 0.363


class SFace(nn.Module):
    """112 px faces to unit vectors; near vectors are the same person."""

    def __init__(self, net: GraphNet) -> None:
        super().__init__()
        self.net = net

    def raw(self, x: Tensor) -> Tensor:
        """x (B, 3, 112, 112) RGB, 0 to 255 -> (B, 128) as OpenCV gives it, not normalised."""
        (out,) = self.net(x)
        return out

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 112, 112) RGB in [-1, 1] -> (B, 128), unit length."""
        return F.normalize(self.raw((x + 1) * 127.5), dim=-1)

    @torch.no_grad()
    def features(self, crops: list[np.ndarray]) -> np.ndarray:
        """uint8 RGB (112, 112, 3) each -> (B, 128) float32, not normalised."""
        if not crops:
            return np.zeros((0, SIZE), np.float32)
        device = next(self.net.parameters()).device
        x = torch.from_numpy(np.stack(crops)).to(device).permute(0, 3, 1, 2).float()
        return np.asarray(self.raw(x).cpu().numpy())


def open_sface(path: Path, device: str = "cpu") -> SFace:
    """The network from a converted or a published file: no gradients in the weights.

    Raises:
        MissingWeightError: no such file. InputError: damaged, or another network.
    """
    return SFace(SFACE.open(path, device)).eval()


def _fits(net: GraphNet) -> bool:
    return net.graph.shape == (3, SIDE, SIDE) and net.shapes == [(1, SIZE)]


_WHAT = "the face recognition network SFace"
SFACE = Published(_WHAT, lambda path: read_chain(path, (3, SIDE, SIDE), _WHAT), _fits)
