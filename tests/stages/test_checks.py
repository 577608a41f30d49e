"""What is known of a drawing before anything is loaded equals what the loaded base says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages import checks
from pidiff_cli.weights.locate import base_parts
from tests.support.tiny_person import make_profile


def test_a_size_that_a_base_does_not_draw(tuned_home: Path) -> None:
    parts = base_parts("mini", tuned_home)
    side = checks.only_side(parts)
    assert side is not None
    for larger in (side, side + 8, 3 * side + 1):  # drawn at its side and enlarged
        checks.check_size(larger, parts)
    with pytest.raises(UsageError, match=f"{side} px is the least"):
        api.generate("alice", "as a chef", home=tuned_home, size=side - 8)
    free = replace(parts, family="sd15")
    unit = checks.size_unit(free)
    assert unit == 16 and checks.only_side(free) is None
    checks.check_size(5 * unit, free)
    with pytest.raises(UsageError, match="must be a multiple of 16"):
        checks.check_size(5 * unit + 8, free)


def test_sizes_of_single_files(tmp_path: Path) -> None:
    parts = base_parts("mini", tmp_path)
    assert checks.size_unit(parts) == 32  # the real one
    for family, unit in (("sd15", 64), ("sdxl", 32)):
        file = replace(parts, family=family, diffusers=tmp_path / "a.safetensors")
        assert checks.size_unit(file) == unit
    assert checks.size_unit(replace(parts, diffusers=tmp_path)) is None  # no folder of a base


def test_pictures_are_kept_by_a_likeness_that_can_be_measured(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = make_profile(untuned_home, "bare", photos=1, held_out=0)
    bare.forget()
    for asked in ({"best": 1, "count": 2}, {"min_likeness": 0.5}):
        with pytest.raises(InputError, match="compares with photos, and bare holds none"):
            api.generate("bare", "as a chef", home=untuned_home, **asked)
    parts = replace(base_parts("mini", untuned_home), family="sd15", faces=untuned_home / "none")
    assert checks.has_networks(parts) is None
    monkeypatch.setattr(checks, "holds", lambda folder: ())  # not even those of the set-up
    assert checks.has_networks(parts) is False
    config = type("Asked", (), {"min_likeness": 0.5})()
    with pytest.raises(MissingWeightError, match="--min-likeness needs face networks"):
        checks.check_measurable(config, bare, False, True)


def test_codes_of_two_bases_are_not_mixed(untuned_home: Path) -> None:
    other = make_profile(untuned_home, "other")
    code = np.zeros((1, 18, 512), np.float32)
    other.save_identity(code, np.ones(1, np.float32), code[0], ("01",))
    for mixed in (
        lambda: api.generate("alice", "as a chef", style_from="other:fine", home=untuned_home),
        lambda: api.stylemix("alice", "other", home=untuned_home),
    ):
        with pytest.raises(InputError, match="have codes of other bases"):
            mixed()


def test_a_profile_without_a_photo_learns_nothing(untuned_home: Path) -> None:
    Profile.open("alice", untuned_home).update(photos=())
    with pytest.raises(InputError, match="alice holds no photo to learn from"):
        api.tune("alice", home=untuned_home)


def test_a_folder_that_may_not_be_written(untuned_home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        api.generate("alice", "as a chef", home=untuned_home, out=tmp_path / "file" / "pics")
