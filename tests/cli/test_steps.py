"""Kept steps on the command line: shown, drawn by, taken, exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.profile import Profile, use_step
from pidiff_cli.values import OWN
from tests.support.profile_file import make_alice
from tests.support.steps_made import add_steps

pytestmark = pytest.mark.usefixtures("stages")


@pytest.fixture
def alice(home: Path) -> Profile:
    profile = make_alice(home)
    profile.update(base={"name": "mini"}, recipe={"name": "mini-cpu"})
    add_steps(profile)
    return profile


def test_they_are_shown_with_what_they_cost(pidiff, alice: Profile) -> None:
    shown = pidiff("profile", "show", "alice").out
    assert "step      50: likeness 0.25, text alignment -2 %\n" in shown
    assert "step      150 draws: likeness 0.75" in shown and "of it other steps" in shown
    row = pidiff("--json", "profile", "show", "alice").json
    keys = {"step", "own", "likeness", "held_out", "text_loss"}
    assert [one.keys() for one in row["checkpoints"]] == [keys] * 3 and row["checkpoints_mb"] > 0


def test_tune_takes_the_number_and_tells_the_steps(pidiff, photos: Path, stages) -> None:
    assert pidiff("tune", photos, "--name", "bob", "--keep-checkpoints", "3").code == 0
    assert stages["tune"].configs[-1].keep_checkpoints == 3
    ran = pidiff("tune", photos, "--name", "bob", "--keep-checkpoints", "101")
    assert ran.code == 2 and "100 is the most" in ran.err
    ran = pidiff("tune", "bob", "--keep-checkpoints", "2", "--preview-every", "0", "--restart")
    assert ran.code == 2 and "preview-every is 0" in ran.err


def test_generate_by_a_step(pidiff, alice: Profile, stages, tmp_path: Path) -> None:
    drawn: list[Profile] = []
    plain = stages["generate"].run
    stages["generate"].run = lambda profile, *more: (drawn.append(profile), plain(profile, *more))[
        1
    ]
    for words in (["--checkpoint", "50"], []):
        assert pidiff("generate", "alice", "as a chef", "--out", tmp_path, *words).code == 0
    assert [config.checkpoint for config in stages["generate"].configs] == [50, OWN]
    assert [profile.within for profile in drawn] == ["steps/50/", ""]
    ran = pidiff("generate", "alice", "as a chef", "--checkpoint", "70")
    assert ran.code == 3 and "50, 100, 150 (its own)" in ran.err
    ran = pidiff("generate", "alice", "as a chef", "--checkpoint", "last")
    assert ran.code == 2 and "a whole number is expected" in ran.err


def test_a_table_has_a_column_for_it(pidiff, alice: Profile, tmp_path: Path, monkeypatch) -> None:
    from pidiff_cli import api
    from pidiff_cli.stages.results import GenerateResult

    asked: list[dict] = []
    table = tmp_path / "t.csv"
    table.write_text("name,prompt,checkpoint\nalice,as a chef,50\nalice,as a chef,\n")
    monkeypatch.setattr(
        api, "generate_rows", lambda rows, **_: asked.extend(rows.values()) or GenerateResult(())
    )
    assert pidiff("generate", "--csv", table).code == 0
    assert [row.get("checkpoint") for row in asked] == [50, None]


def test_use_another_and_go_back(pidiff, alice: Profile) -> None:
    ran = pidiff("profile", "use-checkpoint", "alice", "50")
    assert ran.code == 0 and ran.out.splitlines() == [str(alice.folder)]
    assert "alice draws by step 50. Kept beside it: 100, 150." in ran.err
    document = pidiff("--json", "profile", "use-checkpoint", "alice", "150").json
    assert document["checkpoint"] == 150
    assert [one["own"] for one in document["checkpoints"]] == [False, False, True]
    ran = pidiff("profile", "use-checkpoint", "alice", "7")
    assert ran.code == 3 and "Step 7 of alice is not kept" in ran.err
    ran = pidiff("profile", "use-checkpoint", "alice", "100", "--only")
    assert "alice draws by step 100. No other is kept." in ran.err
    assert alice.verify() == []


def test_export_says_what_cannot_be(pidiff, alice: Profile, tmp_path: Path) -> None:
    file = tmp_path / "a.pidiff"
    export = ("profile", "export", "alice", "--out", file)
    assert pidiff(*export, "--with-checkpoints", "--no-photos").code == 2
    assert pidiff(*export, "--checkpoint", "50").code == 2
    assert not file.exists()
    assert pidiff(*export, "--with-checkpoints").code == 0
    assert pidiff("profile", "import", file, "--name", "twin").code == 0
    assert "of it other steps" in pidiff("profile", "show", "twin").out


def test_again_by_its_own(alice: Profile) -> None:
    from pidiff_cli.cli.again import parse_changes

    assert parse_changes(["checkpoint=own"]) == {"checkpoint": OWN}
    assert parse_changes(["checkpoint=50"]) == {"checkpoint": 50}


def test_a_step_to_compare_with_is_another_than_the_one_that_draws(pidiff, alice: Profile) -> None:
    use_step(alice, 50)
    ran = pidiff("tune", "alice")
    assert ran.code == 0 and "Steps to compare (50, 100, 150)" in ran.err
    assert "--checkpoint 100\n" in ran.err


def test_forgetting_says_that_other_steps_go(pidiff, alice: Profile) -> None:
    ran = pidiff("profile", "forget", "alice", "--yes")
    assert ran.code == 0 and "Other steps that were kept are gone with them: 50, 100." in ran.err
    assert "Other steps" not in pidiff("profile", "forget", "alice", "--yes").err
