"""What mini knows, as it is told: the lists and the trained vocabulary say the same."""

from __future__ import annotations

import re

import pytest

from mini.world.captions import phrase_tables, vocabulary
from mini.world.registry import BROAD
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.stages import words
from pidiff_cli.weights.known import known_of

KNOWN = known_of("mini")
VOCABULARY = {*vocabulary(BROAD)}


def tokens(text: str) -> set[str]:
    return {*re.findall(r"[a-z]+", text.lower())}


def test_every_role_place_style_mood_and_glasses_of_the_world_is_listed() -> None:
    assert KNOWN is not None
    listed = {phrase for several in KNOWN.groups.values() for phrase in several}
    for fact, table in phrase_tables(BROAD).items():
        for value, phrases in table.items():
            if value in ("none", "linocut"):
                continue
            told = {complete(p, "person") for p in phrases if p} | {*phrases}
            told |= {p.replace("{ruler}", "king").replace("{cow}", "cowgirl") for p in phrases}
            told |= {p.removeprefix("an ").removeprefix("a ") for p in told}
            assert listed & told, (fact, value)


def test_the_lists_hold_only_words_that_are_known() -> None:
    assert KNOWN is not None
    for phrase in [phrase for several in KNOWN.groups.values() for phrase in several]:
        assert tokens(phrase) <= VOCABULARY, phrase


def test_the_nearest_of_unknown_words_only() -> None:
    """Every word of the tables is one that is not known; what is near is a listed phrase."""
    assert KNOWN is not None
    listed = {phrase for several in KNOWN.groups.values() for phrase in several}
    assert not (KNOWN.near.keys() | KNOWN.nothing.keys()) & VOCABULARY
    assert not KNOWN.near.keys() & KNOWN.nothing.keys()
    looks = {look.phrase for look in KNOWN.looks}
    assert {*KNOWN.near.values()} <= listed | looks | {"in front of a plain background"}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("viking", "the nearest is “as a knight”"), ("Vikings", "the nearest is “as a knight”"),
        ("astronot", "the nearest is “as an astronaut”"), ("cat", "mini draws no animals"),
        ("qwxyz", ""),
    ],
)  # fmt: skip
def test_nearest(word: str, told: str) -> None:
    assert KNOWN is not None and KNOWN.nearest(word) == told


def test_joining_words_and_those_of_looks_are_not_told() -> None:
    assert KNOWN is not None
    words = ["elderly", "flying", "over", "me", "viking"]
    told = KNOWN.reasons(words, "an elderly viking over me")
    assert sum(told.values(), []) == ["flying", "viking"]


@pytest.mark.parametrize(
    ("typed", "looks"),
    [
        ("with a beard", ["with a beard"]), ("as a chef with long blonde hair",
         ["with long hair", "with blond hair"]), ("as an old lady", ["older"]),
        ("in an old castle", []), ("an old man at the beach", ["older"]),
        ("as a bald pirate", ["bald"]), ("in a long coat", []), ("with short curly hair",
         ["with short hair", "with curly hair"]), ("as a young king", ["younger"]),
        ("in a black suit", []), ("with black hair in a suit", ["with black hair"]),
    ],
)  # fmt: skip
def test_looks_are_found_in_prompts(typed: str, looks: list[str]) -> None:
    assert KNOWN is not None
    assert [look.phrase for look in KNOWN.looks if look.found_in(typed)] == looks


def test_every_look_finds_its_own_phrase_and_is_made_of_listed_edits() -> None:
    assert KNOWN is not None
    names = {edit.name for edit in KNOWN.edits}
    for look in KNOWN.looks:
        assert look.found_in(look.phrase) and {name for name, _ in look.edits} <= names
    assert not names & KNOWN.gone.keys()


def test_a_prompt_is_read_without_drawing() -> None:
    found = words.read("as a viking with a beard, (smiling:1.2)")
    assert found.drawn == ("beard", "smiling") and "--edit chin_beard=+4" in found.edits
    assert found.unknown == ("“viking”: the nearest is “as a knight”",)
    assert found.notes[0].startswith("(smiling:1.2)")
    assert words.known_words().groups["moods"][0] == "smiling"
