"""The GPU's script on small networks and a CPU: every arm runs and leaves its row."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.speed import gpu
from benchmarks.speed.tune_speed import ARMS


def test_a_dry_run_leaves_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "gpu.json"
    words = "--tiny --device cpu --base sdxl --steps 1 --draw-steps 1 --rounds 1 --out"
    monkeypatch.setattr(sys, "argv", ["gpu", *words.split(), str(out)])
    monkeypatch.setattr(gpu, "WARM", 0)
    assert gpu.main() == 0
    found = json.loads(out.read_text())
    learnt = [(row["learns"], row["how"]) for row in found["tuning"]]
    assert len(set(learnt)) == len(learnt) == len(ARMS) * len(gpu.PLANS) + 4
    assert all(row["ms"] > 0 for row in found["tuning"])
    drawn = [row["drawn by"] for row in found["drawing"]]
    assert drawn[0] == "stock" and {"LoRA", "LoRA, hold 0", "LoRA, not fused"} < {*drawn}
    assert drawn[-1] == "another's LoRA put in" and found["tiny"]
