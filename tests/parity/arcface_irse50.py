"""The IR-SE50 ArcFace embedder and the crop of its ID loss."""

from __future__ import annotations

from pathlib import Path

import torch

from pidiff_cli.core.faces.arcface import ArcFace, crop_for_loss
from tests.parity import rule


@torch.no_grad()
def check(path: Path, folder: Path) -> tuple[float, float]:
    """The error that comes nearest to its tolerance."""
    vectors = rule.read(path)
    net = rule.fill(ArcFace())
    x = rule.pm1(vectors["in.image112_u8"])
    crop = crop_for_loss(rule.pm1(vectors["in.image256_u8"]))
    made = {
        "embedding": net(x),
        "embedding_bgr": net(x.flip(1)),
        "idloss_crop_embedding": net(crop),
        "pooled_crop_slice": crop[:, :, ::7, ::7],
        "pre_norm": net.raw(x),
        "body_slice": net.body(net.input_layer(x))[:, ::8],
    }
    narrow, wide = rule.tolerances(folder, "arcface_irse50", 5e-6, 5e-5)
    return rule.worst(
        [
            (error, wide if name in ("pre_norm", "body_slice") else narrow)
            for name, error in rule.gaps(made, vectors).items()
        ]
    )
