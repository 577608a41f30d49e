"""Gates: what they may say, and how they go."""

from __future__ import annotations

import pytest

from pidiff_cli.errors import UsageError
from pidiff_cli.stages.judge.gates import parse_gates, passes

MEASURES = {"likeness": {"value": 0.45, "why": ""}, "text": {"value": None, "why": "no CLIP."}}


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("likeness>=0.45", True), ("likeness > .45", False), (" likeness<=0.45 ", True),
        ("likeness<0.45", False), ("likeness>-1", True),
    ],
)  # fmt: skip
def test_a_gate_holds_or_not(text: str, passed: bool) -> None:
    (gone,) = passes(parse_gates([text]), MEASURES, "good")
    assert gone["passed"] is passed and gone["value"] == 0.45 and gone["of"] == "good"
    assert f"of good {'passed' if passed else 'missed'}: 0.450" in gone["told"]


def test_what_is_not_measured_is_missed_with_its_reason() -> None:
    gone = passes(parse_gates(["text>0", "copy-paste<1"]), MEASURES)
    assert [one["passed"] for one in gone] == [False, False]
    assert gone[0]["told"] == "gate text>0 missed: not measured (no CLIP)"
    assert gone[1]["gate"] == "copy_paste<1" and "not measured" in gone[1]["told"]


@pytest.mark.parametrize(
    "text", ["likeness", "likeness=0.4", "likeness>=", ">=0.4", "likeness>=many", "beauty>0.4", ""]
)
def test_no_gate(text: str) -> None:
    with pytest.raises(UsageError):
        parse_gates([text])
