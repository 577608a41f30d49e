"""Prompt forms, the subject's place, words that a base does not know."""

from __future__ import annotations

import pytest

from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.wording import complete


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("as an astronaut", "a photo of a woman as an astronaut"),
        ("  as   an astronaut ", "a photo of a woman as an astronaut"),
        ("alice riding a horse", "a woman riding a horse"),
        ("Alice, smiling", "a woman, smiling"),
        ("portrait of alice", "portrait of a woman"),
        ("happy alice in the snow", "happy woman in the snow"),
        ("a woman in the snow", "a woman in the snow"),
        ("a man in the snow", "a man in the snow"),
        ("oil painting, smiling", "an oil painting of a woman, smiling"),
        ("as a chef, smiling, oil painting", "an oil painting of a woman as a chef, smiling"),
        ("pop art", "pop art of a woman"),
        (
            "as a chef, pop art poster, in the snow",
            "pop art poster of a woman as a chef, in the snow",
        ),
        ("a pop art poster of a man", "a pop art poster of a man"),
        ("a pencil sketch in the snow", "a pencil sketch of a woman in the snow"),
        ("", "a photo of a woman"),
        ("smiling", "a photo of a woman, smiling"),
        ("alice smiling in the snow", "a woman, smiling in the snow"),
        ("as a chef smiling, oil painting", "an oil painting of a woman as a chef, smiling"),
        ("with a smile", "a photo of a woman, with a smile"),
        ("as a smiling chef", "a photo of a woman as a smiling chef"),
        ("as a king and smiling", "a photo of a woman as a king and smiling"),
        ("looking at the sea", "a photo of a woman looking at the sea"),
        ("malice in the snow", "a photo of a woman malice in the snow"),
    ],
)
def test_completion(typed: str, whole: str) -> None:
    assert complete(typed, "woman", "alice") == whole


@pytest.mark.parametrize(
    ("name", "typed", "whole"),
    [
        ("astronaut", "as an astronaut", "a photo of a woman as an astronaut"),
        ("snow", "in the snow", "a photo of a woman in the snow"),
        ("chef", "chef as a  chef, smiling", "a woman as a chef, smiling"),
        ("rose", "portrait of Rose holding a rose", "portrait of a woman holding a rose"),
        ("ana", "banana ana, the ana", "banana woman, the ana"),
    ],
)
def test_a_name_after_an_article_is_a_word(name: str, typed: str, whole: str) -> None:
    assert complete(typed, "woman", name) == whole


def test_the_subject_is_the_nouns_token(base: Base) -> None:
    encoded = encode_prompt(base, "a photo of a woman as an astronaut", "woman")
    place = int(encoded.subject.argmax())
    assert encoded.subject.sum() == 1
    assert base.tokenizer.convert_ids_to_tokens(int(encoded.ids[place])) == "woman</w>"


def test_another_noun_can_be_the_subject(base: Base) -> None:
    encoded = encode_prompt(base, "a man as a chef", "woman")
    assert int(encoded.subject.argmax()) == 2
    assert encode_prompt(base, "snow", "woman").subject.sum() == 0
    assert encode_prompt(base, "", "").subject.sum() == 0


def test_unknown_words_are_named_once(base: Base) -> None:
    encoded = encode_prompt(base, "a woman on a zebra, zebra and xylophone", "woman")
    assert encoded.unknown == ("zebra", "and", "xylophone")
    assert encode_prompt(base, "a woman as an astronaut, smiling", "woman").unknown == ()


def test_a_long_prompt_says_what_was_cut(base: Base) -> None:
    encoded = encode_prompt(base, "a woman " + "in the snow " * 20, "woman")
    assert len(encoded.ids) == base.tokenizer.model_max_length
    assert encoded.cut.endswith("in the snow") and encode_prompt(base, "a man", "man").cut == ""


def test_a_subject_beyond_the_end_is_no_subject(base: Base) -> None:
    assert encode_prompt(base, "in the snow " * 20 + "a woman", "woman").subject.sum() == 0
