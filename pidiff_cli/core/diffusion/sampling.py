"""Draw pictures: guidance in one batch, identity and text K, V computed once a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pidiff_cli.core.diffusion.guidance import DrawSettings, Predictor, draws_lora
from pidiff_cli.core.diffusion.person_guidance import PersonPredictor
from pidiff_cli.core.diffusion.prompts import EncodedPrompt
from pidiff_cli.core.diffusion.schedulers import step_settings
from pidiff_cli.core.identity.adapter import has_adapter

if TYPE_CHECKING:
    from pidiff_cli.core.diffusion.base import Base

__all__ = ["DrawSettings", "Drawn", "draw", "together", "without_identity"]


FLAT = 4  # of 255: a picture whose values differ by no more is one colour


@dataclass(frozen=True)
class Drawn:
    """Finished pictures.

    Attributes:
        images: (B, H, W, 3) uint8.
        sound: (B,) bool; False where a picture shows nothing: NaN, or one colour all over.
        maps: (B, h, w) float32 in [0, 1], the mean localisation map; None unless asked for.
    """

    images: np.ndarray
    sound: np.ndarray
    maps: np.ndarray | None = None


def draw(
    base: Base,
    prompt: EncodedPrompt | list[EncodedPrompt],
    w: Tensor | None,
    seeds: list[int],
    settings: DrawSettings,
    record: bool = False,
    on_step: Callable[[], None] | None = None,
) -> Drawn:
    """Draw a picture for every seed.

    Args:
        base: with the person's adapters on it, or the general branch alone. Its LoRA is drawn
            with; ``settings.identity_scale`` 0 draws without either.
        prompt: from ``encode_prompt``; one for all, or one a picture.
        w: W+ code (L, D) before Δw; None draws without the branch.
        seeds: one a picture; a picture depends on its own seed only.
        record: also return where the attention mean_map.
        on_step: called after every denoising step of a batch.
    """
    chunk = settings.chunk or together(base, settings)
    prompts = prompt if isinstance(prompt, list) else [prompt] * len(seeds)
    images, sounds, maps = [], [], []
    for start in range(0, len(seeds), chunk):
        part = slice(start, start + chunk)
        image, sound, mean_map = _draw_batch(
            base, prompts[part], w, seeds[part], settings, record, on_step
        )
        images.append(image)
        sounds.append(sound)
        maps.append(mean_map)
    found = np.concatenate(maps) if record else None
    return Drawn(np.concatenate(images), np.concatenate(sounds), found)


def without_identity(settings: DrawSettings) -> DrawSettings:
    """The same, for the base's own picture."""
    return replace(settings, identity_scale=0.0)


def together(base: Base, settings: DrawSettings) -> int:
    """How many pictures are drawn at once where nothing else is asked for: those of eight rows.

    Beside the base's own a picture is four rows of a call, else two.
    """
    if base.device.type == "cpu":
        return 1
    return 2 if in_one_call(base, settings) and settings.keep_background else 4


def in_one_call(base: Base, settings: DrawSettings) -> bool:
    """Whether a person's rows and the base's own are one call (``PersonPredictor``).

    A branch with an adapter keeps its calls: profiles of before draw the bytes they drew. So does
    one that is not blended, which has no rows of the base's own.
    """
    if draws_lora(base, settings):
        return True
    blended = settings.use_map and settings.keep_background > 0 < settings.identity_scale
    return blended and base.has_branch and not has_adapter(base.unet)


@torch.no_grad()
def _draw_batch(
    base: Base,
    prompts: list[EncodedPrompt],
    w: Tensor | None,
    seeds: list[int],
    settings: DrawSettings,
    record: bool,
    on_step: Callable[[], None] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures, whether each shows something, and the mean map (empty unless asked for)."""
    scheduler = base.scheduler(settings.scheduler)
    scheduler.set_timesteps(settings.steps, device=base.device)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    latents = _noise(base, generators, settings.size) * scheduler.init_noise_sigma
    steps = len(scheduler.timesteps)  # some samplers take more of them than were asked for
    known = w is not None or draws_lora(base, settings)
    kind = PersonPredictor if known and in_one_call(base, settings) else Predictor
    predict = kind(base, prompts, w, steps, settings, record, scheduler)
    if predict.pair:  # the same noise for both, also that of the steps
        generators += [g.clone_state() for g in generators]
        latents = torch.cat([latents, latents])
    more = step_settings(scheduler, generators)
    mean_map = _MapMean(latents.shape[-2:], len(seeds)) if record else None
    try:
        for i, t in enumerate(scheduler.timesteps):
            x = scheduler.scale_model_input(latents, t)
            latents = scheduler.step(predict(x, t, i), t, latents, **more, return_dict=False)[0]
            if mean_map:
                mean_map.add(base.context.maps)
            if on_step:
                on_step()
    finally:
        base.rest()
    decoded = base.decode(latents[: len(seeds)])
    images = _pixels(decoded)
    return images, _sound(decoded, images), mean_map.mean() if mean_map else np.zeros(0)


def _noise(base: Base, generators: list[torch.Generator], size: int) -> Tensor:
    """Starting noise (B, C, h, w), each picture from its own CPU generator."""
    side = size // base.vae_factor
    shape = (1, base.latent_channels, side, side)
    made = [torch.randn(shape, generator=g, dtype=base.dtype) for g in generators]
    return torch.cat(made).to(base.device)


def _pixels(x: Tensor) -> np.ndarray:
    """Decoded (B, 3, H, W) to uint8 (B, H, W, 3), rounded as the stock pipeline rounds."""
    unit = (x * 0.5 + 0.5).nan_to_num(0.0).clamp(0, 1).cpu().permute(0, 2, 3, 1).float().numpy()
    return (unit * 255).round().astype(np.uint8)


def _sound(x: Tensor, images: np.ndarray) -> np.ndarray:
    """(B,) bool: whether decoded (B, 3, H, W) are numbers, and the pictures of more than one."""
    finite = torch.isfinite(x).flatten(1).all(1).cpu().numpy()
    return finite & (np.ptp(images, axis=(1, 2, 3)) > FLAT)


class _MapMean:
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
