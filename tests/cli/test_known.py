"""`pidiff words`, and what `generate --help` says of edits and seeds."""

from __future__ import annotations

from typing import Any

import pytest


def test_all_that_mini_knows_is_a_result(pidiff: Any) -> None:
    ran = pidiff("words")
    assert ran.code == 0 and ran.err == ""
    for phrase in ("as an astronaut", "in the snow", "oil painting", "smiling", "with a beard"):
        assert phrase in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    document = pidiff("--json", "words").json
    assert document["groups"]["roles"][0] == "as an astronaut" and "age" in document["edits"]


def test_a_prompt_is_told_word_by_word(pidiff: Any) -> None:
    ran = pidiff("words", "as a viking, smiling, with a cat and a dog")
    assert "“viking”: the nearest is “as a knight”" in ran.out
    assert "“cat”, “dog”: mini draws no animals" in ran.out
    assert pidiff("--json", "words", "as a chef").json["drawn"] == ["chef"]


def test_edits_are_listed_in_the_help(pidiff: Any) -> None:
    text = " ".join(pidiff("generate", "--help").out.split())
    for name in ("age", "hair_length", "chin_beard"):
        assert name in text
    assert "smile" not in text and "random" in text


@pytest.mark.parametrize("seed", ["abc", "1.5", ""])
def test_a_seed_that_is_no_number_is_a_sentence(pidiff: Any, seed: str) -> None:
    ran = pidiff("generate", "alice", "as a chef", "--seed", seed)
    assert ran.code == 2 and f"seed is {seed!r}; a whole number or random" in ran.err
