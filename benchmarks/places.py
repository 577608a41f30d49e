"""Where benchmarks find mini's weights, and where their figures are kept."""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = PACKAGE_WEIGHTS
MEASUREMENTS = ROOT / "docs" / "measurements"
