"""The branch in every layer of a small SD-like UNet: injection and processor order."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors.torch import load_file

from pidiff_cli.core.identity.attention import attach, load_branch, public_to_branch
from pidiff_cli.core.identity.tokens import PUBLISHED_GROUPS, WPlusProjector


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest absolute error over scales 1, 0.5, 0 and the zero code, and the tolerance."""
    rule = runpy.run_path(str(folder / "detweights.py"))
    fill, tensor = rule["fill"], rule["det_tensor"]

    data = load_file(path)
    layout = json.loads((folder.parent / "layouts" / "wplus_unet_tiny.json").read_text())
    unet = fill(UNet2DConditionModel(**layout["config"])).eval()
    context = attach(unet, 768)
    public = {k: tensor(k, shape) for k, (shape, _) in layout["wplus_adapter"].items()}
    with torch.no_grad():
        load_branch(unet, public_to_branch(unet, public))
        projector = fill(WPlusProjector(18, 512, PUBLISHED_GROUPS, 768))
        context.use_map = False
        worst = 0.0
        w = data["in.w"]
        for name, scale, code in (
            ("scale_1.0", 1.0, w), ("scale_0.5", 0.5, w), ("scale_0.0", 0.0, w),
            ("zero_w", 1.0, torch.zeros_like(w)),
        ):  # fmt: skip
            context.tokens, context.scale = projector(code), scale
            out = unet(data["in.latents"], data["in.timesteps"], data["in.text"]).sample
            worst = max(worst, (out - data[f"out.noise_pred.{name}"]).abs().max().item())
    return worst, 5e-5
