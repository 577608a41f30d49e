"""Another judge looks at the pictures that are there; only other weights draw them anew."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.rivals import run
from benchmarks.rivals.cases import Case
from benchmarks.rivals.methods import METHODS, Method
from benchmarks.rivals.shop import Made, judge_digest, weights_digest
from benchmarks.rivals.table import Cells

CASE = Case(1)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    for part in ("judge", "unet"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "net.safetensors").write_bytes(part.encode())
    return tmp_path


def test_the_judge_is_not_among_what_draws(weights: Path) -> None:
    drawing, judging = weights_digest(weights), judge_digest(weights)
    (weights / "judge" / "net.safetensors").write_bytes(b"another")
    assert weights_digest(weights) == drawing and judge_digest(weights) != judging
    judging = judge_digest(weights)
    (weights / "unet" / "net.safetensors").write_bytes(b"another")
    assert weights_digest(weights) != drawing and judge_digest(weights) == judging


def test_another_judge_measures_the_pictures_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Case] = []

    def fit(shop: Any, case: Case, settings: Any) -> Any:
        drawn.append(case)
        images = np.full((2, 8, 8, 3), 90, np.uint8)
        yield Made(images, np.ones((2, 4, 4)), seconds=3.0, parameters=5, steps=7)

    def measure(shop: Any, case: Case, made: Made, plain: Any) -> dict[str, Any]:
        assert (made.images == 90).all() and made.images.shape == (2, 8, 8, 3)
        return {"right": shop.right, "iou": 0.8 if made.maps is not None else None}

    shop = SimpleNamespace(digest="w", judged="one", settings="s", code="c", right=0.5)
    monkeypatch.setattr(run, "HOME", tmp_path)
    monkeypatch.setattr(run, "CELLS", Cells(tmp_path / "cells"))
    monkeypatch.setattr(run, "shop", lambda: shop)
    monkeypatch.setattr(run, "plain", lambda case: None)
    monkeypatch.setattr(run, "measure", measure)
    monkeypatch.setitem(METHODS, "pidiff", Method("PIDiff", fit))
    run.do_case(CASE, ["pidiff"])
    first = run.cell_of(CASE, "pidiff")
    shop.judged, shop.right = "two", 0.75
    assert run.missing(CASE, ["pidiff"]) == ["pidiff"]
    run.do_case(CASE, ["pidiff"])
    assert drawn == [CASE]
    assert first is not None and run.cell_of(CASE, "pidiff") == {**first, "right": 0.75}
    assert first["iou"] == 0.8 and first["seconds"] == 3.0
    shop.digest = "others"
    run.do_case(CASE, ["pidiff"])
    assert len(drawn) == 2
