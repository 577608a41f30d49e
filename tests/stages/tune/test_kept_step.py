"""Which step a tuning keeps, when it ends early, and what it warns of."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pidiff_cli.stages.prepare import run as prepare
from pidiff_cli.stages.report.summary import Measured
from pidiff_cli.stages.tune import loop, previews
from pidiff_cli.stages.tune import run as tune
from pidiff_cli.stages.tune.internals import TuneInternals
from pidiff_cli.stages.tune.loop import is_better
from pidiff_cli.stages.tune.previews import PreviewScore
from pidiff_cli.stages.tune.state import BETTER, Run
from tests.support.opened import run_tune, short_tuning
from tests.support.tiny_person import ColourJudge, Notes, install_judge


@pytest.mark.parametrize(
    ("seen", "best", "last", "kept"),
    [
        (PreviewScore(0.6, 0.0), (None, None), False, True),
        (PreviewScore(0.7, 0.1), (0.6, 0.0), False, True),
        (PreviewScore(0.5, 0.0), (0.6, 0.0), False, False),
        (PreviewScore(0.9, 0.3), (0.6, 0.0), False, False),  # alike, but the prompt is lost
        (PreviewScore(0.5, 0.1), (0.9, 0.3), False, True),
        (PreviewScore(0.5, 0.4), (0.9, 0.3), False, False),  # both lose too much: the lesser loss
        (PreviewScore(0.6 - BETTER / 2, 0.0), (0.6, 0.0), True, True),
        (PreviewScore(0.6 - BETTER / 2, 0.0), (0.6, 0.0), False, False),
        (PreviewScore(None, 0.0), (None, None), True, False),
        (PreviewScore(0.7, None), (0.6, None), False, True),
    ],
)
def test_the_most_alike_within_the_bound_is_kept(
    seen: PreviewScore, best: tuple[float | None, float | None], last: bool, kept: bool
) -> None:
    run = Run(best_score=best[0], best_loss=best[1])
    assert is_better(seen, run, 0.15, last) is kept


def _preview_scores(monkeypatch: pytest.MonkeyPatch, *seen: PreviewScore) -> None:
    """Let the strips say this, one after another; the first is before any step."""
    left = list(seen)
    monkeypatch.setattr(previews.Previews, "draw_strip", lambda *_, **__: left.pop(0))


def test_a_plateau_ends_the_tuning_and_is_not_gone_on_with(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _preview_scores(monkeypatch, *(PreviewScore(x) for x in (0.1, 0.5, 0.504, 0.4, 0.9)))
    notes = Notes()
    settings: dict[str, Any] = {"steps": 10, "preview_every": 2, "patience": 2}
    result = run_tune(short_tuning(untuned_home, **settings), notes)
    assert result.steps == 6 and result.likeness["best_step"] == 4
    again = run_tune(short_tuning(untuned_home, **settings), notes)
    assert again.steps == 6
    assert "6 steps of 10, likeness had stopped rising" in notes.lines[-1]
    assert "--steps 20 goes on from 6" in notes.lines[-1]


def test_a_tuning_that_does_harm_is_not_kept(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    _preview_scores(monkeypatch, PreviewScore(0.5), PreviewScore(0.4), PreviewScore(0.45))
    notes = Notes()
    result = run_tune(short_tuning(untuned_home, preview_every=3), notes)
    assert result.steps == 6 and result.likeness["best_step"] == 0
    assert any("more alike than any step" in line for line in notes.warnings)
    kept = load_file(result.profile / "adapter" / "adapter_model.safetensors")
    moved = [name for name in kept if "lora_B" in name or "delta" in name]
    assert moved and not any(kept[name].any() for name in moved)


def test_a_tuning_that_is_hardly_less_alike_is_kept(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _preview_scores(
        monkeypatch, PreviewScore(0.5), PreviewScore(0.4), PreviewScore(0.5 - BETTER / 2)
    )
    result = run_tune(short_tuning(untuned_home, preview_every=3), Notes())
    assert result.likeness["best_step"] == 6


def test_without_patience_it_goes_to_the_end(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _preview_scores(monkeypatch, *[PreviewScore(0.5)] * 4)
    assert run_tune(short_tuning(untuned_home, preview_every=2, patience=0), Notes()).steps == 6


def test_text_that_every_step_loses_is_warned_of(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _preview_scores(monkeypatch, PreviewScore(0.1), PreviewScore(0.5, 0.4), PreviewScore(0.9, 0.5))
    notes = Notes()
    result = run_tune(short_tuning(untuned_home, preview_every=3), notes)
    assert result.likeness["best_step"] == 3
    assert any("40 % of the base's" in line for line in notes.warnings)


def test_copied_pose_is_warned_of(untuned_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "copies", lambda _: True)
    real = tune.summarise

    def pasted(*given: Any) -> Any:
        return {**real(*given), "copy_paste": Measured(0.8)}

    monkeypatch.setattr(tune, "summarise", pasted)
    notes = Notes()
    assert run_tune(short_tuning(untuned_home), notes).likeness["copy_paste"] == 0.8
    assert any("copy-paste 0.80" in line for line in notes.warnings)


def test_the_loss_of_text_is_a_share_of_the_base_s_own(
    untuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_judge(monkeypatch)
    score = ColourJudge.text_image
    monkeypatch.setattr(ColourJudge, "text_image", lambda *given: score(*given) + 0.5)
    seen: list[PreviewScore] = []
    real = previews.Previews.draw_strip

    def drawn(self: previews.Previews, fresh: bool = False) -> PreviewScore:
        seen.append(real(self, fresh))
        assert self.plain_text is not None
        drawn = self._text(self._draw(self.settings))
        assert seen[-1].text_loss == pytest.approx(1 - drawn / self.plain_text)
        return seen[-1]

    monkeypatch.setattr(previews.Previews, "draw_strip", drawn)
    run_tune(short_tuning(untuned_home, preview_every=6), Notes())
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("kept", "wanted", "words"),
    [
        (8, 1, "1 of 8 held back"),
        (10, 1, "2 of 10 held back"),
        (3, 1, "None of 3 held back (from 4 on)"),
        (1, 1, "photos it learns from"),
        (3, 0, ""),
    ],
)
def test_what_is_held_back_is_said(kept: int, wanted: int, words: str) -> None:
    note = prepare.held_note(kept, wanted)
    assert words in note and bool(note) == bool(words)


@pytest.mark.parametrize(
    ("before", "best", "lost"),
    [(0.02, 0.25, True), (0.3, 0.25, False), (None, 0.25, False), (0.02, 0.05, False)],
)
def test_where_every_step_loses_the_prompt_the_branch_stays(
    before: float | None, best: float, lost: bool
) -> None:
    current = Run(before=0.5, before_loss=before, best_score=0.6, best_loss=best)
    assert current.lost_the_prompt(0.1) is lost and not current.did_harm()


def test_photographs_on_mini_have_no_marks(
    tuned_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photograph differs everywhere from mini's drawings: its marks would be the whole face."""
    from pidiff_cli import api
    from pidiff_cli.profile import Profile
    from pidiff_cli.stages.tune import setup

    asked = []

    def focused(*given: Any) -> Any:
        asked.append(True)
        return given[-1]

    monkeypatch.setattr(setup, "focused_data", focused)
    profile = Profile.open("alice", tuned_home)
    for world, count in (("drawings", 1), ("photographs", 1)):
        profile.update_stage("prepare", world=world)
        api.tune("alice", home=tuned_home, restart=True, steps=1, preview_every=0, lora_rank=2)
        assert len(asked) == count


@pytest.mark.parametrize("judged", [True, False])
@pytest.mark.parametrize("best", [{}, None])
def test_where_no_likeness_can_be_told_none_chooses_the_step(
    judged: bool, best: dict | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody asked for so many steps: these it is, and not those that mini's embedder likes."""
    done: list[str] = []
    monkeypatch.setattr(loop, "restore", lambda *_: done.append("restored"))
    monkeypatch.setattr(loop, "reset_adapter", lambda *_: done.append("reset"))
    job = SimpleNamespace(
        base=SimpleNamespace(has_branch=True), judged=judged, best=best, model=None,
        internals=TuneInternals(),
    )  # fmt: skip
    current = Run(step=9, best_step=6, before=0.5, best_score=0.9)
    loop._keep_best(job, current)
    assert current.best_step == (6 if judged and best is not None else 9)
    assert done == (["restored"] if judged and best is not None else [])
