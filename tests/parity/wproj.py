"""W+ code to identity tokens against the published projector."""

from __future__ import annotations

import runpy
from pathlib import Path

from safetensors.torch import load_file

from pidiff_cli.core.identity.tokens import PUBLISHED_GROUPS, WPlusProjector


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest absolute error over the stored tokens, and the tolerance."""
    fill = runpy.run_path(str(folder / "detweights.py"))["fill"]

    data = load_file(path)
    projector = fill(WPlusProjector(18, 512, PUBLISHED_GROUPS, 768))
    errors = [
        projector(data["in.w"]) - data["out.tokens"],
        projector.unconditional() - data["out.tokens_zero_w"],
    ]
    return max(e.abs().max().item() for e in errors), 2e-5
