"""The nudity filter: the published layout, what it reads, and what is told where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pidiff_cli.core.nudity import load_filter
from pidiff_cli.errors import MissingWeightError
from pidiff_cli.weights.nudity import check_nudity
from tests.support.tiny_nudity import install_filter

GREY = np.full((48, 64, 3), 128, np.uint8)


def test_it_says_how_surely_a_picture_shows_nudity(tmp_path: Path) -> None:
    for shows, low, high in ((False, 0.0, 0.1), (True, 0.9, 1.0)):
        found = load_filter(install_filter(tmp_path, shows)).score(GREY)
        assert low <= found <= high


def test_the_published_files_load_as_they_are(tmp_path: Path) -> None:
    """ViT-B/16 at 224 px: names, shapes and the configuration's own spelling of the labels."""
    published = {
        "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 768,
        "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
        "image_size": 224, "patch_size": 16, "num_channels": 3, "qkv_bias": True,
        "id2label": {"0": "normal", "1": "nsfw"}, "label2id": {"normal": "0", "nsfw": "1"},
        "problem_type": "single_label_classification",
    }  # fmt: skip
    from safetensors.torch import save_file

    (tmp_path / "config.json").write_text(json.dumps(published))
    state = published_names()
    state["classifier.bias"] = torch.tensor([0.0, 2.0])
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    assert load_filter(tmp_path).score(GREY) == pytest.approx(torch.sigmoid(torch.tensor(2.0)))
    del state["vit.encoder.layer.3.intermediate.dense.weight"]
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(MissingWeightError, match="weights are missing"):
        load_filter(tmp_path)


def published_names() -> dict[str, torch.Tensor]:
    """ViT-B/16's tensors as they are called in the published file, all zero."""
    inside = {
        "attention.attention.query": (768, 768), "attention.attention.key": (768, 768),
        "attention.attention.value": (768, 768), "attention.output.dense": (768, 768),
        "intermediate.dense": (3072, 768), "output.dense": (768, 3072),
        "layernorm_before": (768,), "layernorm_after": (768,),
    }  # fmt: skip
    shapes = {f"vit.encoder.layer.{i}.{name}": s for i in range(12) for name, s in inside.items()}
    shapes |= {"vit.layernorm": (768,), "classifier": (2, 768)}
    shapes["vit.embeddings.patch_embeddings.projection"] = (768, 3, 16, 16)
    state = {f"{name}.weight": torch.zeros(shape) for name, shape in shapes.items()}
    state |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in shapes.items()}
    state["vit.embeddings.cls_token"] = torch.zeros(1, 1, 768)
    state["vit.embeddings.position_embeddings"] = torch.zeros(1, 197, 768)
    return state


def test_a_filter_that_is_not_here_is_told_with_its_command(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightError, match="not on this machine") as caught:
        check_nudity(tmp_path)
    assert "pidiff models pull nudity" in caught.value.hint and "--no-filter" in caught.value.hint
    folder = install_filter(tmp_path)
    check_nudity(tmp_path)
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(MissingWeightError, match="does not load"):
        load_filter(folder)


def test_another_network_is_refused(tmp_path: Path) -> None:
    folder = install_filter(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "cat", "1": "dog"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(MissingWeightError):
        load_filter(folder)
