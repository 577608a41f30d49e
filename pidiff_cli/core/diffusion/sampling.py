"""Draw pictures: guidance in one batch, identity and text K, V computed once a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.diffusion.prompts import (
    EncodedPrompt,
    TextStates,
    encode_prompt,
    subjects,
    text_states,
)
from pidiff_cli.core.diffusion.schedulers import step_settings
from pidiff_cli.core.identity.adapter import identity_tokens

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base


@dataclass(frozen=True)
class DrawSettings:
    """How a picture is drawn.

    Attributes:
        steps: denoising steps. guidance: classifier-free guidance; 1 and less is none.
        identity_scale: λ; 0 is the base's own picture, bit for bit.
        start: share of the steps before the identity enters.
        hold: share of the steps after that in which the picture away from the subject follows
            the base's own prediction, which takes half a pass more a step.
        size: side of the picture in px. negative: what it should not show.
        levels: factor a token, coarse to fine; None is 1 for all.
        use_map: keep the identity where the subject is.
        scheduler: by name (``schedulers.SCHEDULERS``); "" is the base's own.
        chunk: pictures a batch; 0 decides by device. One on the CPU, where a batch is hardly
            faster and a picture's bytes would depend on its neighbours.
    """

    steps: int = 16
    guidance: float = 4.0
    identity_scale: float = 1.0
    start: float = 0.0
    hold: float = 0.0
    size: int = 128
    negative: str = ""
    levels: tuple[float, ...] | None = None
    use_map: bool = True
    chunk: int = 0
    scheduler: str = ""


@dataclass(frozen=True)
class Drawn:
    """Finished pictures.

    Attributes:
        images: (B, H, W, 3) uint8.
        maps: (B, h, w) float32 in [0, 1], the mean localisation map; None unless asked for.
    """

    images: np.ndarray
    maps: np.ndarray | None = None


def draw(
    base: Base,
    prompt: EncodedPrompt,
    w: Tensor | None,
    seeds: list[int],
    settings: DrawSettings,
    record: bool = False,
    on_step: Callable[[], None] | None = None,
) -> Drawn:
    """Draw one prompt once for every seed.

    Args:
        base: with the person's adapter on it, or the general branch alone.
        prompt: from ``encode_prompt``.
        w: W+ code (L, D) before Δw; None draws without identity.
        seeds: one a picture; a picture depends on its own seed only.
        record: also return where the attention looked.
        on_step: called after every denoising step of a batch.
    """
    chunk = settings.chunk or (1 if base.device.type == "cpu" else 4)
    images, maps = [], []
    for start in range(0, len(seeds), chunk):
        image, looked = _draw_batch(
            base, prompt, w, seeds[start : start + chunk], settings, record, on_step
        )
        images.append(image)
        maps.append(looked)
    return Drawn(np.concatenate(images), np.concatenate(maps) if record else None)


@torch.no_grad()
def _draw_batch(
    base: Base,
    prompt: EncodedPrompt,
    w: Tensor | None,
    seeds: list[int],
    settings: DrawSettings,
    record: bool,
    on_step: Callable[[], None] | None,
) -> tuple[np.ndarray, np.ndarray]:
    guided = settings.guidance > 1
    scheduler = base.scheduler(settings.scheduler)
    scheduler.set_timesteps(settings.steps, device=base.device)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    latents = _noise(base, generators, settings.size) * scheduler.init_noise_sigma
    more = step_settings(scheduler, generators)
    text = _condition(base, prompt, w, len(seeds), settings, guided)
    added = text.added(settings.size, settings.size)
    looked = _Looked(latents.shape[-2:], len(seeds)) if record else None
    count = len(scheduler.timesteps)  # some samplers take more of them than steps were asked for
    first = round(settings.start * count)  # steps before this one are the base's
    held = first + round(settings.hold * count)
    try:
        for i, t in enumerate(scheduler.timesteps):
            base.context.scale = settings.identity_scale if i >= first else 0.0
            holds = first <= i < held and base.context.active
            base.context.record, base.context.maps = record or holds, []
            x = torch.cat([latents, latents]) if guided else latents
            x = scheduler.scale_model_input(x, t)
            prediction = cast(Any, base.unet)(
                x, t, encoder_hidden_states=text.tokens, **added
            ).sample
            without, along = prediction.chunk(2) if guided else (None, prediction)
            if holds:
                along = _held(base, along, x[-len(seeds) :], t, text, settings.size)
            prediction = (
                along if without is None else without + settings.guidance * (along - without)
            )
            latents = scheduler.step(prediction, t, latents, **more, return_dict=False)[0]
            if looked:
                looked.add(base.context.maps)
            if on_step:
                on_step()
    finally:
        base.context.clear()
    return _pixels(base.decode(latents)), looked.mean() if looked else np.zeros(0)


def _noise(base: Base, generators: list[torch.Generator], size: int) -> Tensor:
    """Starting noise (B, C, h, w), each picture from its own CPU generator."""
    side = size // base.vae_factor
    shape = (1, base.latent_channels, side, side)
    made = [torch.randn(shape, generator=g, dtype=base.dtype) for g in generators]
    return torch.cat(made).to(base.device)


def _condition(
    base: Base,
    prompt: EncodedPrompt,
    w: Tensor | None,
    count: int,
    settings: DrawSettings,
    guided: bool,
) -> TextStates:
    """Fill the identity context; returns the text of B or 2B prompts, unconditional first."""
    prompts = [prompt] * count
    if guided:
        prompts = [encode_prompt(base, settings.negative, "")] * count + prompts
    context = base.context
    context.clear()
    context.cache, context.use_map, context.levels = {}, settings.use_map, settings.levels
    context.size = (settings.size, settings.size)
    if w is not None and settings.identity_scale > 0:
        code = w.to(base.device, base.dtype)[None]
        tokens = identity_tokens(base.unet, code).expand(count, -1, -1)
        if guided:
            without = base.projector.unconditional().expand(count, -1, -1)
            tokens = torch.cat([without, tokens])
        context.tokens = tokens
        context.subject = subjects(prompts, base.device)
        if guided:
            context.subject[:count] = 0  # the unconditional half stays the base's own
    return text_states(base, prompts)


def _held(base: Base, along: Tensor, x: Tensor, t: Tensor, text: TextStates, side: int) -> Tensor:
    """The prediction with identity where the subject is, the base's own elsewhere.

    Args:
        along: conditional prediction with identity (B, C, h, w), just made: its maps are read.
        x: the latents it was made from. side: of the picture in px.
    """
    context, count = base.context, len(along)
    maps = [m[-count:].float() for m in context.maps]
    if not maps:
        return along
    seen = [F.interpolate(m, along.shape[-2:], mode="bilinear") for m in maps]
    area = F.max_pool2d(torch.stack(seen).mean(0), 3, stride=1, padding=1)  # (B, 1, h, w)
    scale, context.scale = context.scale, 0.0
    own = text[torch.arange(-count, 0, device=text.tokens.device)]
    plain = cast(Any, base.unet)(
        x, t, encoder_hidden_states=own.tokens, **own.added(side, side)
    ).sample
    context.scale = scale
    return plain + area.to(plain.dtype) * (along - plain)


def _pixels(x: Tensor) -> np.ndarray:
    """Decoded (B, 3, H, W) to uint8 (B, H, W, 3), rounded as the stock pipeline rounds."""
    unit = (x * 0.5 + 0.5).clamp(0, 1).cpu().permute(0, 2, 3, 1).float().numpy()
    return (unit * 255).round().astype(np.uint8)


class _Looked:
    """Mean localisation map of the conditional half over layers and steps."""

    def __init__(self, size: tuple[int, ...], count: int) -> None:
        self.total = torch.zeros(count, 1, *size)
        self.size, self.count, self.steps = size, count, 0

    def add(self, maps: list[Tensor]) -> None:
        """Count one step's maps in, one of (B or 2B, 1, h, w) a layer."""
        for layer in maps:
            own = layer[-self.count :].float().cpu()
            self.total += F.interpolate(own, self.size, mode="bilinear", align_corners=False)
            self.steps += 1

    def mean(self) -> np.ndarray:
        """(B, h, w) float32."""
        return (self.total / max(self.steps, 1))[:, 0].numpy()
