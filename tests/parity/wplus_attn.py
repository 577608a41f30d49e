"""One identity cross-attention layer, map off, against the published processor."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers.models.attention_processor import Attention
from torch import nn

from pidiff_cli.core.identity.attention import attach
from tests.parity import rule


@torch.no_grad()
def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error over the stored scales and the text attention alone."""
    vectors = rule.read(path)
    host = nn.Module()
    layer = Attention(320, cross_attention_dim=768, heads=8, dim_head=40)
    host.attn2 = layer
    host.attn_processors = {"attn2.processor": SimpleNamespace()}  # type: ignore[assignment]
    context = attach(host, 768)
    for name, weight in layer.named_parameters():
        weight.copy_(rule.value(name.replace("_id.", "_wplus."), weight, set()))
    hidden, text = vectors["in.hidden"], vectors["in.text"]
    made = {"text_only_plain": layer(hidden, encoder_hidden_states=text)}
    context.use_map, context.tokens = False, vectors["in.wplus_tokens"]
    for name in (key[4:] for key in vectors if key.startswith("out.scale_")):
        context.scale = float(name.removeprefix("scale_"))
        made[name] = layer(hidden, encoder_hidden_states=text)
    error = max(rule.gaps(made, vectors).values())
    return error, *rule.tolerances(folder, "wplus_attn", 1e-5)
