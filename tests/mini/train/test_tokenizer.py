"""The tokenizer: every word of the world is one token, and any text can be tokenised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mini.train.text import tokenizer as build
from mini.world.captions import VOCABULARY, vocabulary
from mini.world.registry import BROAD
from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

WORDS = ("a", "art", "start", "tart", "starting", "photo", "of", "person", "Pop-art")


def test_merges_make_every_word_one_token() -> None:
    words = build.split_words([*VOCABULARY, *WORDS])
    ranks = {pair: rank for rank, pair in enumerate(build.build_merges(words))}
    for word in words:
        assert build._apply([*word[:-1], word[-1] + build.SUFFIX], ranks) == [word + build.SUFFIX]


def test_ids_are_dense_and_the_end_token_is_last() -> None:
    vocabulary = build.build_vocabulary(build.build_merges(["red", "reds"]))
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert vocabulary[build.END] == len(vocabulary) - 1
    assert len(set(build.byte_letters())) == 256


def test_phrases_are_split_into_plain_lower_case_words() -> None:
    assert build.split_words(["Pop-art", "a pop", "été", "x2"]) == ["pop", "art", "a", "x"]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build.write_tokenizer(tmp_path_factory.mktemp("tokenizer"), WORDS)


def test_the_folder_opens_as_a_clip_tokenizer(opened: Any) -> None:
    ids = opened("a photo of a Person", padding="max_length", truncation=True).input_ids
    tokens = opened.convert_ids_to_tokens(ids)
    assert len(ids) == opened.model_max_length == build.MAX_TOKENS
    assert tokens[:7] == [
        build.START, "a</w>", "photo</w>", "of</w>", "a</w>", "person</w>", build.END,
    ]  # fmt: skip
    assert set(tokens[6:]) == {build.END}, "the end token pads, as in Stable Diffusion"


@pytest.mark.parametrize("prompt", ["", "zebra", "日本 éß 12!?", "x" * 500, "pop-art, start."])
def test_any_prompt_tokenises_and_ends(opened: Any, prompt: str) -> None:
    ids = opened(prompt, padding="max_length", truncation=True).input_ids
    assert len(ids) == build.MAX_TOKENS
    assert ids[0] == opened.bos_token_id and opened.eos_token_id in ids


def test_the_shipped_tokenizer_holds_the_vocabulary() -> None:
    folder = PACKAGE_WEIGHTS / "diffusers" / "tokenizer"
    from transformers import CLIPTokenizer

    opened = CLIPTokenizer.from_pretrained(folder)
    words = vocabulary(BROAD)
    bare = opened(list(words), add_special_tokens=False).input_ids
    assert [word for word, ids in zip(words, bare, strict=True) if len(ids) != 1] == []
    assert {p.name for p in Path(folder).iterdir()} >= {"vocab.json", "merges.txt"}
