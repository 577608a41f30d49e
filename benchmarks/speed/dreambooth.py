"""DreamBooth-LoRA as people use it, on stock diffusers and peft: the baseline of tune_speed.

LoRA on every attention's q, k, v and output (self- and cross-attention), as diffusers'
``train_dreambooth_lora.py`` does; latents and text cached, frozen weights in the base's precision,
adapters in float32, AdamW (8-bit on CUDA), plain noise error, an optional prior that doubles the
batch with pictures of the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]


@dataclass
class Cached:
    """Pictures encoded once.

    Attributes:
        latents: (N, C, h, w). text: (1, S, D) of their caption. added: SDXL's further inputs.
    """

    latents: Tensor
    text: Tensor
    added: dict[str, Tensor] | None = None


class DreamBooth:
    """One person's training on a UNet that nothing else has touched.

    Args:
        unet: a stock UNet2DConditionModel; gets the adapter.
        scheduler: a DDPMScheduler of the base.
        person: the photos. prior: pictures of the class; None leaves the prior out.
        batch: pictures of the person a step, as many of the class on top.
        amp: autocast dtype, None is off.
        checkpointing: blocks are computed again for the backward pass, as small cards need it.
    """

    def __init__(
        self,
        unet: nn.Module,
        scheduler: Any,
        person: Cached,
        prior: Cached | None = None,
        batch: int = 4,
        rank: int = 16,
        learning_rate: float = 1e-4,
        amp: torch.dtype | None = None,
        seed: int = 0,
        checkpointing: bool = False,
    ) -> None:
        from peft import LoraConfig

        unet.requires_grad_(False)
        if checkpointing:
            cast(Any, unet).enable_gradient_checkpointing()
            unet.train()
        settings = {"r": rank, "lora_alpha": rank, "init_lora_weights": "gaussian"}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            cast(Any, unet).add_adapter(LoraConfig(target_modules=TARGETS, **cast(Any, settings)))
        self.parameters = [p for p in unet.parameters() if p.requires_grad]
        for parameter in self.parameters:
            parameter.data = parameter.data.float()
        self.unet, self.scheduler, self.person, self.prior = unet, scheduler, person, prior
        self.batch, self.amp = batch, amp
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizer = self._optimizer(learning_rate)

    def _optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        if self.parameters[0].device.type == "cuda":
            from bitsandbytes.optim import AdamW8bit

            return cast(torch.optim.Optimizer, AdamW8bit(self.parameters, lr=learning_rate))
        return torch.optim.AdamW(self.parameters, lr=learning_rate, fused=True)

    def step(self) -> float:
        """One optimizer step; the loss."""
        latents, text = self._pick(self.person)
        if self.prior:
            more, words = self._pick(self.prior)
            latents, text = torch.cat([latents, more]), torch.cat([text, words])
        noise = torch.randn(latents.shape, generator=self.generator).to(latents)
        last = self.scheduler.config.num_train_timesteps
        t = torch.randint(last, (len(latents),), generator=self.generator).to(latents.device)
        noisy, target = self.scheduler.add_noise(latents, noise, t), noise
        if self.scheduler.config.prediction_type == "v_prediction":
            target = self.scheduler.get_velocity(latents, noise, t)
        with torch.autocast(latents.device.type, self.amp, enabled=bool(self.amp)):
            more_inputs = self._added(len(latents))
            out = cast(Any, self.unet)(noisy, t, encoder_hidden_states=text, **more_inputs).sample
        error = F.mse_loss(out.float(), target.float(), reduction="none").mean((1, 2, 3))
        loss = error[: self.batch].mean()
        if self.prior:
            loss = loss + error[self.batch :].mean()  # weight 1, the script's default
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(loss.detach())

    def _pick(self, source: Cached) -> tuple[Tensor, Tensor]:
        index = torch.randint(len(source.latents), (self.batch,), generator=self.generator)
        latents = source.latents[index.to(source.latents.device)]
        return latents, source.text.expand(self.batch, -1, -1)

    def _added(self, count: int) -> dict[str, Any]:
        if self.person.added is None:
            return {}
        return {"added_cond_kwargs": {k: v.expand(count, -1) for k, v in self.person.added.items()}}
