"""A nudity filter of the published layout with random weights, for homes of real bases."""

from __future__ import annotations

from pathlib import Path

import torch


def install_filter(home: Path, shows: bool = False) -> Path:
    """Write a small ViT to ``home/models/nudity`` that says of every picture the same."""
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        image_size=32, patch_size=16, id2label={0: "normal", 1: "nsfw"},
        label2id={"normal": 0, "nsfw": 1},
    )  # fmt: skip
    model = ViTForImageClassification(config)
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([0.0, 9.0] if shows else [9.0, 0.0]))
    folder = home / "models" / "nudity"
    model.save_pretrained(folder)
    return folder
