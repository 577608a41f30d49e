"""The parity checks themselves: the weight rule, the runner, and the vectors if they are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pidiff_cli.core.identity.tokens import PUBLISHED_GROUPS, WPlusProjector
from tests.parity import rule
from tests.parity.__main__ import CHECKS, check_file, main
from tests.support.places import TESTS

DATA = TESTS / "parity" / "data"


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


def test_all_vectors_lie_beside_their_checks() -> None:
    assert {path.stem for path in DATA.glob("*.safetensors")} == set(CHECKS)


def test_a_changed_number_fails_whatever_its_size(tmp_path: Path) -> None:
    vectors = load_file(DATA / "wproj.safetensors")
    for name in (key for key in vectors if key.startswith("out.")):
        wrong = {**vectors, name: vectors[name].clone()}
        wrong[name].view(-1)[-1] += 1e-3
        save_file(wrong, tmp_path / "wproj.safetensors")
        assert not check_file(tmp_path / "wproj.safetensors")[0], name
    save_file(vectors | {"out.more": torch.ones(1)}, tmp_path / "wproj.safetensors")
    good, line = check_file(tmp_path / "wproj.safetensors")
    assert not good and "nothing was computed for more" in line
    assert rule.gap(torch.tensor([1000.1]), torch.tensor([1000.0])) > 0.09  # absolute


def test_other_vectors_under_longer_names(tmp_path: Path) -> None:
    """More codes, another batch: what a folder holds decides."""
    net = rule.fill(WPlusProjector(18, 512, PUBLISHED_GROUPS, 768))
    w = torch.randn(5, 18, 512, generator=torch.Generator().manual_seed(4))
    save_file({"in.w": w, "out.tokens": net(w)}, tmp_path / "wproj_five.safetensors")
    assert main([str(tmp_path)]) == 0
    (tmp_path / "README.md").write_text("| wproj | 0 | 0 | 1e-30 |\n")
    save_file({"in.w": w, "out.tokens": net(w) + 1e-6}, tmp_path / "wproj_five.safetensors")
    assert main([str(tmp_path)]) == 1


def test_what_is_not_there_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 1
    assert main([str(tmp_path)]) == 1
    assert "holds no parity vectors" in capsys.readouterr().err
    assert main(["--only", "wproj", "wproj_2"]) == 1
    assert "no such file" in capsys.readouterr().out


def test_tolerances_come_from_the_readme(tmp_path: Path) -> None:
    assert rule.tolerances(DATA, "arcface_irse50", 1.0, 1.0) == (5e-6, 5e-5)
    assert rule.tolerances(DATA, "stylegan2_64", 1.0) == (1e-4,)
    assert rule.tolerances(DATA, "align_face", 1.0) == (1e-6,)
    assert rule.tolerances(tmp_path, "edits", 1e-5) == (1e-5,)


@pytest.mark.parametrize("name", ["wplus_attn", "train_wild_loss", "align_face", "wplus_unet_tiny"])
def test_the_other_vectors_agree(name: str) -> None:
    assert main(["--only", name]) == 0
