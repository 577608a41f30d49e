"""The e4e encoder: trunk taps, pyramid, heads, progressive deltas."""

from __future__ import annotations

from pathlib import Path

import torch

from pidiff_cli.core.wplus.e4e import Encoder
from tests.parity import rule


@torch.no_grad()
def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error of codes and trunk features."""
    vectors = rule.read(path)
    net = rule.fill(Encoder())
    x = rule.pm1(vectors["in.image_u8"])
    raw = net(x)
    stage0 = net(x, 0)
    made = {
        "codes_raw": raw,
        "codes": raw + vectors["in.latent_avg"],
        "codes_raw_stage0": stage0[:, :1],
        "codes_raw_stage3": net(x, 3),
    }
    for name, feature in zip(("c1", "c2", "c3"), net.features(x), strict=True):
        made[f"{name}_slice"] = feature[:, ::16, ::8, ::8]
        made[f"{name}_stats"] = torch.stack([feature.mean(), feature.std(), feature.abs().max()])
    rows = rule.gap(stage0, stage0[:, :1].expand_as(stage0))  # all equal
    error = max(rows, *rule.gaps(made, vectors).values())
    return error, *rule.tolerances(folder, "e4e_encoder", 2e-5)
