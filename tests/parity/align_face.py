"""FFHQ alignment against stored vectors: quads to 1e-6 px, pictures to a few grey levels."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
from safetensors.numpy import load_file

from pidiff_cli.core.faces.align import align_face, ffhq_quad, prepare_quad

VARIANTS = {  # name -> (output side, transform side, padding, every nth pixel stored)
    "e4e256": (256, 256, True, 1),
    "k4096": (256, 4096, True, 1),
    "wplus512": (512, 4096, False, 2),
}
QUAD_TOLERANCE = 1e-6  # px
MEAN_TOLERANCE, MAX_TOLERANCE = 1.0, 8.0  # grey levels, across versions of Pillow and scipy


def check(path: Path, folder: Path) -> tuple[float, float]:
    """(largest error over its tolerance, 1.0) over all cases and variants.

    Args:
        path: align_face.safetensors.
        folder: where `inputs.py`, the drawing of the input pictures, lies.
    """
    data = load_file(str(path))
    synth = _inputs(folder).synth_image
    worst = 0.0
    for case in range(3):
        rgb = synth(*(int(v) for v in data[f"in.case{case}.image_hwv"]))
        landmarks = data[f"in.case{case}.landmarks"]
        for name, (size, transform, padding, step) in VARIANTS.items():
            stem = f"out.case{case}.{name}"
            quad = ffhq_quad(landmarks)
            final = prepare_quad(rgb, quad, size, padding)[1]
            stored = data[f"{stem}.image" if step == 1 else f"{stem}.image_s{step}"]
            out = align_face(rgb, landmarks, size, transform, padding)[::step, ::step]
            difference = np.abs(out.astype(int) - stored.astype(int))
            worst = max(
                worst,
                float(np.abs(quad - data[f"{stem}.quad"]).max()) / QUAD_TOLERANCE,
                float(np.abs(final - data[f"{stem}.quad_final"]).max()) / QUAD_TOLERANCE,
                float(difference.mean()) / MEAN_TOLERANCE,
                float(difference.max()) / MAX_TOLERANCE,
            )
    return worst, 1.0


def _inputs(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_inputs", folder / "inputs.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(folder / "inputs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
