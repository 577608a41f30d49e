"""Pictures of real bases that show nudity: said, and not written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pidiff_cli.config import GenerateConfig
from pidiff_cli.errors import InputError, MissingWeightError
from pidiff_cli.stages.decent import decent, open_filter
from pidiff_cli.stages.generate import safeguards
from pidiff_cli.stages.results import RejectedPicture
from tests.support.opened import run_generate, short_drawing
from tests.support.tiny_nudity import install_filter
from tests.support.tiny_person import Notes


class Dark:
    """Takes dark pictures for nudity."""

    def score(self, picture: np.ndarray) -> float:
        return 1 - float(picture.mean()) / 255


def pictures() -> list[tuple[int, np.ndarray]]:
    return [(seed, np.full((8, 8, 3), level, np.uint8)) for seed, level in ((7, 250), (8, 3))]


def test_what_shows_it_is_left_out_with_the_reason() -> None:
    fell: list[RejectedPicture] = []
    kept = [*decent(iter(pictures()), Dark(), "as a chef", fell)]  # type: ignore[arg-type]
    assert [seed for seed, _ in kept] == [7]
    assert (fell[0].seed, fell[0].reason) == (8, "blocked: nudity (0.99)")


def test_mini_loads_nothing_and_real_bases_need_it(tmp_path: Path) -> None:
    class Parts:
        family = "mini"

    config, notes, parts = GenerateConfig(home=tmp_path), Notes(), Parts()
    assert open_filter(config, parts, notes) is None  # type: ignore[arg-type]
    parts.family = "sd15"
    with pytest.raises(MissingWeightError):
        open_filter(config, parts, notes)  # type: ignore[arg-type]
    install_filter(tmp_path)
    assert open_filter(config, parts, notes) is not None  # type: ignore[arg-type]
    without = GenerateConfig(home=tmp_path, nudity_filter=False)
    assert not notes.warnings and open_filter(without, parts, notes) is None  # type: ignore[arg-type]
    assert "--no-filter" in notes.warnings[0]


class All:
    def score(self, picture: np.ndarray) -> float:
        return 0.97


def test_nothing_is_written_and_the_command_fails(
    tuned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safeguards, "open_filter", lambda *_: All())
    notes, config = Notes(), short_drawing(tuned_home, tmp_path, count=2)
    with pytest.raises(InputError, match="All 2 were blocked: nudity"):
        run_generate(config, notes)
    assert "seed 7  blocked: nudity (0.97)" in notes.lines and not [*config.out.iterdir()]


def test_the_others_are_written(
    tuned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter((0.9, 0.1))

    class First:
        def score(self, picture: np.ndarray) -> float:
            return next(scores)

    monkeypatch.setattr(safeguards, "open_filter", lambda *_: First())
    done = run_generate(short_drawing(tuned_home, tmp_path, count=2), Notes())
    assert [picture.seed for picture in done.images] == [8]
    assert [(one.seed, one.reason) for one in done.fell] == [(7, "blocked: nudity (0.90)")]
