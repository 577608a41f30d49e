"""The IR-SE50 ArcFace embedder in the public key layout, and the crop its ID loss uses."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from pidiff_cli.core.wplus.irse import WIDTHS, body, stem

SIDE = 112


class ArcFace(nn.Module):
    """Face pictures (B, 3, 112, 112) RGB in [-1, 1] -> unit vectors (B, 512).

    Call `.eval()` before use: the head has dropout and batch norms.
    """

    def __init__(self) -> None:
        super().__init__()
        width = WIDTHS[-1]
        self.input_layer = stem(WIDTHS[0])
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.Dropout(0.6),
            nn.Flatten(),
            nn.Linear(width * 7 * 7, 512),
            nn.BatchNorm1d(512),
        )
        self.body = body()

    def raw(self, x: Tensor) -> Tensor:
        """The embedding before normalisation, (B, 512)."""
        out: Tensor = self.output_layer(self.body(self.input_layer(x)))
        return out

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2:] != (SIDE, SIDE):
            raise ValueError(f"the embedder takes {SIDE} px crops, got {tuple(x.shape)}")
        return F.normalize(self.raw(x))


def crop_for_loss(x: Tensor) -> Tensor:
    """Aligned faces (B, 3, 256, 256) -> the inner face at 112 px, as the published ID loss does."""
    if x.shape[-2:] != (256, 256):
        raise ValueError(f"expected 256 px aligned faces, got {tuple(x.shape)}")
    return F.adaptive_avg_pool2d(x[:, :, 35:223, 32:220], SIDE)
