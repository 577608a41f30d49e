"""The parity checks themselves: the weight rule, the runner, and the vectors if they are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.parity import rule
from tests.parity.__main__ import check_file, main

DATA = Path(__file__).parent / "parity" / "data"


def test_small_vectors_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "wproj", "arcface_irse50"]) == 0
    assert "2 of 2 agree" in capsys.readouterr().out


def test_a_file_without_a_check_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "unheard_of.safetensors").write_bytes(b"")
    assert main([str(tmp_path)]) == 1
    assert "no check for this file" in capsys.readouterr().out


def test_a_damaged_file_fails(tmp_path: Path) -> None:
    path = tmp_path / "edits.safetensors"
    path.write_bytes(b"nothing")
    good, line = check_file(path)
    assert not good and "FAIL" in line


def test_gap_catches_nan_and_shape() -> None:
    assert rule.gap(torch.tensor([float("nan")]), torch.zeros(1)) == float("inf")
    assert rule.gap(torch.zeros(2), torch.zeros(1)) == float("inf")


def test_rule_gives_the_recorded_weights() -> None:
    for key, wanted in json.loads((DATA / "rule_check.json").read_text()).items():
        names = {key, key.removesuffix("weight") + "bias"} if wanted["has_bias_sibling"] else {key}
        made = rule.value(key, torch.zeros(wanted["shape"]), names)
        first = made.flatten()[:4].tolist()
        assert first == pytest.approx(wanted["first4"], rel=1e-4, abs=1e-5), key
        assert float(made.mean()) == pytest.approx(wanted["mean"], rel=1e-3, abs=1e-5), key


def test_generator_and_edits_agree() -> None:
    assert main(["--only", "stylegan2_64", "edits"]) == 0
