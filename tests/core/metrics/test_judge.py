"""The judge: shapes, ranges, captions, and loading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pidiff_cli.core.metrics import judge as judge_module
from pidiff_cli.errors import MissingWeightError

CLIP: dict[str, Any] = {
    "widths": [8, 8, 8, 8], "depths": [1, 0, 0, 1], "dim": 16, "text_width": 16, "text_layers": 1,
    "max_words": 6, "words": ["a", "red", "hat"], "classes": {"style": ["photo", "oil"]},
}  # fmt: skip
FACE: dict[str, Any] = {
    "widths": [8, 8, 8, 8], "depths": [1, 0, 0, 1], "dim": 16, "extra_heads": {},
    "factors": ["yaw", "skin"], "factor_mean": [0.0, 1.0], "factor_std": [1.0, 2.0],
    "factor_r2": [0.9, 0.2],
}  # fmt: skip


def write_judge(folder: Path) -> None:
    """A judge with random weights in the shipped format."""
    torch.manual_seed(0)
    tower, reader = judge_module.build_clip(CLIP)
    state = {f"tower.{k}": v for k, v in tower.state_dict().items()}
    state |= {f"reader.{k}": v for k, v in reader.state_dict().items()}
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    save_file({k: v.contiguous() for k, v in half.items()}, folder / "clip.safetensors")
    save_file(judge_module.build_embedder(FACE).state_dict(), folder / "embedder.safetensors")
    (folder / "clip.json").write_text(json.dumps(CLIP))
    (folder / "embedder.json").write_text(json.dumps(FACE))


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> judge_module.Judge:
    folder = tmp_path_factory.mktemp("judge")
    write_judge(folder)
    return judge_module.load_judge(folder)


def pictures(count: int, side: int = 128) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_text_image_gives_a_cosine_for_every_pair(judge: judge_module.Judge) -> None:
    scores = judge.text_image(pictures(3), ["a red hat", "", "zebra zebra zebra a red hat hat hat"])
    assert scores.shape == (3, 3)
    assert torch.isfinite(scores).all() and scores.abs().max() <= 1 + 1e-5


def test_pictures_of_any_size_are_taken(judge: judge_module.Judge) -> None:
    mixed = [pictures(1, 200)[0], pictures(1, 96)[0]]
    assert judge.features(mixed).shape == (2, 16)
    assert judge.classes(mixed)["style"].sum(-1).allclose(torch.ones(2))


def test_a_picture_is_judged_the_same_in_any_company(judge: judge_module.Judge) -> None:
    many = pictures(5)
    assert torch.allclose(judge.features(many)[2], judge.features(many[2:3])[0], atol=1e-5)


def test_embeddings_have_unit_length_and_factors_their_own_units(judge: judge_module.Judge) -> None:
    x = torch.rand(2, 3, 128, 128) * 2 - 1
    assert judge.embed(x).norm(dim=-1).allclose(torch.ones(2), atol=1e-5)
    assert judge.factors(x).shape == (2, 2)
    assert judge.embed(torch.rand(1, 3, 256, 256)).shape == (1, 16)


def test_captions_become_word_ids() -> None:
    ids = judge_module.encode_captions(["A red, RED zebra", "", "a a a a"], {"a": 2, "red": 3}, 3)
    assert ids.tolist() == [[2, 3, 3], [judge_module.UNKNOWN, 0, 0], [2, 2, 2]]


def test_a_missing_judge_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightError, match="judge"):
        judge_module.load_judge(tmp_path)
