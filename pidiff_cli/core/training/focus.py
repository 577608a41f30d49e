"""Where a person differs from what the general branch draws of them (ours).

Beside a branch that stays as it is a LoRA has to learn what W+ cannot say: a scar, a strand of
another colour. Such marks are small, so the mean error of a head hardly knows them. How wrong the
untuned prediction of the finished picture is at a place, its noise averaged out, tells where they
are (docs/decisions/tailoring.md).
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.identity.adapter import identity_tokens
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.step import TrainingStep, identity_on

NOISES = (0.3, 0.4, 0.5, 0.5, 0.6, 0.7)  # shares of the schedule: marks are gone, the head is not
MOST = 12.0  # times the head's mean error
#: The mean error on heads, a channel of the latents, over which it is not marks that are missing:
#: drawn people have 0.08 to 0.16, those with traits to 0.24, a photograph on mini 0.42.
WORLD = 0.33
SMALL = 32 * 32  # positions of latents whose noises are computed together


@torch.no_grad()
def focused(step: TrainingStep, data: LatentSet, share: float) -> LatentSet:
    """The same pictures; L_face weighs ``share`` of them by how wrong the branch is at a place.

    Of a person whom the branch does not draw at all (``WORLD``) pictures are left as they are.

    Args:
        step: of a base whose branch does not learn; its LoRA is off here. share: 0 to 1.
    """
    generator = torch.Generator().manual_seed(0)
    wrong = torch.stack([_wrong(step, data, k, generator) for k in range(len(data))])
    step.base.rest()
    near, mean = _averaged(wrong, data.masks)
    if float(mean.mean()) > WORLD:
        return data
    times = (near / mean).clamp(max=MOST)
    return replace(data, areas=data.masks * (1 - share + share * times))


def _averaged(wrong: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """The error over 3 x 3 places of the head, (N, 1, h, w), and its mean there, (N, 1, 1, 1).

    Marks have neighbours, the head has none that count.
    """
    near, there = (_mean3(values) for values in (wrong * masks, masks))
    near = near / there.clamp_min(1e-6)
    return near, _mean_of(near, masks)


def _mean_of(values: Tensor, masks: Tensor) -> Tensor:
    total = (values * masks).sum((1, 2, 3), keepdim=True)
    return (total / masks.sum((1, 2, 3), keepdim=True).clamp_min(1e-6)).clamp_min(1e-12)


def _mean3(values: Tensor) -> Tensor:
    return F.avg_pool2d(values, 3, stride=1, padding=1)


def _wrong(step: TrainingStep, data: LatentSet, k: int, generator: torch.Generator) -> Tensor:
    """Squared mean error (1, h, w) of the finished picture that the base and branch predict."""
    base, schedule, count = step.base, step.schedule, len(NOISES)
    z = data.latents[k].expand(count, -1, -1, -1)  # (n, C, h, w)
    noise = torch.randn(z.shape, generator=generator).to(z)
    t = (torch.tensor(NOISES) * len(schedule.alphas)).long().to(z.device)
    which = torch.zeros(count, dtype=torch.long)
    if step.told is not None:
        which += int(step.told[int(data.photo[k]), 0])
    noisy = schedule.noisy(z, noise, t)
    parts = torch.arange(count).split(count if z[0, 0].numel() <= SMALL else 1)
    found = [_prediction(step, noisy[rows], t[rows], which[rows]) for rows in parts]
    error = schedule.finished(torch.cat(found), noisy, t) - z
    base.rest()
    return error.mean(0).square().mean(0, keepdim=True)


def _prediction(step: TrainingStep, noisy: Tensor, t: Tensor, which: Tensor) -> Tensor:
    base = step.base
    base.rest()
    tokens = None
    if step.mean is not None:
        tokens = identity_tokens(base.unet, step.mean[None]).expand(len(noisy), -1, -1)
    subject = step.subjects[which.to(step.subjects.device)]
    identity_on(base.context, tokens, subject, maps=False)
    return step.predict(noisy, t, step.texts[which], grad=False)
