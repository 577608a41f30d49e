"""tune on a tiny base: resumed runs equal whole ones, and the report stands alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from pidiff_cli.core.images import read_photo
from pidiff_cli.core.training.step import TrainingStep
from pidiff_cli.errors import InputError, OutOfMemoryError, UsageError
from pidiff_cli.profile import Profile
from pidiff_cli.stages.export.run import run_import
from pidiff_cli.stages.tune import loop, previews, setup
from pidiff_cli.stages.tune import run as tune
from pidiff_cli.stages.tune.run import kept
from tests.support.opened import run_tune, short_tuning
from tests.support.profile_file import export
from tests.support.tiny_base import SIZE
from tests.support.tiny_person import Notes, install, make_profile


@pytest.fixture
def home(tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, disc_base)
    return tmp_path


def _adapter(profile: Profile) -> dict[str, np.ndarray]:
    return load_file(profile.folder / "adapter" / "adapter_model.safetensors")


class StopAt(Notes):
    """Interrupts the run after so many steps, as Ctrl-C does."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def advance(self, task: str, n: int = 1, **info: object) -> None:
        if task == "tune":
            self.left -= n
            if self.left == 0:
                raise KeyboardInterrupt


def test_tune_leaves_a_whole_profile(home: Path) -> None:
    profile, notes = make_profile(home), Notes()
    result = run_tune(short_tuning(home, preview_every=3), notes)
    assert result.steps == 6 and result.base == "mini" and result.recipe == "mini-cpu"
    assert result.seconds > 0 and result.peak_mb > 0
    assert {"held_out", "photos", "text_drop", "background"} <= result.likeness.keys()
    assert result.likeness["held_out"] is not None and 0 <= result.likeness["background"] < 1
    assert profile.verify() == []
    assert profile.manifest.base["name"] == "mini"
    assert not (profile.folder / "checkpoint").exists()
    strips = read_photo(profile.folder / "reports" / "previews.png")
    assert strips.shape == (3 * SIZE, 3 * SIZE, 3)  # before, at 3, at 6
    log = (profile.folder / "reports" / "loss.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [1, 2, 3, 4, 5, 6]
    assert any(line.startswith("likeness ") for line in notes.lines)
    for path in profile.folder.rglob("*"):  # portable: nothing of this machine inside
        if path.suffix in (".json", ".jsonl", ".html"):
            assert str(home) not in path.read_text()


def test_the_report_has_everything_inside(home: Path) -> None:
    profile = make_profile(home)
    result = run_tune(short_tuning(home, report_prompts=5), Notes())
    assert result.report == profile.folder / "reports" / "likeness.html"
    page = result.report.read_text()
    assert "<details>" in page and page.count("data:image/png;base64,") >= 8
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', page)
    assert sources and all(source.startswith("data:") for source in sources)
    numbers = json.loads((profile.folder / "reports" / "likeness.json").read_text())
    assert numbers["likeness"] == result.likeness and len(numbers["losses"]) == 6
    assert {"at_once", "lean", "steps"} <= numbers["settings"].keys()  # a contract's keys
    run_import(export(profile, home / "alice.pidiff"), home / "other")  # without pages
    imported = kept(Profile.open("alice", home / "other"))
    assert imported.report is None and imported.steps == result.steps  # promised nothing


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(home: Path) -> None:
    whole = make_profile(home, "whole")
    run_tune(short_tuning(home, name="whole"), Notes())
    for name, stop in (("alice", 3), ("bob", 5)):
        profile, notes = make_profile(home, name), Notes()
        with pytest.raises(KeyboardInterrupt):
            run_tune(short_tuning(home, name=name), StopAt(stop))
        assert Profile.open(name, home).verify() == []
        assert profile.stage_state("tune")["done"] is False
        run_tune(short_tuning(home, name=name), notes)
        assert notes.lines[1] == f"Going on from step {stop - stop % 2}."
        left, right = _adapter(profile), _adapter(whole)
        assert left.keys() == right.keys()
        assert all(np.array_equal(left[key], right[key]) for key in left)


def test_stopped_before_the_first_checkpoint_it_begins_again(home: Path) -> None:
    make_profile(home)
    with pytest.raises(KeyboardInterrupt):
        run_tune(short_tuning(home), StopAt(1))
    notes = Notes()
    assert run_tune(short_tuning(home), notes).steps == 6
    assert not any("Going on" in line or "changed" in line for line in notes.lines)


def test_done_is_done_and_more_steps_go_on(home: Path) -> None:
    profile, notes = make_profile(home), Notes()
    first = run_tune(short_tuning(home), Notes())
    before = _adapter(profile)
    assert run_tune(short_tuning(home), notes) == first
    assert "tuned already (3 photos, 6 steps)" in notes.lines[0]
    more = run_tune(short_tuning(home, steps=8), notes)
    assert more.steps == 8 and "Going on from step 6." in notes.lines
    assert len((profile.folder / "reports" / "loss.jsonl").read_text().splitlines()) == 8
    after = _adapter(profile)
    assert any(not np.array_equal(before[key], after[key]) for key in before)


def test_other_settings_are_learnt_only_where_that_is_meant(home: Path) -> None:
    """A finished tuning that another version would not make stays, too."""
    profile, notes = make_profile(home), Notes()
    first = run_tune(short_tuning(home), Notes())
    before = _adapter(profile)
    assert run_tune(short_tuning(home, rank=3), notes) == first
    assert "alice stays as it is tuned" in notes.lines[0] and "--retune" in notes.lines[0]
    assert all(np.array_equal(v, before[k]) for k, v in _adapter(profile).items())
    run_tune(short_tuning(home, rank=3, retune=True), notes)
    assert any("changed" in line for line in notes.lines)
    assert any(v.shape != before[k].shape for k, v in _adapter(profile).items())
    run_tune(short_tuning(home, restart=True), notes)
    assert all(np.array_equal(v, before[k]) for k, v in _adapter(profile).items())


@pytest.mark.parametrize("optimizer", ["adamw", "adamw8bit"])
def test_both_optimizers_tune_on_the_cpu(home: Path, optimizer: str) -> None:
    make_profile(home)
    result = run_tune(
        short_tuning(home, optimizer=optimizer, steps=3, checkpointing="always"), Notes()
    )
    assert result.steps == 3


def test_a_step_that_overflows_in_fp16_is_left_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_profile(home)
    jobs: list[loop.Job] = []
    real = tune.train

    def train(job: loop.Job, *given: Any) -> None:
        job.scaler = torch.amp.GradScaler("cpu", 2.0**4)
        jobs.append(job)
        real(job, *given)

    class Watch(Notes):
        """Weights and scale after every step; the second one's gradient overflows."""

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[list[torch.Tensor], float]] = []

        def start(self, task: str, total: int | None) -> None:
            if task == "tune" and total:
                self.note()

        def advance(self, task: str, n: float = 1, **info: object) -> None:
            if task != "tune":
                return
            if self.hooks:
                self.hooks.pop().remove()
            self.note()
            if len(self.seen) == 2:
                first = next(p for p in jobs[0].model.parameters() if p.requires_grad)
                self.hooks.append(first.register_hook(lambda grad: grad * float("inf")))

        def note(self) -> None:
            weights = [v.clone() for v in jobs[0].model.state_dict().values()]
            self.seen.append((weights, jobs[0].scaler.get_scale()))

        hooks: list[Any] = []

    monkeypatch.setattr(tune, "train", train)
    watch = Watch()
    assert run_tune(short_tuning(home, steps=3), watch).steps == 3
    same = [
        all(torch.equal(a, b) for a, b in zip(one[0], other[0], strict=True))
        for one, other in zip(watch.seen, watch.seen[1:], strict=False)
    ]
    scales = [scale for _, scale in watch.seen]
    assert same == [False, True, False] and scales == [16.0, 16.0, 8.0, 8.0]


@pytest.mark.parametrize("what", ["step", "preview"])
def test_out_of_memory_goes_on_with_a_smaller_plan(
    home: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    make_profile(home)
    make_profile(home, "bob")
    plain = run_tune(short_tuning(home, preview_every=3), Notes())
    calls: list[int] = []
    place: Any = TrainingStep if what == "step" else previews.Previews
    name = "loss" if what == "step" else "draw_strip"
    real = getattr(place, name)

    def full(*args: Any, **given: Any) -> Any:
        calls.append(1)
        if len(calls) in (3, 4):
            real(*args, **given)  # the memory ends when much is done
            raise MemoryError
        return real(*args, **given)

    monkeypatch.setattr(place, name, full)
    notes = Notes()
    result = run_tune(short_tuning(home, name="bob", preview_every=3), notes)
    warned = [line for line in notes.warnings if "Out of memory" in line]
    assert len(warned) == 2 and "1 of 2 pictures at a time" in warned[0]
    assert result.steps == plain.steps == 6
    assert result.likeness["best_step"] == plain.likeness["best_step"]
    ours, theirs = _adapter(Profile(home / "profiles" / "bob")), _adapter(Profile(plain.profile))
    for key, value in ours.items():
        assert np.allclose(value, theirs[key], atol=2e-3), key


def test_without_kept_photos_and_face_networks_it_still_tunes(
    tmp_path: Path, disc_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, disc_base, reads=False)
    profile = make_profile(tmp_path, held_out=0)
    photos = tuple(replace(p, picture="", picture_mask="") for p in profile.photos)
    profile.update(photos=photos)
    notes = Notes()
    result = run_tune(short_tuning(tmp_path, tune_code=False, preview_every=3), notes)
    assert result.likeness["held_out"] is None and result.likeness["learnt_from"] is None
    assert any("not measured" in line for line in notes.lines)


def test_faults_of_the_user_are_sentences(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no profile"):
        run_tune(short_tuning(home), Notes())
    with pytest.raises(UsageError, match="batch"):
        run_tune(short_tuning(home, batch=0), Notes())
    profile = make_profile(home)
    (profile.folder / "identity.safetensors").unlink()
    with pytest.raises(InputError, match="no W"):
        run_tune(short_tuning(home), Notes())
    Profile.create(home, "bob", "man")
    with pytest.raises(InputError, match="no photo to learn from"):
        run_tune(short_tuning(home, name="bob"), Notes())

    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(setup, "load_parts", full)
    make_profile(home, "carol")
    with pytest.raises(OutOfMemoryError, match="Not enough memory"):
        run_tune(short_tuning(home, name="carol"), Notes())
