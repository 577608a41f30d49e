"""Steps that stay beside the one that draws: seen, taken, exported, forgotten."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from pidiff_cli import keeping
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import (
    Profile,
    as_kept_now,
    at_step,
    kept_steps,
    moving,
    step_of_print,
    use_step,
)
from pidiff_cli.profile.describing import describe
from pidiff_cli.profile.finding import find_by_id
from pidiff_cli.stages.export.run import check_steps, run_export, run_import
from pidiff_cli.stages.progress import Progress
from pidiff_cli.values import OWN
from tests.support.profile_file import make_alice, manifest_of, refused, rewritten
from tests.support.steps_made import add_steps, weights


@pytest.fixture
def alice(home: Path) -> Profile:
    profile = make_alice(home)
    add_steps(profile)
    return profile


def drawn_by(profile: Profile) -> bytes:
    return profile.stored("adapter/adapter_model.safetensors").read_bytes()


def export(profile: Profile, out: Path, steps: bool, photos: bool = True) -> Path:
    return run_export(
        profile, "pidiff", out, photos, out.parent, Progress(), steps=steps
    ).path  # fmt: skip


def test_a_step_is_seen_in_the_place_of_the_one_that_draws(alice: Profile) -> None:
    assert [(one.step, one.own) for one in kept_steps(alice)] == [
        (50, False), (100, False), (150, True)
    ]  # fmt: skip
    early = at_step(alice, 50)
    assert drawn_by(early) == weights(50) and drawn_by(alice) == weights(150)
    assert early.parts == ("adapter",) and early.manifest == alice.manifest
    assert early.fingerprint not in (alice.fingerprint, at_step(alice, 100).fingerprint)
    assert early.stored("photos/01_face.png") == alice.stored("photos/01_face.png")
    assert at_step(alice, 150) is alice and at_step(alice, OWN) is alice


def test_a_step_that_is_not_kept_is_told_with_those_that_are(alice: Profile, home: Path) -> None:
    with pytest.raises(InputError, match=r"Step 70 .* 50, 100, 150 \(its own\)"):
        at_step(alice, 70)
    plain = Profile.create(home, "bob", "man")
    assert kept_steps(plain) == ()
    with pytest.raises(InputError, match="No other step of bob was kept") as caught:
        at_step(plain, 50)
    assert "--keep-checkpoints" in caught.value.hint


def test_another_step_draws_and_the_first_again(alice: Profile) -> None:
    before = {name: (alice.folder / name).read_bytes() for name in alice.manifest.files}
    prints = {step: at_step(alice, step).fingerprint for step in (50, 150)}
    use_step(alice, 50)
    assert drawn_by(alice) == weights(50) and drawn_by(at_step(alice, 150)) == weights(150)
    assert [(one.step, one.own) for one in kept_steps(alice)] == [
        (50, True), (100, False), (150, False)
    ]  # fmt: skip
    assert {step: at_step(alice, step).fingerprint for step in (50, 150)} == prints
    assert not (alice.folder / "steps" / "50").exists() and alice.verify() == []
    use_step(alice, 150)
    files = {name: (alice.folder / name).read_bytes() for name in alice.manifest.files}
    assert files == before and alice.verify() == []


def test_a_failure_changes_nothing(alice: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    before = alice.manifest

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pidiff_cli.profile.changing.begin", fail)
    with pytest.raises(InputError, match="disk is full"):
        use_step(alice, 50)
    assert alice.manifest == before and drawn_by(alice) == weights(150) and alice.verify() == []


def test_the_own_one_is_no_number_to_choose(alice: Profile, home: Path) -> None:
    for profile in (alice, Profile.create(home, "bob", "man")):
        with pytest.raises(InputError, match="kept"):
            use_step(profile, OWN)


def test_a_step_that_was_opened_is_followed_to_its_place(alice: Profile) -> None:
    early = at_step(alice, 50)
    use_step(alice, 50)
    assert drawn_by(as_kept_now(early)) == weights(50)
    use_step(alice, 150, only=True)
    with pytest.raises(InputError, match="No other step"):
        as_kept_now(early)
    assert as_kept_now(alice) is alice


def test_the_others_can_go(alice: Profile) -> None:
    keeping.use_checkpoint(alice.folder, 100, only=True)
    assert drawn_by(alice) == weights(100) and kept_steps(alice) == ()
    assert not (alice.folder / "steps").exists() and alice.verify() == []
    assert not {"kept", "chosen"} & alice.stage_state("tune").keys()


def test_a_picture_s_fingerprint_finds_its_step(alice: Profile, home: Path) -> None:
    made = at_step(alice, 50).fingerprint
    assert drawn_by(step_of_print(alice, made)) == weights(50)
    assert step_of_print(alice, "0" * 16) is alice and step_of_print(alice, "") is alice
    other = Profile.create(home, "aaron", "man")  # an import under another name, found first
    other.update(id=alice.manifest.id)
    found = find_by_id(alice.manifest.id, home, made)
    assert found is not None and found.name == "alice"


def test_what_it_is_tells_its_steps_and_their_size(alice: Profile) -> None:
    told = describe(alice)
    assert [row["step"] for row in told["checkpoints"]] == [50, 100, 150]
    assert 0 < told["checkpoints_mb"] < told["size_mb"]
    result = alice.stage_state("tune")["result"]
    likeness = {"held_out": 0.8, "best_step": 150}
    alice.update_stage("tune", result={**result, "likeness": likeness})
    assert describe(alice)["alike"] == "0.80"
    use_step(alice, 50)
    assert describe(alice)["alike"] == "0.25 (previews of step 50)"  # the report is of another


def test_an_export_leaves_them_at_home_unless_asked(alice: Profile, tmp_path: Path) -> None:
    lean, whole = tmp_path / "lean.pidiff", tmp_path / "whole.pidiff"
    export(alice, lean, steps=False)
    export(alice, whole, steps=True)
    with zipfile.ZipFile(lean) as file:
        assert not [name for name in file.namelist() if name.startswith("steps/")]
        told = json.loads(file.read("profile.json"))["stages"]["tune"]
        assert not {"kept", "chosen"} & told.keys()
    run_import(lean, tmp_path / "lean")
    assert kept_steps(Profile.open("alice", tmp_path / "lean")) == ()
    run_import(whole, tmp_path / "whole")
    there = Profile.open("alice", tmp_path / "whole")
    assert kept_steps(there) == kept_steps(alice) and there.verify() == []
    assert drawn_by(at_step(there, 100)) == weights(100)


def test_without_photos_no_other_step_goes_along(alice: Profile, tmp_path: Path) -> None:
    file = export(alice, tmp_path / "a.pidiff", steps=True, photos=False)
    with zipfile.ZipFile(file) as opened:
        assert not [name for name in opened.namelist() if name.startswith("steps/")]
    with pytest.raises(UsageError, match="along with the photos"):
        check_steps("pidiff", OWN, True, False)
    with pytest.raises(UsageError, match="holds one step"):
        check_steps("kohya", OWN, True, True)
    with pytest.raises(UsageError, match="for other programs"):
        check_steps("pidiff", 50, False, True)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("steps/50/adapter/adapter_model.bin", "pickle"),
        ("steps/50/photos/01.png", "no part of a profile"),
        ("steps/../adapter/adapter_config.json", "outside the folder"),
        ("steps/5000000/adapter/adapter_config.json", "no part of a profile"),
    ],
)
def test_a_hostile_step_is_refused(
    alice: Profile, home: Path, tmp_path: Path, name: str, match: str
) -> None:
    file = export(alice, tmp_path / "a.pidiff", steps=True)
    refused(rewritten(file, lambda entries: entries.update({name: b"{}"})), home, match)


def test_a_step_s_adapter_is_looked_at_as_the_own_one(
    alice: Profile, home: Path, tmp_path: Path
) -> None:
    file = export(alice, tmp_path / "a.pidiff", steps=True)

    def change(entries: dict[str, bytes]) -> None:
        config = {"peft_type": "LORA", "r": 3, "lora_alpha": 1.0, "target_modules": ["x"],
                  "auto_mapping": {"parent_library": "os"}}  # fmt: skip
        entries["steps/50/adapter/adapter_config.json"] = json.dumps(config).encode()

    refused(rewritten(file, change), home, "steps/50/adapter")


def test_steps_that_only_the_manifest_tells_are_none(alice: Profile, tmp_path: Path) -> None:
    file = export(alice, tmp_path / "a.pidiff", steps=False)
    tune = {**alice.stage_state("tune"), "base": "mine.safetensors"}
    changed = rewritten(
        file, lambda e: manifest_of(e, stages={"tune": tune}) if "profile.json" in e else None
    )
    run_import(changed, tmp_path / "other")
    assert kept_steps(Profile.open("alice", tmp_path / "other")) == ()


def test_forgetting_takes_them_and_a_copy_has_them(alice: Profile, home: Path) -> None:
    twin = moving.copy(alice, home, "twin")
    assert kept_steps(twin) == kept_steps(alice) and twin.verify() == []
    alice.forget()
    assert kept_steps(alice) == () and not (alice.folder / "steps").exists()
    assert drawn_by(alice) == weights(150) and alice.verify() == []
    assert not {"kept", "chosen"} & alice.stage_state("tune").keys()


def test_a_copy_of_an_unfinished_tuning_leaves_its_files_out(alice: Profile, home: Path) -> None:
    alice.write("looked/10/adapter/adapter_config.json", b"{}")
    twin = moving.copy(alice, home, "twin")
    assert twin.verify() == []
    assert not [name for name in twin.manifest.files if name.startswith(("checkpoint/", "looked/"))]
