"""mini's trainers on a tiny bank: a run in pieces ends as a whole one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mini.train import common
from mini.train.faces import networks
from mini.train.faces.augment import Textures
from tests.support.tiny_bank import PICTURES, main_of, make_bank, working_in

CRISP = ("--adversarial", "0.3", "--perceptual", "0.5")
TRAINERS = {
    "autoencoder.autoencoder": ("--batch", "4"),
    "autoencoder.autoencoder crisp": ("--batch", "2", "--steps", "3", *CRISP),
    "text.text": ("--batch", "4"),
    "wplus.stylegan": ("--batch", "2"),
    "wplus.stylegan crisp": ("--batch", "1", "--steps", "4", *CRISP),
    "wplus.e4e": ("--batch", "7"),
    "faces.networks landmarks": ("landmarks", "--batch", "4"),
    "faces.networks embedder": ("embedder", "--batch", "4"),
    "faces.networks finder": ("finder", "--batch", "2"),
    "judge.judge": ("--batch", "4"),
    "judge.embedder": ("--batch", "8"),
    "diffusion.unet": ("--batch", "4"),
}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with (
        working_in(tmp_path_factory.mktemp("trainers")) as folder,
        pytest.MonkeyPatch.context() as p,
    ):
        p.setattr(networks, "Textures", lru_cache(Textures))  # the same ones for every run
        make_bank()
        yield folder


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    kinds = (dict, list, torch.Tensor)
    return [t for part in parts if isinstance(part, kinds) for t in _tensors(part)]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_run_in_pieces_ends_as_a_whole_one(work: Path, tmp_path: Path, trainer: str) -> None:
    """One step a call against all in one: the same weights, means and optimisers, bit for bit."""
    main = main_of(trainer.split()[0])
    options = ["--steps", "2", *TRAINERS[trainer]]

    def run(name: str, *more: str) -> bool:
        weights = tmp_path / name / "weights"
        if not weights.exists():
            shutil.copytree("weights", weights)
        places = ["--weights", str(weights), "--run-dir", str(tmp_path / name)]
        return bool(main([*options, *places, *more]))

    assert run("whole")
    steps, calls = int(options[len(options) - options[::-1].index("--steps")]), 1
    while not run("pieces", "--piece", "0.001"):
        calls += 1
    assert calls == steps
    one, other = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)
        for name in ("whole", "pieces")
    )
    assert one["step"] == other["step"] == steps
    assert len(_tensors(one)) == len(_tensors(other)) > 10
    for a, b in zip(_tensors(one), _tensors(other), strict=True):
        assert torch.equal(a, b)
    exported = [p for p in tmp_path.glob("whole/weights/**/*.safetensors") if _new(p, tmp_path)]
    assert exported, "a finished run writes its weights"


def _new(path: Path, root: Path) -> bool:
    old = Path("weights") / path.relative_to(root / "whole" / "weights")
    return path.read_bytes() != old.read_bytes()


def test_workers_make_the_same_batches(work: Path, tmp_path: Path) -> None:
    found = []
    for workers in ("0", "2"):
        folder = tmp_path / workers
        options = ["--steps", "2", "--batch", "4", "--workers", workers]
        weights = ["--weights", str(folder / "weights"), "--run-dir", str(folder)]
        assert main_of("text.text")([*options, *weights])
        found.append(torch.load(folder / "checkpoint.pt", weights_only=True)["net"])
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


def test_caches_have_a_row_a_picture(work: Path) -> None:
    latents = np.load(".mini/latents/latents.npy")
    codes = np.load(".mini/codes/codes.npy")
    assert latents.shape == (PICTURES, 12, 16, 16) and codes.shape == (PICTURES, 12, 80)
    assert np.isfinite(codes.astype(np.float32)).all() and np.abs(latents).sum() > 0


def test_more_codes_are_read_of_everybody_and_go_on_where_they_stopped(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mini.train.diffusion.data import Pictures
    from mini.train.wplus import more_codes

    monkeypatch.setattr(more_codes, "PEOPLE", 2)  # two shards
    more, command = Path(".mini/codes/more.npy"), ["--weights", "weights", "--each", "2"]
    plain = Pictures(common.BANK, 0, Path("weights"))
    try:
        assert not main_of("wplus.more_codes")([*command, "--piece", "0.001"]) and not more.exists()
        assert main_of("wplus.more_codes")(command)
        assert capsys.readouterr().out.count(" of 2 shards") == 2  # none twice
        codes = np.load(more)
        assert codes.shape == (PICTURES // 4, 2, 12, 80) and len(list(more.parent.glob("*"))) == 3
        first = np.load(".mini/codes/codes.npy")[0].astype(np.float32)  # a plain photo of person 0
        apart = np.linalg.norm(codes[:, 0].astype(np.float32) - first, axis=(1, 2))
        assert apart.argmin() == 0
        pictures = Pictures(common.BANK, 0, Path("weights"))
    finally:
        more.unlink(missing_ok=True)
    assert [len(a) - len(b) for a, b in zip(pictures.bare, plain.bare, strict=True)] == [2] * 12
    assert np.array_equal(pictures.codes[pictures.bare[4][-2:]], codes[1])  # the second person's
    assert pictures.plan(3, 8)[4].sum(dim=1).max() > 3  # the mean of more than three


def test_cuda_is_not_taken_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from mini.train import machine

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert machine.pick_device("auto").type == "cpu"
    with pytest.raises(SystemExit, match="CUDA"):
        machine.pick_device("cuda")
