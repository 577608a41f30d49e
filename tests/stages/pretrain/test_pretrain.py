"""pretrain identity on a tiny XL: writes a branch that loads, goes on after a stop, trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pidiff_cli.config import PretrainConfig
from pidiff_cli.core.diffusion.base import open_base
from pidiff_cli.core.images import save_png
from pidiff_cli.core.training.pretraining import perturbed
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.stages.pretrain import run as pretrain
from pidiff_cli.stages.progress import Progress
from tests.conftest import Ran
from tests.stages.pretrain.conftest import Draw
from tests.support.faces_fake import draw_people
from tests.support.tiny_real import SIZE


@pytest.fixture
def folder(folders: dict[str, Path]) -> Path:
    return folders["sdxl"]


@pytest.fixture
def data(tmp_path: Path, draw: Draw) -> Path:
    """Three pictures of people, one with a caption, and a wall."""
    album = draw(tmp_path / "people", 3)
    save_png(album / "wall.png", draw_people([]))
    (album / "400-1.txt").write_text("a photo of a woman in snow")
    return album


def _config(home: Path, data: Path, **settings: Any) -> PretrainConfig:
    values: dict[str, Any] = {
        "home": home, "data": data, "steps": 4, "batch": 2, "size": SIZE, "device": "cpu",
        "checkpoint_every": 2, "learning_rate": 1e-3,
    }  # fmt: skip
    return PretrainConfig(**{**values, **settings})


class StopAt(Progress):
    """Interrupts training at a step, as Ctrl-C does."""

    def __init__(self, step: int) -> None:
        self.left = step

    def advance(self, task: str, n: int = 1, **info: object) -> None:
        self.left -= n if task == "pretrain" else 0
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_stopped_run_ends_as_a_whole_one(
    home: Path, data: Path, folder: Path, tmp_path: Path
) -> None:
    whole = pretrain.run(_config(home, data, out=tmp_path / "whole"), Progress())
    assert (
        whole is not None and whole.pictures == 3 and whole.steps == 4 and np.isfinite(whole.loss)
    )
    with pytest.raises(KeyboardInterrupt):
        pretrain.run(_config(home, data), StopAt(3))
    out = home / "models" / "sdxl" / "identity"
    assert not (out / "identity.json").exists()
    pretrain.run(_config(home, data), Progress())
    for name in ("branch", "wproj"):
        one, other = (load_file(d / f"{name}.safetensors") for d in (out, whole.identity))
        assert all(torch.equal(one[key], other[key]) for key in other)
    base = open_base(folder, out)
    fresh = open_base(folder, None, (base.rows, base.dim))
    moved = [
        key
        for key, value in base.unet.state_dict().items()
        if not torch.equal(value.half(), fresh.unet.state_dict()[key].half())
    ]
    assert moved and all("_id." in key or "identity_projector" in key for key in moved)
    with pytest.raises(InputError, match="already"):
        pretrain.run(_config(home, data), Progress())


def test_faults_are_sentences(
    pidiff: Callable[..., Ran], home: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="mini"):
        pretrain.run(_config(home, data, base="mini"), Progress())
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="No picture with a face"):
        pretrain.run(_config(home, tmp_path / "none"), Progress())
    assert pidiff("pretrain", "identity", "--base", "sdxl").code == 2
    assert pidiff("pretrain", "sdxl").code == 2
    ran = pidiff("pretrain", "identity", "--base", "sdxl", "--data", tmp_path / "nowhere")
    assert ran.code == 3 and "no folder" in ran.err


def test_a_damaged_checkpoint_is_a_sentence(home: Path, data: Path, tmp_path: Path) -> None:
    config = _config(home, data, out=tmp_path / "out", base="sd15")
    with pytest.raises(KeyboardInterrupt):
        pretrain.run(config, StopAt(3))
    (tmp_path / "out/training/checkpoint/parameters.safetensors").write_bytes(b"half of it")
    with pytest.raises(InputError, match="damaged"):
        pretrain.run(config, Progress())


def test_what_all_processes_find_the_first_tells(
    pidiff: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    ran = pidiff("pretrain", "identity", "--base", "sdxl", "--data", tmp_path / "nowhere")
    assert (ran.code, ran.out, ran.err) == (3, "", "")


def test_perturbed_codes_go_far_and_are_repeatable() -> None:
    g = torch.Generator().manual_seed(0)
    bank = torch.randn(6, 4, 8, generator=g)
    far = 0
    for seed in range(40):
        found = perturbed(bank[:2], bank, torch.Generator().manual_seed(seed))
        again = perturbed(bank[:2], bank, torch.Generator().manual_seed(seed))
        assert found.shape == (2, 4, 8) and torch.equal(found, again) and found.isfinite().all()
        far += int((found - bank[:2]).abs().mean() > 2)
    assert far > 20
