"""Background blending: away from the subject a picture is the one that the base draws by itself
(docs/method.md, section 6).

Both are drawn side by side from the same noise, and what the picture with identity shows away from
the subject is the other one's: after Blended Latent Diffusion (Avrahami et al. 2023, section 4.1),
with the place taken from the attention instead of a mask, and the estimates of the finished picture
blended instead of noisy latents, so that any sampler can take the step.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

#: Of the localisation map: what is less is not the subject, and from FULL on nothing else is.
#: Between the two both pictures mix; a map seldom reaches 1 on hair and hats (docs/decisions/).
SEEN, FULL = 0.15, 0.575


def subject_area(maps: list[Tensor], own: list[Tensor], like: Tensor) -> Tensor:
    """Where the person is in one picture or the other, (B, 1, h, w) in [0, 1].

    In both, because a place that one head leaves free must not keep the other's hair.

    Args:
        maps: of the picture with identity, (B, 1, h', w') a layer. own: of the base's own.
        like: latents (B, C, h, w).
    """
    area = torch.maximum(_mean(maps, like), _mean(own, like))
    area = F.max_pool2d(area, 3, stride=1, padding=1)  # a margin for what the maps miss
    return ((area - SEEN) / (FULL - SEEN)).clamp(0, 1).to(like.dtype)


def _mean(maps: list[Tensor], like: Tensor) -> Tensor:
    """The mean over layers at the latents' size, (B, 1, h, w) float32."""
    size = like.shape[-2:]
    return torch.stack([F.interpolate(m.float(), size, mode="bilinear") for m in maps]).mean(0)


def rebase_prediction(
    prediction: Tensor, there: Tensor, here: Tensor, scheduler: Any, t: Tensor
) -> Tensor:
    """What has to be predicted at other latents for the same finished picture.

    With x = α x₀ + σ ε and v = α ε - σ x₀: equal x₀ at x' means ε' = ε + (x' - x) / σ and
    v' = v + (x' - x) α / σ.

    Args:
        prediction: (B, C, h, w), made at latents ``there`` (scaled for the model) and time ``t``.
        here: the other latents, (B, C, h, w). scheduler: knows what is predicted, and the noise.
    """
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return prediction
    alpha, sigma = _levels(scheduler.alphas_cumprod, float(t))
    return prediction + (here - there) * ((alpha if kind == "v_prediction" else 1.0) / sigma)


def finished(prediction: Tensor, x: Tensor, scheduler: Any, t: Tensor) -> Tensor:
    """x₀, the finished picture's latents that a prediction at latents x (B, C, h, w) means."""
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return prediction
    alpha, sigma = _levels(scheduler.alphas_cumprod, float(t))
    if kind == "v_prediction":
        return alpha * x - sigma * prediction
    return (x - sigma * prediction) / alpha


def prediction_of(picture: Tensor, x: Tensor, scheduler: Any, t: Tensor) -> Tensor:
    """The prediction at latents x that means this finished picture; undoes ``finished``."""
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return picture
    alpha, sigma = _levels(scheduler.alphas_cumprod, float(t))
    return (alpha * x - picture if kind == "v_prediction" else x - alpha * picture) / sigma


def _levels(table: Tensor, t: float) -> tuple[float, float]:
    """α and σ at a time that may lie between two of the table's."""
    low = min(int(t), len(table) - 1)
    near = float(table[low]), float(table[min(low + 1, len(table) - 1)])
    kept = near[0] + (t - low) * (near[1] - near[0])
    return kept**0.5, float((1 - kept) ** 0.5)
