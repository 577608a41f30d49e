"""One base for one person after another: nothing of a person stays on it, to the bit."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from pidiff_cli.core.diffusion.untouched import Untouched
from pidiff_cli.stages import base as bases
from tests.support.opened import run_tune, short_tuning
from tests.support.tiny_person import Notes, install, make_profile

PARTS = {"rank": 2, "lora_rank": 2, "steps": 3, "preview_every": 2}


@pytest.fixture
def home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, disc_base)
    return tmp_path


def learnt(home: Path, name: str) -> dict[str, np.ndarray]:
    found = {}
    for part in ("adapter", "lora"):
        tensors = load_file(home / "profiles" / name / part / "adapter_model.safetensors")
        found |= {f"{part}/{key}": value for key, value in tensors.items()}
    return found


def tune(home: Path, name: str, seed: int, **settings: object) -> None:
    make_profile(home, name)
    run_tune(short_tuning(home, name=name, seed=seed, **{**PARTS, **settings}), Notes())


@pytest.mark.parametrize("before", [{}, {"lora_rank": 0}, {"rank": 0, "checkpointing": "always"}])
def test_after_somebody_else_it_is_bit_equal_to_alone(home: Path, before: dict) -> None:
    tune(home, "alone", 1)
    with bases.base_kept():
        tune(home, "first", 0, **before)
        tune(home, "after", 1)
        assert len(bases._kept or ()) == 1
    assert bases._kept is None
    one, other = learnt(home, "alone"), learnt(home, "after")
    assert one.keys() == other.keys() and len(one) > 8
    assert all(np.array_equal(one[key], other[key]) for key in one)
    first = [load_file(p) for p in (home / "profiles" / "first").rglob("adapter_model.safetensors")]
    assert first, "the first person learnt something too"


def test_it_is_loaded_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, original = [], bases.open_base
    monkeypatch.setattr(bases, "open_base", lambda *a: loaded.append(a) or original(*a))
    with bases.base_kept():
        tune(home, "first", 0)
        tune(home, "second", 1)
    assert len(loaded) == 1


def test_a_weight_that_was_written_to_is_noticed(disc_base: Path) -> None:
    from pidiff_cli.core.diffusion.base import load_base

    kept = Untouched(load_base(disc_base))
    copy = kept.copy()
    copy.unet.conv_in.weight.requires_grad_(True)
    assert kept.intact and not kept.copy().unet.conv_in.weight.requires_grad
    same = kept.copy().unet.conv_in.weight
    assert same.data_ptr() == copy.unet.conv_in.weight.data_ptr(), "weights are shared"
    with torch.no_grad():
        copy.unet.conv_in.weight.add_(1)
    assert not kept.intact


def test_nothing_is_left_of_those_before(home: Path) -> None:
    """As many tensors after five people as after two."""
    counts = []
    with bases.base_kept():
        for number in range(5):
            tune(home, f"p{number}", number, steps=1, preview_every=0)
            gc.collect()
            counts.append(sum(isinstance(one, torch.Tensor) for one in gc.get_objects()))
    assert counts[4] <= counts[1]
