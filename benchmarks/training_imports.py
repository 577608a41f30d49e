"""Say whether mini can be trained on this machine: every trainer is imported, one picture drawn.

    python benchmarks/training_imports.py

Prints the versions found and ends with 1 where something is missing. Run it first on a machine
that is lent for minutes.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

PACKAGES = (
    "torch", "diffusers", "transformers", "tokenizers", "safetensors", "huggingface-hub", "numba",
    "numpy", "scipy", "scikit-image", "pillow",
)  # fmt: skip
TRAINERS = (
    "all", "aligned", "features", "autoencoder", "latents", "text", "stylegan", "e4e", "codes",
    "faces", "judge", "judge_embedder", "diffusion", "strangers", "distil", "carry",
)  # fmt: skip


def main() -> int:
    """Import, draw, report."""
    missing = []
    for name in PACKAGES:
        try:
            print(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"{name}: not found")
    for name in TRAINERS:
        try:
            importlib.import_module(f"pidiff_cli.mini.train.{name}")
        except (ImportError, RuntimeError) as error:
            missing.append(f"{name}: {error}")
    print("\n".join(missing) or "every trainer imports")
    return 1 if missing or not _draw() else 0


def _draw() -> bool:
    import numpy as np
    import torch

    from pidiff_cli.mini.world.context import sample_context
    from pidiff_cli.mini.world.people import sample_person
    from pidiff_cli.mini.world.render import draw

    for number in range(2):  # the first compiles
        began = time.perf_counter()
        draw(sample_person(number), sample_context(np.random.default_rng(number)), 128)
        print(f"picture {number}: {time.perf_counter() - began:.2f} s")
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
    print(where)
    return True


if __name__ == "__main__":
    raise SystemExit(main())
