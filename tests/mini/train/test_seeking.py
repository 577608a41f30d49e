"""What is learnt from drawings for photographs: ridge regressions, and the shipped file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mini.train.wplus.seeking import FIRST, LEFT_OUT, PHOTOGRAPHED, STRAIGHT, drawn_people, learn
from mini.train.wplus.seeking import ridge as ridge_of
from mini.world.factors import NAMES
from pidiff_cli.core.wplus.seeker import load_seeker
from pidiff_cli.weights.bundled import bundled_faces
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS


def test_ridge_finds_slopes_and_constant() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    slopes = np.array([[1.0, 0.0], [0.0, -2.0], [0.5, 0.5]])
    found = ridge_of(x, x @ slopes + [3.0, 4.0], 0.1)
    assert np.allclose(found[0], [3, 4], atol=0.01) and np.allclose(found[1:], slopes, atol=0.01)


def test_a_dozen_drawings_make_the_shipped_shapes(tmp_path: Path) -> None:
    if bundled_faces() is None:
        pytest.skip("the free face networks are not here")
    file = drawn_people(FIRST, 12, tmp_path, PACKAGE_WEIGHTS)
    changed = file.stat().st_mtime_ns
    assert drawn_people(FIRST, 12, tmp_path, PACKAGE_WEIGHTS).stat().st_mtime_ns == changed
    made, shipped = learn([file]), load_seeker(PACKAGE_WEIGHTS)
    assert shipped is not None
    assert (made.measures, made.factors) == (shipped.measures, shipped.factors)
    assert made.coded.shape == shipped.coded.shape and made.read.shape == shipped.read.shape
    assert not any(np.isnan(getattr(made, n)).any() for n in ("coded", "factor_spread", "axis"))


def test_the_shipped_file_knows_the_world_and_the_numbers_of_photographs() -> None:
    shipped = load_seeker(PACKAGE_WEIGHTS)
    assert shipped is not None
    assert set(shipped.factors) == set(NAMES) - set(LEFT_OUT)
    people = json.loads(PHOTOGRAPHED.read_text(encoding="utf-8"))["measures"]
    assert set(people) == set(shipped.measures)
    mean = np.array([people[name][0] for name in shipped.measures])
    assert np.allclose(shipped.photo_mean.numpy(), mean, rtol=1e-3, atol=1e-4)
    straight = [shipped.factors.index(name) for name in STRAIGHT]
    assert not shipped.factor_spread[straight].any()
    jaw, width = shipped.factors.index("jaw"), shipped.measures.index("jaw_width")
    assert shipped.measured[width, jaw] > 0.5, "a wider jaw is measured as a wider jaw"
