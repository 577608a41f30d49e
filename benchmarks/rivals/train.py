"""The loop that the stock fine-tuning scripts of diffusers share, on a small base."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WARMUP = 10  # steps


@dataclass(frozen=True)
class Plan:
    """How a rival is fine-tuned.

    Attributes:
        steps: optimizer steps. batch: of the person's pictures a step; as many of the class on top
            where there is a prior. rate: peak learning rate.
        decay: of AdamW. prior: weight of the class pictures' loss, 0 leaves them out.
        looks: steps after which somebody looks; the last step is always one.
    """

    steps: int
    rate: float
    batch: int = 2
    decay: float = 0.01
    prior: float = 0.0
    looks: tuple[int, ...] = ()


def fine_tune(
    unet: nn.Module,
    scheduler: Any,
    parameters: Sequence[nn.Parameter],
    data: Tensor,
    texts: Callable[[int, torch.Generator], Tensor],
    plan: Plan,
    prior: tuple[Tensor, Tensor] | None = None,
    seed: int = 0,
) -> Iterator[tuple[int, float]]:
    """Train; yields (step, CPU seconds so far) at every look, looking not counted.

    Args:
        scheduler: a DDPM scheduler; its prediction type decides the target.
        data: the person's latents (P, C, h, w).
        texts: for (count, generator) the text states (count, S, D), with gradient where wanted.
        prior: latents (N, C, h, w) and text states (1, S, D) of the class.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(list(parameters), lr=plan.rate, weight_decay=plan.decay)
    spent, began = 0.0, time.process_time()
    for step in range(1, plan.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * min(1.0, step / WARMUP)
        pick = torch.randint(len(data), (plan.batch,), generator=generator)
        latents, states = data[pick], texts(plan.batch, generator)
        if prior is not None and plan.prior > 0:
            pick = torch.randint(len(prior[0]), (plan.batch,), generator=generator)
            latents = torch.cat([latents, prior[0][pick]])
            states = torch.cat([states, prior[1].expand(plan.batch, -1, -1)])
        error = _error(unet, scheduler, latents, states, generator)  # (B,)
        loss = error[: plan.batch].mean()
        if len(error) > plan.batch:
            loss = loss + plan.prior * error[plan.batch :].mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(parameters), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step in plan.looks or step == plan.steps:
            spent += time.process_time() - began
            yield step, spent
            began = time.process_time()


def _error(
    unet: nn.Module, scheduler: Any, latents: Tensor, states: Tensor, generator: torch.Generator
) -> Tensor:
    """Mean squared error (B,) of the prediction at a random timestep each."""
    noise = torch.randn(latents.shape, generator=generator)
    last = scheduler.config.num_train_timesteps
    t = torch.randint(last, (len(latents),), generator=generator)
    noisy = scheduler.add_noise(latents, noise, t)
    target = noise
    if scheduler.config.prediction_type == "v_prediction":
        target = scheduler.get_velocity(latents, noise, t)
    predicted = unet(noisy, t, encoder_hidden_states=states).sample
    return F.mse_loss(predicted, target, reduction="none").mean((1, 2, 3))


def ddpm(pipe: Any) -> Any:
    """The training scheduler of a pipeline's base."""
    from diffusers import DDPMScheduler

    return DDPMScheduler.from_config(pipe.scheduler.config)


def count(parameters: Sequence[nn.Parameter]) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in parameters)
