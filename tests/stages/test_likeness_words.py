"""A likeness in words, and photographs drawn by mini, of which no number is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pidiff_cli.profile import Profile
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.report.page import tell
from pidiff_cli.stages.report.words import in_words, tells_nothing


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.75, "as alike as your photos are to one another"),
        (0.62, "plainly this person"),
        (0.45, "this person, roughly"),
        (0.30, "only a little like this person"),
        (0.12, "could be anybody"),
    ],
)
def test_between_strangers_and_the_persons_own_photos(score: float, words: str) -> None:
    assert in_words(score, own=0.8, strangers=0.1) == words


def test_no_words_without_both_ends() -> None:
    assert in_words(0.5, None, 0.1) == in_words(0.5, 0.8, None) == in_words(0.5, 0.12, 0.1) == ""


class Lines(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def values() -> dict[str, Any]:
    return {
        "likeness": {
            "held_out": 0.62, "learnt_from": None, "photos": 0.8, "stranger_margin": 0.52,
            "best_step": 150, "text_drop": None, "background": None,
        }
    }  # fmt: skip


def test_the_line_after_tune() -> None:
    said = Lines()
    tell(said, values())
    assert said.lines == [
        "likeness 0.62 on the held-out photo (your own photos agree at 0.80): plainly this person"
        " · step 150 kept"
    ]
    said = Lines()
    tell(said, values(), told=False)
    assert "0.62" not in said.lines[0] and "compare the report's pictures" in said.lines[0]


def test_photographs_on_mini_tell_nothing(tmp_path: Path) -> None:
    profile = Profile.create(tmp_path, "alice", "woman")
    assert not tells_nothing(profile, "mini")
    profile.update_stage("prepare", world="photographs")
    assert tells_nothing(profile, "mini") and not tells_nothing(profile, "sd15")
    profile.update_stage("prepare", world="drawings")
    assert not tells_nothing(profile, "mini")
