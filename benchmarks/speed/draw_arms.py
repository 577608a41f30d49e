"""Ways to draw one picture that speeds are compared by: the stock pipeline, a person's LoRA."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.tuning import drawing
from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.lora import PersonLora, add_lora

Arms = dict[str, Callable[[str, int], Any]]


def stock_pipeline(base: Base, folder: Path) -> Any:
    """diffusers' own pipeline: another UNet object on the same weights, the other parts shared."""
    import diffusers.schedulers as schedulers
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(
            json.loads((folder / "unet/config.json").read_text())
        )
    own = {key.replace(".base_layer", ""): value for key, value in base.unet.state_dict().items()}
    unet.load_state_dict({key: own[key] for key in unet.state_dict()}, assign=True)
    unet.eval().requires_grad_(False)
    kind = getattr(schedulers, base.scheduler_config["_class_name"])
    parts = {
        "vae": base.vae, "text_encoder": base.text_encoder, "tokenizer": base.tokenizer,
        "unet": unet, "scheduler": kind.from_config(base.scheduler_config),
    }  # fmt: skip
    pipe = _xl_pipeline(base, parts) if base.second_encoder is not None else _pipeline(parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _pipeline(parts: dict[str, Any]) -> Any:
    from diffusers.pipelines.stable_diffusion import StableDiffusionPipeline

    return StableDiffusionPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


def _xl_pipeline(base: Base, parts: dict[str, Any]) -> Any:
    from diffusers.pipelines.stable_diffusion_xl import StableDiffusionXLPipeline

    return StableDiffusionXLPipeline(
        **parts, text_encoder_2=base.second_encoder, tokenizer_2=base.second_tokenizer,
        force_zeros_for_empty_prompt=base.zero_empty, add_watermarker=False,
    )  # fmt: skip


def by_pipeline(pipe: Any, settings: DrawSettings, wish: str, seed: int, **more: Any) -> Any:
    """A picture by a stock pipeline, as an array."""
    return pipe(
        f"a photo of a person {wish}", num_inference_steps=settings.steps,
        guidance_scale=settings.guidance, height=settings.size, width=settings.size,
        generator=torch.Generator().manual_seed(seed), output_type="np", **more,
    )  # fmt: skip


def bare_base(folder: Path, device: torch.device, dtype: torch.dtype, rank: int) -> Base:
    """A base without a branch, with a random LoRA on its attention."""
    base = open_base(folder, None, None, device, dtype)
    base.lora = random_lora(base, rank)
    base.unet.requires_grad_(False)
    return base


def random_code(base: Base) -> torch.Tensor:
    """A W+ code (L, D)."""
    return torch.randn(base.rows, base.dim, generator=torch.Generator().manual_seed(1))


def random_lora(base: Base, rank: int) -> PersonLora:
    """A LoRA of random weights that are small against the base's."""
    torch.manual_seed(0)
    lora = add_lora(base.unet, rank, float(rank))
    for parameter in lora.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    base.unet.to(base.device)
    return lora


def lora_arms(
    base: Base, settings: DrawSettings, layered: bool = False, name: str = "LoRA"
) -> Arms:
    """A fused LoRA blended and not, and the base alone; ``layered``: by PEFT's layers too.

    On a base with a branch a random code is drawn with it.
    """
    hold, code = settings.keep_background or 1.0, random_code(base) if base.has_branch else None

    def ours(wish: str, seed: int, fused: bool = True, **changes: Any) -> Any:
        prompt = encode_prompt(base, f"a photo of a person {wish}", "person")
        changed = drawing(settings, {"hold": hold, **changes})
        if base.lora is None or not fused:
            return draw(base, prompt, code, [seed], changed)
        with base.lora.fused():
            return draw(base, prompt, code, [seed], changed)

    arms: Arms = {
        name: ours,
        f"{name}, hold 0": lambda wish, seed: ours(wish, seed, hold=0.0),
        f"{name}, scale 0": lambda wish, seed: ours(wish, seed, identity_scale=0.0),
    }
    if layered:
        arms[f"{name}, not fused"] = lambda wish, seed: ours(wish, seed, fused=False)
        arms[f"{name}, not fused, hold 0"] = lambda wish, seed: ours(
            wish, seed, fused=False, hold=0.0
        )
    elif base.lora is not None:
        base.lora.fuse()  # once and for all, as `generate` does
    return arms
