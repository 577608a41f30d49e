"""The branch in every layer of a small SD-like UNet: injection and processor order."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from pidiff_cli.core.identity.attention import attach, branch_state, load_branch
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
    """Largest error over the stored scales and the zero code."""
    vectors = rule.read(path)
    unet = rule.fill(UNet2DConditionModel(**CONFIG))
    order = [name.removesuffix(".processor") for name in unet.attn_processors]
    context = attach(unet, 768)
    branch = {}
    for key, weight in branch_state(unet).items():
        layer, part, _ = key.rsplit(".", 2)
        published = f"{order.index(layer)}.{part.removesuffix('_id')}_wplus.weight"
        branch[key] = rule.value(published, weight, set())
    load_branch(unet, branch)
    projector = rule.fill(WPlusProjector(18, 512, PUBLISHED_GROUPS, 768))
    context.use_map = False
    w = vectors["in.w"]
    made = {}
    for name in (key[4:] for key in vectors if key.startswith("out.noise_pred.")):
        _, given, scale = name.removeprefix("noise_pred.").partition("scale_")
        context.tokens = projector(w if given else torch.zeros_like(w))
        context.scale = float(scale) if given else 1.0
        out = unet(vectors["in.latents"], vectors["in.timesteps"], vectors["in.text"])
        made[name] = out.sample
    error = max(rule.gaps(made, vectors).values())
    return error, *rule.tolerances(folder, "wplus_unet_tiny", 5e-5)
