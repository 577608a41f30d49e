"""Names of edits, read without torch, against the directions that are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pidiff_cli.core.wplus.directions import load_directions as published
from pidiff_cli.core.wplus.weights import load_directions
from pidiff_cli.errors import UsageError
from pidiff_cli.stages.codes import edited
from pidiff_cli.stages.edits import SHORT, check_edits, direction_names, edit_names, factor_names
from pidiff_cli.weights.locate import base_parts


def test_minis_names_are_its_directions(tmp_path: Path) -> None:
    mini = base_parts("mini", tmp_path)
    assert mini.wplus is not None
    names = factor_names(mini.wplus)
    assert len(names) == len(set(names)) == len(load_directions(mini.wplus))
    assert set(SHORT.values()) <= set(names) and not set(SHORT) & set(names)
    code = torch.zeros(12, 80)
    for name in edit_names(mini):
        check_edits([name], mini)
        assert torch.isfinite(edited(code, ((name, 1.0),), mini)).all()
    for name in ("smil", "", "SMILE", "0"):
        with pytest.raises(UsageError, match="There is no edit called"):
            check_edits([name], mini)
        with pytest.raises(UsageError, match="There is no edit called"):
            edited(code, ((name, 1.0),), mini)


def make_folder(folder: Path, *, table: bool = True) -> Path:
    """Directions of every kind whose names stand outside a pickle."""
    folder.mkdir(parents=True)
    np.save(folder / "Big Smile.npy", np.zeros((18, 512)))
    save_file({"direction": torch.zeros(1, 512)}, folder / "age.safetensors")
    parts = {"comp": torch.eye(3, 512), "std": torch.ones(3), "mean": torch.zeros(1, 512)}
    save_file(parts, folder / "pca.safetensors")
    if table:
        (folder / "edits.csv").write_text("Wide Eyes\t0\t0\t18\t2.0\nbald\t1\t2\t5\t1\n")
    return folder


def test_a_folders_names_are_those_that_are_read(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "directions")
    assert set(direction_names(folder) or ()) == set(published(folder)) == {
        "big_smile", "age", "wide_eyes", "bald",
    }  # fmt: skip
    assert direction_names(tmp_path / "nowhere") == ()


def test_names_that_only_opening_tells_are_let_through(tmp_path: Path) -> None:
    assert direction_names(make_folder(tmp_path / "a", table=False)) is None
    parts = replace(base_parts("mini", tmp_path), family="sd15", wplus=tmp_path / "w")
    folder = make_folder(tmp_path / "w" / "directions")
    with pytest.raises(UsageError, match="There is no edit called 'smile'"):
        check_edits(["smile"], parts)
    torch.save(torch.zeros(1, 512), folder / "smile.pt")
    check_edits(["smile"], parts)  # a pickle may hold several
