"""W+ code to identity tokens against the published projector."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.core.identity.tokens import PUBLISHED_GROUPS, WPlusProjector
from tests.parity import rule


def check(path: Path, folder: Path) -> tuple[float, float]:
    """Largest error of the tokens of codes and of the zero code."""
    vectors = rule.read(path)
    net = rule.fill(WPlusProjector(18, 512, PUBLISHED_GROUPS, 768))
    made = {
        "tokens": net(vectors["in.w"]),
        "tokens_zero_w": net.unconditional(),
        "norm_bias": net.norm.bias[None],
    }
    error = max(rule.gaps(made, vectors).values())
    return error, *rule.tolerances(folder, "wproj", 2e-5)
