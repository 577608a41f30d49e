"""New words for networks that know others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from pidiff_cli.mini.train import diffusion_data, judge, words
from pidiff_cli.mini.train.common import WEIGHTS
from pidiff_cli.mini.train.text import known_facts
from pidiff_cli.mini.train.tokenizer import write_tokenizer
from pidiff_cli.mini.world.captions_wide import vocabulary
from pidiff_cli.mini.world.worlds import NARROW, WIDE

FOLDER = WEIGHTS / "diffusers"
OLD = "a photo of a woman as a chef at the beach, smiling"


def _states(tokenizer: CLIPTokenizer, encoder: CLIPTextModel, text: str) -> torch.Tensor:
    ids = tokenizer(text, return_tensors="pt").input_ids
    with torch.no_grad():
        return encoder.eval()(ids).last_hidden_state


def test_a_prompt_of_old_words_keeps_its_states(tmp_path: Path) -> None:
    known = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(FOLDER / "text_encoder").float()
    tokenizer = write_tokenizer(tmp_path, vocabulary(WIDE))
    large, new = words.grown(encoder, known.get_vocab(), tokenizer)
    assert int(new.sum()) == len(tokenizer) - len(known) > 0
    assert torch.equal(_states(known, encoder, OLD), _states(tokenizer, large, OLD))
    table = words.only_new(large, new)
    large(tokenizer(OLD + ", microphone", return_tensors="pt").input_ids)[0].sum().backward()
    moved = table.grad.abs().sum(1) > 0
    assert moved[tokenizer.get_vocab()["microphone</w>"]] and not moved[~new].any()
    assert [n for n, p in large.named_parameters() if p.grad is not None] == [
        n for n, p in large.named_parameters() if p is table
    ]


def test_a_unet_learns_no_captions_whose_words_the_tokenizer_lacks(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, vocabulary(NARROW))
    diffusion_data._check_words(tokenizer, NARROW)
    with pytest.raises(SystemExit, match="words --world wide"):
        diffusion_data._check_words(tokenizer, WIDE)


def test_a_judge_of_more_words_and_classes_begins_with_what_is_known(tmp_path: Path) -> None:
    found = judge.settings_for(known_facts(NARROW))
    asked = {
        **found, "world": "other", "words": sorted([*found["words"], "boats", "aardvark"]),
        "classes": {**found["classes"], "role": [*found["classes"]["role"], "builder"]},
    }  # fmt: skip
    torch.manual_seed(0)
    small, large = judge.Clip(found), judge.Clip(asked)
    judge.export(small, found, tmp_path)
    assert judge.take_over(large, asked, tmp_path)
    one, other = small.state_dict(), large.state_dict()
    row = {word: i + 2 for i, word in enumerate(asked["words"])}
    for i, word in enumerate(found["words"]):
        assert torch.allclose(
            one["reader.word.weight"][i + 2], other["reader.word.weight"][row[word]], atol=0.05
        )
    role = "tower.heads.role.weight"
    assert len(other[role]) == 16 and torch.allclose(one[role], other[role][:15], atol=0.01)
    fewer = {**asked, "words": found["words"][1:]}
    assert not judge.take_over(judge.Clip(fewer), fewer, tmp_path)
