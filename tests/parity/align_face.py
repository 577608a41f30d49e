"""The FFHQ alignment: quads and resampled squares."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch

from pidiff_cli.core.faces.align import align_face, ffhq_quad
from tests.parity import rule
from tests.parity.pictures import synth_image

# variant -> (size, transform size, padding, step at which the result is stored)
VARIANTS = {
    "e4e256": (256, 256, True, 1),
    "k4096": (256, 4096, True, 1),
    "wplus512": (512, 4096, False, 2),
}


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Errors of quads (1e-6), of mean grey levels (1) and of the worst pixel (8 levels)."""
    vectors = rule.read(path)
    pairs = []
    for case in range(3):
        height, width, variant = vectors[f"in.case{case}.image_hwv"].tolist()
        image = synth_image(height, width, variant)
        if zlib.crc32(image.tobytes()) != int(vectors[f"in.case{case}.image_crc32"]):
            raise ValueError(f"the drawn picture of case {case} is not the stored one")
        points = vectors[f"in.case{case}.landmarks"].numpy()
        quad = torch.from_numpy(ffhq_quad(points))
        for name, (size, transform, padding, step) in VARIANTS.items():
            out = f"out.case{case}.{name}"
            pairs.append((rule.gap(quad, vectors[f"{out}.quad"]), 1e-6))
            made = align_face(image, points, size, transform, padding)[::step, ::step]
            stored = vectors[f"{out}.image" if step == 1 else f"{out}.image_s2"].numpy()
            levels = np.abs(made.astype(int) - stored.astype(int))
            pairs += [(float(levels.mean()), 1.0), (float(levels.max()), 8.0)]
    return rule.worst(pairs)
