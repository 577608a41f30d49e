"""What a report says in words before its numbers."""

from __future__ import annotations

import pytest

from pidiff_cli.stages.report.verdict import better, verdict

ROW = {"value": None, "plus_minus": None, "beside": None, "beside_is": "", "why": ""}


def document(**values: object) -> dict:
    """A report's document: likeness 0.8 of own 0.9 and strangers 0.1, nothing lost."""
    known = {
        "likeness": {**ROW, "value": 0.8, "beside": 0.9},
        "stranger_margin": {**ROW, "value": 0.7},
        "text": {**ROW, "value": 0.5, "beside": 0.5},
        "text_drop": {**ROW, "value": 0.0},
        "background": {**ROW, "value": 0.01},
        "iou": {**ROW, "value": 0.8},
        "copy_paste": {**ROW, "value": 0.1, "plus_minus": 0.1},
    }
    likeness = {"held_out": 0.8, "told": True, "before": 0.5, "after": 0.8}
    measures = {k: {**known[k], **values.get(k, {})} for k in known}
    return {"measures": measures, "likeness": {**likeness, **values.get("told", {})}}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.5, 0.8, "yes"), (0.5, 0.51, "yes"), (0.5, 0.505, "no, as alike"), (0.5, 0.495, "no, as"),
        (0.8, 0.5, "no ("),
    ],
)  # fmt: skip
def test_better_than_before_is_yes_or_no(before: float, after: float, words: str):
    assert words in better({"before": before, "after": after})


def test_where_no_step_was_kept_that_is_said():
    for told in (True, False):
        assert "no step" in better({"before": 0.5, "after": 0.5, "best_step": 0, "told": told})


def test_what_was_not_measured_is_not_said():
    assert better({"before": None, "after": 0.5}) == ""
    assert better({"before": 0.5}) == ""  # an earlier version's
    assert better({"before": 0.1, "after": 0.9, "told": False}) == ""


def test_a_good_one_says_the_likeness_first():
    lines = verdict(document())
    assert lines[0].startswith("Plainly this person: likeness 0.80 on photos held back")
    assert "0.90" in lines[0] and len(lines) == 3


def test_what_it_cost_is_told():
    text = " ".join(
        verdict(
            document(
                text_drop={"value": 0.1}, background={"value": 0.2}, iou={"value": 0.2},
                copy_paste={"value": 0.9},
            )
        )
    )  # fmt: skip
    for words in ("20 % lost", "background changes", "head alone", "follow the photos"):
        assert words in text


def test_where_no_number_may_be_told_none_is():
    lines = verdict(document(told={"told": False}))
    assert "0.8" not in lines[0] and "compare" in lines[0]


def test_without_a_likeness_it_says_why():
    (first, *_) = verdict(document(likeness={"value": None, "why": "No face was found."}))
    assert first == "Likeness was not measured: No face was found."
