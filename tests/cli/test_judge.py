"""`evaluate` of pictures that are there: exit codes, the table, one JSON document, usage."""

from __future__ import annotations

from pathlib import Path

import pytest

from pidiff_cli.cli.evaluate import named
from pidiff_cli.errors import UsageError
from tests.support.panels import panel_readers, put

RED, BLUE = (250, 90, 90), (90, 90, 250)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of folders: learnt, held, good and bad; networks that know panels."""
    from pidiff_cli.stages.judge import run

    monkeypatch.setattr(run, "readers_for", panel_readers)
    monkeypatch.setattr(run, "open_scorer", lambda *_: (None, "no CLIP"))
    put(tmp_path / "learnt", [RED], [(240, 120, 90)])
    put(tmp_path / "held", [(250, 90, 130)])
    put(tmp_path / "good", *[[(250, 95 + 7 * i, 90)] for i in range(6)])
    put(tmp_path / "bad", [BLUE], [BLUE])
    return tmp_path


def test_one_set(pidiff, made):
    against = ("--photos", made / "learnt", "--held-out", made / "held", "--out", made / "out")
    ran = pidiff("evaluate", "--pictures", made / "good", *against)
    assert ran.code == 0 and ran.out.splitlines()[-1] == str(made / "out" / "pictures-good.html")
    said = ran.out + ran.err
    assert "own 0.97, lowest" in ran.out and "on photos held out" in said and "copies" in said
    assert "colour colourcolou" in ran.err  # the encoder, and its file's hash
    assert max(map(len, ran.err.splitlines())) <= 80
    document = pidiff("--json", "evaluate", "--pictures", made / "good", *against).json
    keys = {"verdict", "sets", "differences", "gates", "people", "world", "encoders"}
    assert keys | {"text_scorer", "passed", "report", "table"} <= document.keys()
    keys = {"name", "pictures", "against", "likeness_against", "measures", "encoders", "people"}
    assert keys | {"each", "nearer_than_own_photos", "left_out"} <= document["sets"][0].keys()
    measures = document["sets"][0]["measures"]
    assert list(measures) == ["likeness", "copied", "copy_paste", "faces", "text"]
    assert all(
        {"value", "low", "high", "n", "beside", "why"} == row.keys() for row in measures.values()
    )


def test_a_missed_gate_is_exit_6_and_the_result_is_there_all_the_same(pidiff, made):
    call = ("evaluate", "--pictures", made / "good", "--photos", made / "learnt", "--out", made)
    assert pidiff(*call, "--gate", "likeness>=0.5", "--gate", "faces>=1").code == 0
    ran = pidiff("--json", *call, "--gate", "likeness>=0.5", "--gate", "copy_paste<0.2")
    assert ran.code == 6 and [gate["passed"] for gate in ran.json["gates"]] == [True, False]
    assert ran.json["passed"] is False and "give --held-out" in ran.err
    quiet = pidiff("-q", *call, "--gate", "likeness>=0.99999")
    assert quiet.code == 6 and "missed: 0.9" in quiet.err


def test_several_beside_each_other(pidiff, made):
    call = ("--photos", made / "learnt", "--out", made / "out")
    ran = pidiff("evaluate", "--compare", made / "good", made / "bad", *call)
    assert ran.code == 0 and ran.out.splitlines()[-1] == str(made / "out" / "comparison.html")
    assert "good is most alike" in ran.err and max(map(len, ran.err.splitlines())) <= 80
    assert (
        pidiff("evaluate", made / "good", "--compare", "--pictures", made / "bad", *call).code == 0
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "missing"),
        (("alice", "bob"), "--compare alice bob"),
        (("--compare", "good"), "two to compare"),
        (("--pictures", "good"), "against which photos"),
        (("--pictures", "good", "--photos", "learnt", "--gate", "likeness"), "no gate"),
        (("alice", "--gate", "beauty>1"), "no measure"),
        (("--pictures", "good", "--photos", "learnt", "--steps", "4"), "--steps"),
        (("alice", "--photos", "learnt"), "needs --pictures"),
        (("--by-step", "--photos", "learnt"), "needs --pictures"),
        (("--pictures", "good", "--photos", "a=learnt", "--held-out", "held"), "different people"),
        (("a", "b", "--pictures", "good"), "--compare"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_loaded(
    pidiff, made, monkeypatch, words, told
):
    from pidiff_cli.stages.judge import run

    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("something ran"))
    monkeypatch.chdir(made)
    ran = pidiff("evaluate", *words)
    assert ran.code == 2 and told in ran.err


def test_people_by_name(tmp_path: Path) -> None:
    odd = tmp_path / "a=b"
    odd.mkdir()
    assert named([str(odd)]) == {"": [odd]}
    assert named(["ann=x", "ben=y=z", "ann=w"]) == {
        "ann": [Path("x"), Path("w")], "ben": [Path("y=z")],
    }  # fmt: skip
    for wrong in (["ann=x", "y"], ["=x"], ["ann="]):
        with pytest.raises(UsageError):
            named(wrong)


@pytest.mark.usefixtures("stages")
def test_a_gate_on_a_profiles_own_evaluation(pidiff, photos, tmp_path):
    pidiff("tune", photos, "--name", "alice")
    ran = pidiff("--json", "evaluate", "alice", "--out", tmp_path, "--gate", "copied<0.5")
    assert ran.code == 6 and ran.json["gates"][0]["passed"] is False
    assert pidiff("evaluate", "alice", "--out", tmp_path, "--gate", "likeness>=0").code in (0, 6)
