"""The noise schedule as training needs it: noising, targets, and the steps' weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pidiff_cli.core.training.losses import min_snr_weight
from pidiff_cli.errors import InputError

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

PREDICTIONS = ("epsilon", "v_prediction")


@dataclass(frozen=True)
class NoiseSchedule:
    """Forward process z_t = sqrt(a) z_0 + sqrt(1 - a) noise.

    Attributes:
        alphas: a, (steps,) float32, the cumulative product of 1 - beta.
        prediction: what the UNet predicts: "epsilon" or "v_prediction".
    """

    alphas: Tensor
    prediction: str

    @classmethod
    def of(cls, base: Base) -> NoiseSchedule:
        """The schedule a base was trained with.

        Raises:
            InputError: it predicts neither noise nor velocity, or has no such schedule.
        """
        scheduler = base.scheduler()
        kind = scheduler.config.get("prediction_type", "epsilon")
        if kind not in PREDICTIONS or not hasattr(scheduler, "alphas_cumprod"):
            raise InputError(
                f"The base was trained to predict {kind} by {type(scheduler).__name__}.",
                "pidiff tunes bases that predict the noise (epsilon) or the velocity "
                "(v_prediction).",
            )
        return cls(scheduler.alphas_cumprod.to(base.device, torch.float32), kind)

    def noisy(self, z: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Latents z (B, C, h, w) at timesteps t (B,) int64."""
        a = self._at(t)
        return a.sqrt() * z + (1 - a).sqrt() * noise

    def target(self, z: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """What the UNet should predict for ``noisy(z, noise, t)``."""
        if self.prediction == "epsilon":
            return noise
        a = self._at(t)
        return a.sqrt() * noise - (1 - a).sqrt() * z

    def finished(self, prediction: Tensor, noisy: Tensor, t: Tensor) -> Tensor:
        """The finished latents z (B, C, h, w) that a prediction for ``noisy`` means."""
        a = self._at(t)
        if self.prediction == "epsilon":
            return (noisy - (1 - a).sqrt() * prediction) / a.sqrt()
        return a.sqrt() * noisy - (1 - a).sqrt() * prediction

    def weight(self, t: Tensor, gamma: float) -> Tensor:
        """Min-SNR weight (B,) of each timestep."""
        return min_snr_weight(self.alphas[t], gamma, self.prediction)

    def _at(self, t: Tensor) -> Tensor:
        return self.alphas[t].view(-1, 1, 1, 1)
