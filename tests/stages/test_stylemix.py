"""stylemix and invert on a tiny base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidiff_cli.config import GenerateConfig, InvertConfig, StylemixConfig
from pidiff_cli.core.images import read_photo, read_record
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Profile
from pidiff_cli.stages import stylemix
from tests.support.opened import run_generate, run_invert, run_stylemix, run_tune, short_tuning
from tests.support.tiny_base import DIM, ROWS, SIZE
from tests.support.tiny_person import Notes, install, make_profile


@pytest.fixture
def home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, disc_base)
    for name in ("alice", "bob"):
        profile = make_profile(tmp_path, name)
        shift = 0.0 if name == "alice" else 1.0
        identity = profile.load_identity()
        profile.save_identity(
            identity.codes + shift, identity.weights, identity.mean + shift, identity.keys
        )
    return tmp_path


def _config(home: Path, **settings: Any) -> StylemixConfig:
    values: dict[str, Any] = {
        "home": home, "a": "alice", "b": "bob", "out": home / "pics", "between": 3, "size": SIZE,
        "steps": 2, "device": "cpu",
    }  # fmt: skip
    return StylemixConfig(**{**values, **settings})


def test_the_sheet_shows_every_group(home: Path) -> None:
    result = run_stylemix(_config(home), Notes())
    sheet = read_photo(result.sheet)
    assert sheet.shape[0] == 2 * stylemix.EDGE + 5 * stylemix.CELL
    assert sheet.shape[1] == stylemix.LABEL + 3 * stylemix.CELL
    assert result.images == () and result.profile is None
    assert read_record(result.sheet)["stylemix"]["fine"] == 1.0


def test_a_stored_mix_is_a_profile_that_draws(home: Path) -> None:
    run_tune(short_tuning(home, steps=2), Notes())
    result = run_stylemix(_config(home, name="carol", fine=0.5, prompt="as a chef"), Notes())
    assert result.profile == home / "profiles" / "carol" and len(result.images) == 1
    carol = Profile.open("carol", home)
    a, b = (Profile.open(n, home).load_identity().mean for n in ("alice", "bob"))
    mean = carol.load_identity().mean
    assert np.array_equal(mean[:8], a[:8])
    assert np.allclose(mean[8:], (a[8:] + b[8:]) / 2, atol=1e-6)
    assert carol.verify() == [] and (carol.folder / "adapter" / "adapter_config.json").is_file()
    config = GenerateConfig(
        home=home, name="carol", prompts=("smiling",), size=SIZE, steps=2, out=home / "pics"
    )
    assert len(run_generate(config, Notes()).images) == 1
    with pytest.raises(InputError, match="there already"):
        run_stylemix(_config(home, name="carol"), Notes())
    assert run_stylemix(_config(home, name="carol", force=True), Notes()).profile


def test_invert_stores_codes_and_a_strip(home: Path) -> None:
    result = run_invert(InvertConfig(home=home, name="alice"), Notes())
    identity = Profile.open("alice", home).load_identity()
    assert identity.codes.shape == (3, ROWS, DIM) and identity.mean.shape == (ROWS, DIM)
    assert identity.weights.sum() == pytest.approx(1.0) and identity.keys == ("01", "02", "03")
    assert result.preview is not None and read_photo(result.preview).shape == (256, 4 * 128, 3)
    assert result.likeness is not None and -1 <= result.likeness <= 1


def test_refining_moves_the_codes(home: Path) -> None:
    run_invert(InvertConfig(home=home, name="alice"), Notes())
    before = Profile.open("alice", home).load_identity().codes
    run_invert(InvertConfig(home=home, name="alice", refine=2), Notes())
    after = Profile.open("alice", home).load_identity().codes
    assert not np.array_equal(before, after) and np.abs(before - after).max() < 1


def test_nobody_to_invert_is_a_sentence(home: Path) -> None:
    Profile.create(home, "empty", "man")
    with pytest.raises(InputError, match="no aligned face"):
        run_invert(InvertConfig(home=home, name="empty"), Notes())
