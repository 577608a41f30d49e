"""Whom a prompt is about: the person of the profile, and nobody that a word only sounds like."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from mini.world.captions import vocabulary
from mini.world.registry import BROAD
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.core.diffusion.names import NEVER_A_NAME, WORDS_TOO
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.subject import NOUNS, find_mention, find_subject
from pidiff_cli.core.diffusion.wording import completed, medium_set_off
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize(
    "typed",
    [
        "as a spider-man", "as a cow-girl", "as a boy scout", "a boy scout in the woods",
        "beside a man", "beside a woman", "in a man cave", "first-person view", "with a girl band",
        "like a woman of the 1920s", "holding hands with a man", "in front of a woman",
        "holding a picture of a person", "as a chef, a boy at the door", "man bun",
        "wearing a man's hat", "next to a tall dark man", "as the woman in the painting",
    ],
)  # fmt: skip
def test_others_are_not_the_subject(typed: str, noun: str) -> None:
    """The noun that was put before is, and nothing else."""
    whole = completed(typed, noun)
    assert whole.text.startswith(f"a photo of a {noun} ") and typed.split()[-1] in whole.text
    assert whole.subject == (13, 13 + len(noun))


@pytest.mark.parametrize(
    ("typed", "noun", "place"),
    [
        ("a woman in the snow", "woman", 2),
        ("a man in the snow", "woman", 2),
        ("a beautiful young woman, smiling", "woman", 18),
        ("woman, snow, night", "person", 0),
        ("an oil painting of a boy with a dog", "woman", 21),
        ("black and white photo of a man in a hat", "woman", 27),
        ("close-up of a woman's face", "woman", 14),
        ("a photo with a woman", "woman", 15),
        ("a man beside a woman", "woman", 15),
        ("a man beside a woman", "man", 2),
        ("a man beside a woman", "boy", 2),
        ("masterpiece, a girl in a garden", "girl", 15),
        ("I am a man in a suit", "person", 7),
        ("a woman astronaut in space", "woman", 2),
    ],
)
def test_a_whole_prompt_stays_as_it_is(typed: str, noun: str, place: int) -> None:
    whole = completed(typed, noun)
    assert (whole.text, whole.subject[0]) == (typed, place)
    assert whole.text[slice(*whole.subject)] in NOUNS


@pytest.mark.parametrize(
    ("name", "typed", "whole", "place"),
    [
        ("alice", "a man beside alice", "a man beside a man", 15),
        ("alice", "smiling alice with a man", "smiling man with a man", 8),
        ("in", "in the snow", "a photo of a man in the snow", 13),
        ("as", "as a chef", "a photo of a man as a chef", 13),
        ("the", "in the snow", "a photo of a man in the snow", 13),
        ("snow", "in the snow", "a photo of a man in the snow", 13),
        ("snow", "in falling snow", "a photo of a man in falling snow", 13),
        ("snow", "snow in the snow", "a man in the snow", 2),
        ("snow", "portrait of Snow in the snow", "portrait of a man in the snow", 14),
        ("rose", "with rose in hand", "a photo of a man with rose in hand", 13),
        ("Grace", "with grace and style", "a photo of a man with grace and style", 13),
        ("chef", "as chef", "a photo of a man as chef", 13),
        ("smiling", "smiling", "a photo of a man, smiling", 13),
        ("city", "in the city at night", "a photo of a man in the city at night", 13),
    ],
)
def test_a_name_that_is_a_word_eats_no_prompt(
    name: str, typed: str, whole: str, place: int
) -> None:
    found = completed(typed, "man", name)
    assert (found.text, found.subject) == (whole, (place, place + 3))


def test_a_word_that_was_read_as_the_person_is_named() -> None:
    assert completed("snow in the snow", "man", "snow").name_read == "snow"
    assert completed("Snow in the snow", "man", "snow").name_read == ""
    assert completed("alice in the snow", "man", "alice").name_read == ""


def test_every_word_of_mini_is_known_as_one_when_a_profile_is_called_so() -> None:
    """But "person" and others that no prompt needs by themselves."""
    assert {*vocabulary(BROAD)} <= WORDS_TOO | NEVER_A_NAME


def test_a_comma_before_the_person_moves_them() -> None:
    whole = completed("standing smiling in front of alice", "woman", "alice")
    assert whole.text == "standing, smiling in front of a woman"
    assert whole.text[slice(*whole.subject)] == "woman"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("as an oil painting", "an oil painting"),
        ("as a chef, as an oil painting", "as a chef, an oil painting"),
        ("as a chef as a pencil sketch, smiling", "as a chef, a pencil sketch, smiling"),
        ("in the style of a woodblock print", "a woodblock print"),
        ("as an artist", "as an artist"),
        ("as a painting teacher", "as a painting teacher"),
        ("as a portrait photographer", "as a portrait photographer"),
    ],
)
def test_what_somebody_is_drawn_as_is_the_medium(typed: str, read: str) -> None:
    assert medium_set_off(typed) == read
    if read != typed:
        assert completed(read, "woman").text.startswith(("an oil painting of a woman", "a "))


def test_captions_may_name_their_subject_in_passing() -> None:
    text = "snow, and beside it a woman"
    assert find_subject(text, "woman") is None and find_mention(text, "woman") == (22, 27)
    assert find_mention("as a spider-man", "man") is None


@pytest.mark.parametrize("typed", ["as a spider-man", "a man beside alice", "in a man cave"])
def test_the_subject_s_token_is_the_person_s(base: Base, typed: str) -> None:
    whole = completed(typed, "man", "alice")
    encoded = encode_prompt(base, whole.text, "man", whole.subject)
    tokens = base.tokenizer.convert_ids_to_tokens(encoded.ids.tolist())
    place = int(encoded.subject.argmax())
    assert encoded.subject.sum() == 1 and tokens[place] == "man</w>"
    assert place == len(base.tokenizer(whole.text[: whole.subject[0]]).input_ids) - 1


def told(length: int, second: bool = False) -> Base:
    """A base that is only its tokenizers: CLIP's own."""
    from pidiff_cli.core.diffusion.single_file import CONFIGS, MERGES, clip_tokenizer

    one = clip_tokenizer(CONFIGS / MERGES, length=length)
    other = clip_tokenizer(CONFIGS / MERGES, pad="!", length=length) if second else None
    parts = {"tokenizer": one, "second_tokenizer": other, "closed_vocabulary": False}
    return cast(Any, SimpleNamespace(**parts))


@pytest.mark.parametrize("second", [False, True])
def test_on_clip_what_77_tokens_do_not_hold_is_named(second: bool) -> None:
    """Commas, digits and brackets are tokens; the end is told from a word's beginning on."""
    clip = told(77, second)
    text = "a woman, " + "(8k), " * 20 + "in the snow"  # 3 + 20 x 4 + 3 of 75
    encoded = encode_prompt(clip, text, "woman")
    assert encoded.cut.endswith("in the snow") and encoded.cut.count("8k") == 2
    kept = text.removesuffix(encoded.cut)
    assert len(clip.tokenizer(kept).input_ids) <= 77
    fitting = "a woman, " + "(8k), " * 17 + "in the snow"  # 74 of 75
    assert encode_prompt(clip, fitting, "woman").cut == ""
    assert encode_prompt(clip, f"{fitting} at night", "woman").cut == "night"


def test_on_mini_signs_push_words_out_too() -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(PACKAGE_WEIGHTS / "diffusers" / "tokenizer")
    parts = {"tokenizer": tokenizer, "second_tokenizer": None, "closed_vocabulary": True}
    mini = cast(Any, SimpleNamespace(**parts))
    text = "a photo of a woman, 1234567890, (smiling), ((laughing)), in the deep snow"
    encoded = encode_prompt(mini, text, "woman")
    assert len(encoded.ids) == 32 and encoded.cut and encoded.cut.endswith("snow")
    assert len(tokenizer(text.removesuffix(encoded.cut)).input_ids) <= 32


def test_a_person_beyond_the_end_is_told(base: Base) -> None:
    encoded = encode_prompt(base, "in the snow " * 20 + ", a woman", "woman")
    assert encoded.loses_subject and not encode_prompt(base, "a woman", "woman").loses_subject
