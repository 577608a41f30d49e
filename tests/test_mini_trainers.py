"""mini's trainers on a bank of forty pictures: a run in pieces ends as a whole one."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pidiff_cli.mini.train import common
from pidiff_cli.mini.world import bank

PICTURES = 40
TRAINERS = (
    ("autoencoder", ("--batch", "4")),
    ("autoencoder", ("--batch", "2", "--adversarial", "0.1", "--perceptual", "0.1")),
    ("text", ("--batch", "4")),
    ("stylegan", ("--batch", "2")),
    ("stylegan", ("--batch", "1", "--adversarial", "0.1", "--perceptual", "0.1")),
    ("e4e", ("--batch", "7")),
    ("faces", ("landmarks", "--batch", "4")),
    ("faces", ("embedder", "--batch", "4")),
    ("faces", ("finder", "--batch", "2")),
    ("judge", ("--batch", "4")),
    ("judge_embedder", ("--batch", "8")),
    ("diffusion", ("--batch", "4")),
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a tiny bank, its caches and a copy of the weights, worked in."""
    folder, before = tmp_path_factory.mktemp("trainers"), Path.cwd()
    os.chdir(folder)
    shutil.copytree(common.WEIGHTS, "weights")
    shutil.copytree("weights/judge", ".mini/features")
    list(bank.make(common.BANK, PICTURES, 4, workers=1))
    for name in ("aligned", "latents", "codes"):
        options = [] if name == "aligned" else ["--weights", "weights"]
        assert _main(name)(options)
    yield folder
    os.chdir(before)


def _main(name: str) -> Any:
    return importlib.import_module(f"pidiff_cli.mini.train.{name}").main


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [t for part in parts if isinstance(part, dict | list | torch.Tensor)
            for t in _tensors(part)]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), TRAINERS, ids=lambda v: "-".join(v).strip("-"))
def test_a_run_in_pieces_ends_as_a_whole_one(
    work: Path, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    """One step a call against all in one: the same weights, means and optimisers, bit for bit."""
    torch.use_deterministic_algorithms(False)
    weights = tmp_path / "weights"
    shutil.copytree("weights", weights)
    fixed = [*options, "--steps", "3", "--weights", str(weights)]
    before = {p: p.stat().st_mtime_ns for p in weights.rglob("*.safetensors")}
    assert _main(name)([*fixed, "--run-dir", str(tmp_path / "whole")])
    after = {p: p.stat().st_mtime_ns for p in weights.rglob("*.safetensors")}
    assert after != before, "a finished run exports"
    pieces = [*fixed, "--run-dir", str(tmp_path / "pieces"), "--piece", "0.001"]
    calls = 1
    while not _main(name)(pieces):
        calls += 1
    assert calls == 3
    one, other = (
        torch.load(tmp_path / run / "checkpoint.pt", weights_only=True)
        for run in ("whole", "pieces")
    )
    assert one["step"] == other["step"] == 3
    assert len(_tensors(one)) == len(_tensors(other)) > 10
    for a, b in zip(_tensors(one), _tensors(other), strict=True):
        assert torch.equal(a, b)


def test_caches_have_a_row_a_picture(work: Path) -> None:
    latents = np.load(".mini/latents/latents.npy")
    codes = np.load(".mini/codes/codes.npy")
    assert latents.shape == (PICTURES, 12, 16, 16) and codes.shape == (PICTURES, 12, 80)
    assert np.isfinite(codes.astype(np.float32)).all() and np.abs(latents).sum() > 0
