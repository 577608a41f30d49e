"""`--best` and `--min-likeness`: what is kept, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pidiff_cli import api
from pidiff_cli.errors import InputError, MissingWeightError, UsageError
from pidiff_cli.stages import person
from pidiff_cli.stages.generate.best import PictureCandidate, keep_best
from pidiff_cli.stages.person import loading
from tests.conftest import Ran
from tests.support.opened import run_generate, short_drawing
from tests.support.tiny_person import Notes

BLANK = np.zeros((2, 2, 3), np.uint8)
DRAWN = [
    PictureCandidate(seed, BLANK, likeness)
    for seed, likeness in enumerate((0.41, None, 0.7, 0.6, 0.62, None))
]


@pytest.mark.parametrize(
    ("best", "least", "kept", "reasons"),
    [
        (0, 0.0, [0, 1, 2, 3, 4, 5], {}),
        (0, 0.61, [2, 4], {0: "likeness 0.41, below 0.61", 1: "no face found"}),
        (2, 0.0, [2, 4], {0: "likeness 0.41, ranked 4th", 3: "likeness 0.60, ranked 3rd"}),
        (1, 0.55, [2], {0: "likeness 0.41, below 0.55", 4: "likeness 0.62, ranked 2nd"}),
        (5, 0.0, [2, 4, 3, 0, 1], {5: "no face found"}),
        (2, 0.9, [], {2: "likeness 0.70, below 0.90"}),
    ],
)
def test_what_is_kept_and_why_the_others_fall(
    best: int, least: float, kept: list[int], reasons: dict[int, str]
) -> None:
    chosen, fell = keep_best(DRAWN, best, least)
    assert [one.seed for one in chosen] == kept
    said = {one.seed: reason for one, reason in fell}
    assert sorted([*kept, *said]) == [0, 1, 2, 3, 4, 5]
    assert reasons.items() <= said.items()


def _scored(monkeypatch: pytest.MonkeyPatch, scores: dict[int, float | None]) -> None:
    """Let the picture of each seed have this likeness."""

    def drawn(loaded: object, prompt: object, code: object, seeds: list[int], *_: object) -> object:
        return iter([(seed, BLANK) for seed in seeds])

    come = iter(scores.values())
    monkeypatch.setattr(person, "draw_pictures", drawn)
    monkeypatch.setattr(person, "alike", lambda loaded, image: next(come))


def test_the_others_are_told_and_counted(
    untuned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scored(monkeypatch, {7: 0.4, 8: None, 9: 0.8, 10: 0.7})
    notes = Notes()
    result = run_generate(
        short_drawing(untuned_home, tmp_path, count=4, best=1, min_likeness=0.5), notes
    )
    assert [picture.seed for picture in result.images] == [9]
    assert [one.seed for one in result.fell] == [7, 8, 10]
    assert notes.lines == [
        "seed 7  likeness 0.40, below 0.50", "seed 8  no face found",
        "seed 10  likeness 0.70, ranked 2nd",
    ]  # fmt: skip
    assert len(list((tmp_path / "pics").iterdir())) == 1


def test_none_alike_enough_is_an_error_that_says_how_near_it_came(
    untuned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scored(monkeypatch, {7: 0.4, 8: None})
    with pytest.raises(InputError, match=r"None of the 2 .*0\.9.*0\.40 \(seed 7\)") as caught:
        run_generate(short_drawing(untuned_home, tmp_path, count=2, min_likeness=0.9), Notes())
    assert caught.value.exit_code == 3 and "--min-likeness 0.4" in caught.value.hint
    _scored(monkeypatch, {7: None})
    with pytest.raises(InputError, match="no face was found in it"):
        run_generate(short_drawing(untuned_home, tmp_path, min_likeness=0.9), Notes())


def test_more_kept_than_drawn_is_a_sentence(untuned_home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only 2 are drawn"):
        api.generate("alice", "as a chef", count=2, best=3, home=untuned_home)


def test_without_face_networks_nothing_can_be_chosen(
    untuned_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "open_reader", lambda _: None)
    with pytest.raises(MissingWeightError, match="--best needs face networks"):
        run_generate(short_drawing(untuned_home, tmp_path, count=2, best=1), Notes())


@pytest.mark.parametrize(
    ("options", "drawn"), [(("--best", "2"), 8), (("--best", "2", "-n", "3"), 3), ((), 1)]
)
def test_best_alone_draws_four_for_each(
    pidiff: Callable[..., Ran],
    photos: Path,
    stages: dict[str, ModuleType],
    options: tuple[str, ...],
    drawn: int,
) -> None:
    pidiff("tune", photos, "--name", "alice")
    assert pidiff("generate", "alice", "as a chef", *options).code == 0
    assert stages["generate"].configs[-1].count == drawn
