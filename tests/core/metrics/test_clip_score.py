"""CLIP scores, on a tiny random CLIP in the published layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mini.train.text.tokenizer import write_tokenizer
from pidiff_cli.core.metrics.clip_score import FILES, load_clip
from pidiff_cli.errors import MissingWeightError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers.models.clip.configuration_clip import CLIPConfig
    from transformers.models.clip.modeling_clip import CLIPModel

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("clip")
    tokenizer = write_tokenizer(path, "a photo of person chef snow".split())
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    text = {
        **shape, "num_hidden_layers": 1, "vocab_size": len(tokenizer),
        "max_position_embeddings": 16, "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }  # fmt: skip
    vision = {**shape, "num_hidden_layers": 4, "image_size": 32, "patch_size": 8}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(
        path
    )
    return path


def test_cosines_and_maps_have_the_judge_s_shapes(folder: Path) -> None:
    scorer = load_clip(folder)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (side, side, 3)).astype(np.uint8) for side in (64, 48)]
    scores = scorer.text_image(images, ["a photo of a person", "snow " * 40, "a chef"])
    assert scores.shape == (2, 3) and scores.abs().max() <= 1
    assert torch.allclose(
        scores[:, :1], scorer.text_image(images, ["a photo of a person"]), atol=1e-5
    )
    maps = scorer.maps(images)
    assert [tuple(m.shape) for m in maps] == [(2, 16, 4, 4)] * 4


def test_the_scores_are_those_of_transformers_own_model(folder: Path) -> None:
    """A picture of the right size is only normalised: logits over the scale are the cosines."""
    from transformers.models.clip.modeling_clip import CLIPModel

    scorer, model = load_clip(folder), CLIPModel.from_pretrained(folder)
    image = np.random.default_rng(1).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    words = scorer.tokenizer(["a chef"], return_tensors="pt")
    with torch.no_grad():
        out = model(pixel_values=scorer._pixels([image]), **words)
    expected = out.logits_per_image / model.logit_scale.exp()
    assert torch.allclose(scorer.text_image([image], ["a chef"]), expected, atol=1e-5)


def test_what_is_missing_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightError, match=r"config\.json") as caught:
        load_clip(tmp_path)
    assert "models pull clip" in caught.value.hint
    for name in FILES:
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(MissingWeightError, match="does not load"):
        load_clip(tmp_path)
