"""Steps that stay beside the best one: which, whole, and the same after a stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.config import TuneConfig
from pidiff_cli.errors import UsageError
from pidiff_cli.profile import Profile, at_step, kept_steps, use_step
from pidiff_cli.stages.tune import loop
from pidiff_cli.stages.tune.held import spacing, spread
from pidiff_cli.stages.tune.previews import Previews, PreviewScore
from tests.stages.tune.held.conftest import bits, keeping
from tests.support.opened import run_tune
from tests.support.tiny_person import Notes, make_profile


class StopAfter(Notes):
    """Asks the run to stop after so many steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def advance(self, task: str, n: float = 1, **info: object) -> None:
        self.left -= int(n) if task == "tune" and info else 0

    def stopping(self) -> bool:
        return self.left <= 0


def test_every_how_many_looks_one_is_held() -> None:
    assert [spacing(looks, 2) for looks in (1, 4, 5, 9, 10, 19, 20)] == [1, 1, 2, 2, 4, 4, 8]
    for looks in range(1, 200):
        held = [one for one in range(1, looks + 1) if one % spacing(looks, 3) == 0]
        assert min(3, looks) <= len(held) <= 6


@pytest.mark.parametrize(
    ("steps", "drawing", "most", "wanted"),
    [
        ((50, 100, 150), 150, 3, [50, 100]),
        ((50, 100, 150), 150, 1, [50]),
        ((50, 100, 150, 200, 250, 300, 350, 400), 300, 3, [50, 150, 400]),
        ((100, 200, 300), 0, 2, [300, 100]),
        ((100,), 100, 5, []),
        ((), 0, 2, []),
    ],
)
def test_steps_that_stay_are_spread_over_the_run(
    steps: tuple[int, ...], drawing: int, most: int, wanted: list[int]
) -> None:
    assert spread(steps, drawing, most) == wanted


def test_the_looked_at_steps_stay_and_nothing_else_is_learnt(home: Path) -> None:
    alice, bob = make_profile(home), make_profile(home, "bob")
    result = run_tune(keeping(home), Notes())
    run_tune(keeping(home, "bob", keep_checkpoints=0), Notes())
    assert result.checkpoints == (2, 4, 6) and kept_steps(bob) == ()
    assert "kept" not in bob.stage_state("tune") and not (bob.folder / "steps").exists()
    own = next(one.step for one in kept_steps(alice) if one.own)
    assert own == result.likeness["best_step"]
    for part in ("adapter", "lora"):  # the one that draws is what it is without the others
        name = f"{part}/adapter_model.safetensors"
        assert alice.stored(name).read_bytes() == bob.stored(name).read_bytes()
    assert len({*bits(alice).values()}) == 6  # of each step both parts, all different
    parts = sorted(name for name in alice.manifest.files if name.startswith("adapter/"))
    assert parts == ["adapter/adapter_config.json", "adapter/adapter_model.safetensors"]
    assert not (alice.folder / "looked").exists() and alice.verify() == []
    assert not (alice.folder / "steps" / str(own)).exists()
    for one in kept_steps(alice):
        assert one.likeness is not None and one.held_out is not None
    page = (alice.folder / "reports/likeness.html").read_text()
    assert "Steps that are kept" in page and "step 2" in page and "the one that draws" in page
    assert "Steps that are kept" not in (bob.folder / "reports/likeness.html").read_text()


def test_what_is_held_is_what_the_model_was_at_that_step(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import load_file

    from pidiff_cli.core.training.checkpoint import snapshot

    alice, seen = make_profile(home), {}
    real = loop.hold

    def hold(profile, current, *more):
        seen[current.step] = {k: v.numpy().copy() for k, v in snapshot(jobs[0].model).items()}
        real(profile, current, *more)

    jobs = []
    train = loop.train
    monkeypatch.setattr(loop, "hold", hold)
    monkeypatch.setattr(
        "pidiff_cli.stages.tune.run.train", lambda job, *more: (jobs.append(job), train(job, *more))
    )
    run_tune(keeping(home), Notes())
    assert sorted(seen) == [2, 4, 6]
    for one in kept_steps(alice):
        file = at_step(alice, one.step).stored("adapter/adapter_model.safetensors")
        kept = {k: v.tobytes() for k, v in load_file(file).items()}
        learnt = {v.tobytes() for k, v in seen[one.step].items() if "person" not in k}
        assert {*kept.values()} <= learnt


@pytest.mark.parametrize("stop", [3, 5])
def test_after_a_stop_the_same_steps_stay_bit_for_bit(home: Path, stop: int) -> None:
    whole, broken = make_profile(home, "whole"), make_profile(home)
    run_tune(keeping(home, "whole"), Notes())
    with pytest.raises(Exception, match="Stopped at step"):
        run_tune(keeping(home), StopAfter(stop))
    assert broken.verify() == []
    run_tune(keeping(home), Notes())
    assert bits(broken) == bits(whole) and len(bits(whole)) == 6
    assert kept_steps(broken) == kept_steps(whole)


def test_a_look_that_is_done_twice_is_held_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after a look and before its checkpoint: the step comes again."""
    whole, broken = make_profile(home, "whole"), make_profile(home)
    few = {
        "keep_checkpoints": 1,
        "preview_every": 1,
        "steps": 4,
        "checkpoint_every": 1,
    }  # looks go, too
    run_tune(keeping(home, "whole", **few), Notes())
    real, left = loop._checkpoint, [2]

    def killed(*given: object) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(loop, "_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        run_tune(keeping(home, **few), Notes())
    monkeypatch.setattr(loop, "_checkpoint", real)
    run_tune(keeping(home, **few), Notes())
    assert bits(broken) == bits(whole) and len(kept_steps(whole)) == 2


def test_learning_anew_throws_the_old_ones_away_at_the_end(home: Path) -> None:
    alice = make_profile(home)
    run_tune(keeping(home), Notes())
    before = bits(alice)
    with pytest.raises(Exception, match="Stopped"):
        run_tune(keeping(home, retune=True, restart=True, seed=3), StopAfter(3))
    assert bits(alice) == before and alice.verify() == []  # until it is done
    run_tune(keeping(home, seed=3, keep_checkpoints=1), Notes())
    assert len(kept_steps(alice)) == 2 and not {*bits(alice).values()} & {*before.values()}
    run_tune(keeping(home, seed=4, retune=True, restart=True, keep_checkpoints=0), Notes())
    assert kept_steps(alice) == () and not (alice.folder / "steps").exists()
    assert alice.verify() == []


def test_more_steps_keep_those_of_before(home: Path, alice: Profile) -> None:
    before = {key: value for key, value in bits(alice).items() if key[0] != "0"}
    more = keeping(home, learning_rate=0.2, steps=8, keep_checkpoints=8)
    assert {2, 4, 6, 8} <= {*run_tune(more, Notes()).checkpoints}
    after = bits(alice)
    assert before and {key: after[key] for key in before} == before and alice.verify() == []


def test_a_finished_tuning_without_others_goes_on_with_its_own(home: Path) -> None:
    alice, notes = make_profile(home), Notes()
    run_tune(keeping(home, keep_checkpoints=0), Notes())
    best = alice.stage_state("tune")["result"]["likeness"]["best_step"]
    run_tune(keeping(home), notes)
    assert "No other step of it is kept" in notes.lines[-1]
    result = run_tune(keeping(home, steps=10), Notes())
    assert {best, 8, 10} <= {*result.checkpoints}


def test_what_was_not_kept_is_kept_by_learning_anew(home: Path) -> None:
    alice = make_profile(home)
    run_tune(keeping(home, keep_checkpoints=0), Notes())
    before = alice.fingerprint
    assert run_tune(keeping(home, retune=True), Notes()).checkpoints == (2, 4, 6)
    assert alice.fingerprint == before  # the same is learnt
    notes = Notes()
    run_tune(keeping(home, retune=True), notes)
    assert "tuned already" in notes.lines[-1]  # once


def test_more_than_were_kept_are_kept_by_learning_anew(home: Path) -> None:
    make_profile(home)
    notes = Notes()
    few = run_tune(keeping(home, preview_every=3), notes).checkpoints
    assert {*few} <= {0, 3, 6}
    (told,) = [text for text in notes.lines if "could be kept" in text]
    assert f"Of 3 other steps {len(few) - 1} could" in told and "--preview-every 1" in told
    notes = Notes()
    run_tune(keeping(home, preview_every=3, retune=True), notes)
    assert "tuned already" in notes.lines[-1]  # it would keep no more
    notes = Notes()
    run_tune(keeping(home, preview_every=1), notes)
    assert "with --retune" in notes.lines[-1]
    assert len(run_tune(keeping(home, preview_every=1, retune=True), Notes()).checkpoints) == 4


def test_where_no_step_did_good_the_steps_stay_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [PreviewScore(0.5), *[PreviewScore(0.3)] * 3]
    monkeypatch.setattr(Previews, "draw_strip", lambda *_, **__: seen.pop(0))
    alice = make_profile(home)
    result = run_tune(keeping(home), Notes())
    assert result.checkpoints == (0, 2, 4, 6)
    assert next(one for one in kept_steps(alice) if one.own).likeness == 0.5
    use_step(alice, 4)
    use_step(alice, 0)
    assert [one.step for one in kept_steps(alice) if one.own] == [0] and alice.verify() == []


def test_who_goes_on_from_no_step_that_did_good_keeps_none_of_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch as it was is not told as the step at which the run before it ended."""
    seen = [PreviewScore(0.5), *[PreviewScore(0.3)] * 3, *[PreviewScore(0.6)] * 2]
    monkeypatch.setattr(Previews, "draw_strip", lambda *_, **__: seen.pop(0))
    make_profile(home)
    assert run_tune(keeping(home, keep_checkpoints=0), Notes()).likeness["best_step"] == 0
    assert run_tune(keeping(home, steps=10), Notes()).checkpoints == (8, 10)


def test_without_looks_there_is_nothing_to_keep() -> None:
    with pytest.raises(UsageError, match="preview-every is 0"):
        TuneConfig(keep_checkpoints=2, preview_every=0)
    with pytest.raises(UsageError, match="100 is the most"):
        TuneConfig(keep_checkpoints=101)
