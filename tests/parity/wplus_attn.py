"""One identity cross-attention layer, map off, against the published processor."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

from diffusers.models.attention_processor import Attention
from safetensors.torch import load_file
from torch import nn

from pidiff_cli.core.identity.attention import attach


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest absolute error over the three scales, and the tolerance."""
    tensor = runpy.run_path(str(folder / "detweights.py"))["det_tensor"]

    data = load_file(path)
    host = nn.Module()
    host.attn2 = Attention(320, cross_attention_dim=768, heads=8, dim_head=40)
    host.attn_processors = {"attn2.processor": SimpleNamespace()}  # type: ignore[assignment]
    context = attach(host, 768)
    for name, weight in host.attn2.named_parameters():
        weight.data = tensor(name.replace("_id.", "_wplus."), weight.shape)
    context.use_map = False
    context.tokens = data["in.wplus_tokens"]
    worst = 0.0
    for scale in (0.0, 0.5, 1.0):
        context.scale = scale
        out = host.attn2(data["in.hidden"], encoder_hidden_states=data["in.text"])
        worst = max(worst, (out - data[f"out.scale_{scale}"]).abs().max().item())
    return worst, 1e-5
