"""Which of several captions a base itself finds in a picture: the one that explains its noise best.

The diffusion classifier of Li et al. (2023): the caption with the least mean error of the noise
prediction, over the same noise and times for all. It needs no other network than the base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import TextStates
from pidiff_cli.core.training.schedule import NoiseSchedule

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

DRAWS = 8  # noises and times a picture
FIRST, LAST = 0.2, 0.8  # shares of the schedule: less noise tells of texture, more of nothing
SMALL = 32 * 32  # positions of latents that are computed together
SURE = 1.5  # standard errors that another caption has to win by over the first


@torch.no_grad()
def found_captions(base: Base, latents: Tensor, texts: TextStates) -> list[int]:
    """The caption (index) of each picture; the first one unless another is surely better.

    Args:
        latents: (P, C, h, w), scaled. texts: states (K, S, D) of the captions, the plain one first.
    """
    base.rest()
    schedule = NoiseSchedule.of(base)
    generator = torch.Generator().manual_seed(0)
    steps = FIRST + (LAST - FIRST) * (torch.arange(DRAWS) + 0.5) / DRAWS
    t = (steps * len(schedule.alphas)).long().to(base.device)
    found = []
    for z in latents:
        z = z[None].expand(DRAWS, -1, -1, -1)  # (n, C, h, w)
        noise = torch.randn(z.shape, generator=generator).to(z)
        noisy, target = schedule.noisy(z, noise, t), schedule.target(z, noise, t)
        errors = [_errors(base, noisy, target, t, texts, k) for k in range(len(texts))]
        found.append(_choose(torch.stack(errors)))
    return found


def _errors(
    base: Base, noisy: Tensor, target: Tensor, t: Tensor, texts: TextStates, caption: int
) -> Tensor:
    """Mean squared errors (n,) of the prediction under one caption."""
    height, width = noisy.shape[-2:]
    count = len(noisy) if height * width <= SMALL else 1  # large pictures one a call
    text = texts[torch.full((count,), caption, device=texts.tokens.device)]
    added = text.added(height * base.vae_factor, width * base.vae_factor)
    parts = zip(noisy.to(base.dtype).split(count), target.split(count), t.split(count), strict=True)
    errors = []
    for x, y, time in parts:
        out = cast(Any, base.unet)(x, time, encoder_hidden_states=text.tokens, **added).sample
        errors.append((out.float() - y.float()).square().mean((1, 2, 3)))
    return torch.cat(errors)


def _choose(errors: Tensor) -> int:
    """The caption of errors (K, n)."""
    best = int(errors.mean(1).argmin())
    gain = errors[0] - errors[best]
    sure = gain.mean() > SURE * gain.std() / len(gain) ** 0.5
    return best if sure else 0
