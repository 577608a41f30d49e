"""The branch in every layer of a small SD-like UNet: injection and processor order."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from pidiff_cli.core.identity.attention import (
    attach,
    branch_state,
    load_branch,
    public_to_branch,
)
from pidiff_cli.core.identity.tokens import PUBLISHED_GROUPS, WPlusProjector
from tests.parity import rule

CONFIG = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "block_out_channels": (32, 64, 64),
    "layers_per_block": 1,
    "cross_attention_dim": 768,
    "attention_head_dim": 4,
    "norm_num_groups": 8,
}


@torch.no_grad()
def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error over scales 1, 0.5, 0 and the zero code."""
    vectors = rule.read(path)
    unet = rule.fill(UNet2DConditionModel(**CONFIG))
    order = [name.removesuffix(".processor") for name in unet.attn_processors]
    context = attach(unet, 768)
    published = {}
    for key, weight in branch_state(unet).items():
        layer, part, _ = key.rsplit(".", 2)
        name = f"{order.index(layer)}.{part.removesuffix('_id')}_wplus.weight"
        published[name] = rule.value(name, weight, set())
    load_branch(unet, public_to_branch(unet, published))
    projector = rule.fill(WPlusProjector(18, 512, PUBLISHED_GROUPS, 768))
    context.use_map = False
    w = vectors["in.w"]
    cases = {"scale_1.0": (1.0, w), "scale_0.5": (0.5, w), "scale_0.0": (0.0, w)}
    cases["zero_w"] = (1.0, torch.zeros_like(w))
    errors = []
    for name, (scale, code) in cases.items():
        context.tokens, context.scale = projector(code), scale
        out = unet(vectors["in.latents"], vectors["in.timesteps"], vectors["in.text"]).sample
        errors.append(rule.gap(out, vectors[f"out.noise_pred.{name}"]))
    return max(errors), 5e-5
