"""The losses of docs/method.md, section 5, as small functions named after its symbols."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def min_snr_weight(alpha: Tensor, gamma: float, prediction: str) -> Tensor:
    """Min-SNR weight of each sample's squared error.

    Args:
        alpha: (B,) cumulative product of 1 - beta at each sample's timestep.
        gamma: ceiling of the signal-to-noise ratio; 0 gives weight 1.
        prediction: "epsilon" or "v_prediction".
    Returns: (B,).
    """
    if gamma == 0:
        return torch.ones_like(alpha)
    snr = alpha / (1 - alpha).clamp_min(1e-8)
    scale = snr if prediction == "epsilon" else snr + 1
    return snr.clamp_max(gamma) / scale.clamp_min(1e-8)


def face_loss(
    prediction: Tensor, target: Tensor, mask: Tensor, off_face: float, weight: Tensor | None = None
) -> Tensor:
    """L_face: squared error weighted by 1 on the face and ``off_face`` off it.

    Args:
        prediction, target: (B, C, h, w). mask: m (B, 1, h, w) in [0, 1], or more than 1 where more
            counts.
        weight: (B,) a sample (min-SNR); None is 1.
    Returns: scalar; the mean over the weighted area, so that a small face counts as much.
    """
    area = mask + off_face * (1 - mask)
    loss = _masked_mean((prediction - target).square(), area)  # (B,)
    return (loss if weight is None else loss * weight).mean()


def preserve_loss(prediction: Tensor, base: Tensor, mask: Tensor) -> Tensor:
    """L_preserve: off the face the prediction equals the base's own, both (B, C, h, w)."""
    return _masked_mean((prediction - base.detach()).square(), 1 - mask).mean()


def locate_loss(maps: Sequence[Tensor], mask: Tensor) -> Tensor:
    """L_loc: cross-entropy of every layer's M with the face mask, the mean over layers.

    Args:
        maps: M of each layer, (B, 1, h_i, w_i) in [0, 1], with gradient.
        mask: m (B, 1, h, w) in [0, 1].
    """
    losses = [
        F.binary_cross_entropy(
            m.float().clamp(1e-4, 1 - 1e-4), F.interpolate(mask, m.shape[-2:], mode="area").float()
        )
        for m in maps
    ]
    return torch.stack(losses).mean()


def code_loss(delta: Tensor) -> Tensor:
    """‖Δw‖² a row: (L, D) summed over D, the mean over L."""
    return delta.square().sum(dim=-1).mean()


def train_wild_loss(
    prediction: Tensor,
    noise: Tensor,
    perturbed: Tensor,
    base: Tensor,
    face: Tensor,
    disentangle: float,
    preserve: float,
) -> dict[str, Tensor]:
    """The W+ adapter's published stage-2 loss, for general pretraining of real bases.

    Args:
        prediction, noise: (B, C, h, w) with the true code.
        perturbed: with a perturbed code. base: with identity scale 0. Neither needs a gradient.
        face: (B, 1, H, W) in [0, 1], 1 on the face, any size.
        disentangle, preserve: weights of the two terms.
    Returns: ``loss``, its parts ``rec``, ``disen``, ``preserve``, and ``region`` (B, 1, h, w).
    """
    region = 1 - F.interpolate(face, prediction.shape[-2:], mode="bilinear", align_corners=False)
    rec = (prediction - noise).square().mean()
    disen = (region * perturbed.detach() - region * prediction).square().mean()
    keep = (base.detach() - prediction).square().mean()
    loss = rec + disentangle * disen + preserve * keep
    return {"loss": loss, "rec": rec, "disen": disen, "preserve": keep, "region": region}


def _masked_mean(error: Tensor, area: Tensor) -> Tensor:
    """Mean (B,) of ``error`` (B, C, h, w) over the soft area (B, 1, h, w)."""
    total = (error * area).flatten(1).sum(dim=1)
    return total / (area.flatten(1).sum(dim=1) * error.shape[1]).clamp_min(1e-6)
