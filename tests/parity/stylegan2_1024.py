"""The published FFHQ generator's size: 1024 px, 18 rows."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from pidiff_cli.core.wplus.stylegan2 import Generator
from tests.parity import rule
from tests.parity.stylegan2_64 import compare


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error of codes, thinned pictures and statistics."""
    error = compare(rule.fill(Generator(1024)), rule.read(path), views)
    return error, *rule.tolerances(folder, "stylegan2_1024", 2e-4)


def views(image: Tensor) -> dict[str, Tensor]:
    """The parts of a 1024 px picture that are stored."""
    flat = image.transpose(0, 1).flatten(1)  # (3, B*H*W)
    return {
        "image_s16": image[:, :, ::16, ::16],
        "image_pool64": F.adaptive_avg_pool2d(image, 64),
        "image_crop": image[:, :, 480:544, 500:564],
        "stats": torch.stack([flat.mean(1), flat.std(1), flat.amin(1), flat.amax(1)]),
    }
