"""The FFHQ alignment: quads and resampled squares."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pidiff_cli.core.faces.align import align_face, ffhq_quad, prepare_quad
from tests.parity import rule
from tests.parity.pictures import synth_image

# variant -> (size, transform size, padding, step at which the result is stored)
VARIANTS = {
    "e4e256": (256, 256, True, 1),
    "k4096": (256, 4096, True, 1),
    "wplus512": (512, 4096, False, 2),
}
MEAN, MOST = 1.0, 8.0  # grey levels that versions of Pillow and SciPy may differ by


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Errors of quads (1e-6), of mean grey levels (1) and of the worst pixel (8 levels)."""
    vectors = rule.read(path)
    made: dict[str, Tensor] = {}
    for case in sorted({key.split(".")[1] for key in vectors if key.startswith("in.case")}):
        made |= results(case, vectors)
    (narrow,) = rule.tolerances(folder, "align_face", 1e-6)
    pairs = []
    for name, error in rule.gaps(made, vectors).items():
        picture = ".image" in name
        pairs.append((error, MOST if picture else narrow))
        if picture and np.isfinite(error):
            levels = made[name].double() - vectors[f"out.{name}"].double()
            pairs.append((float(levels.abs().mean()), MEAN))
    return rule.worst(pairs)


def results(case: str, vectors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Quads and squares of one case, by the names of the file's outputs."""
    height, width, variant = vectors[f"in.{case}.image_hwv"].tolist()
    image = synth_image(height, width, variant)
    if zlib.crc32(image.tobytes()) != int(vectors[f"in.{case}.image_crc32"]):
        raise ValueError(f"the drawn picture of {case} is not the stored one")
    points = vectors[f"in.{case}.landmarks"].numpy()
    quad, made = ffhq_quad(points), {}
    for name, (size, transform, padding, step) in VARIANTS.items():
        square = align_face(image, points, size, transform, padding)[::step, ::step]
        made[f"{case}.{name}.image" + ("" if step == 1 else f"_s{step}")] = square
        made[f"{case}.{name}.quad"] = quad
        made[f"{case}.{name}.quad_final"] = prepare_quad(image, quad, size, padding)[1]
        made[f"{case}.{name}.length"] = np.ptp(quad, axis=0).max(keepdims=True)
    return {key: torch.from_numpy(value.copy()) for key, value in made.items()}
