"""The judge learns to favour no class, and goes on from the weights that are there."""

from __future__ import annotations

import numpy as np
import torch

from mini.train.judge import data as judge_data
from mini.train.judge import judge
from mini.train.text.text import known_facts


def test_rare_classes_come_more_often_than_their_share() -> None:
    classes = np.repeat([0, 1], [900, 100])
    chances = judge_data.even_out(classes)
    assert np.isclose(chances.sum(), 1)
    assert np.isclose(chances[classes == 1].sum(), 0.25)  # 10 of 30 + 10


def test_shares_are_those_of_the_rows_that_are_drawn() -> None:
    facts = known_facts()
    rows = torch.zeros(4, len(facts.values), dtype=torch.long)
    rows[3] = 1
    shares = judge_data.class_shares(rows, np.array([0.1, 0.2, 0.2, 0.5]), facts.values)
    assert torch.allclose(shares[0][:3], torch.tensor([0.5, 0.5, 1.0]))  # no third role: left alone


def test_a_head_that_says_nothing_pays_for_the_shares_alone() -> None:
    settings = {**judge.settings_for(known_facts()), "widths": [8, 8], "depths": [1, 1], "dim": 8}
    net = judge.Clip(settings)
    for head in net.tower.heads.values():
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    x, ids = torch.zeros(2, 3, 128, 128), torch.ones(4, 3, dtype=torch.long)
    same, facts = torch.zeros(2, 4, dtype=torch.bool), torch.zeros(2, len(net.tower.heads))
    sizes = [len(names) for names in settings["classes"].values()]
    common = [torch.full((size,), 0.1 / (size - 1)).index_fill(0, torch.tensor(0), 0.9)
              for size in sizes]  # fmt: skip
    even = [torch.ones(size) for size in sizes]
    known = judge.clip_loss(net, x, ids, same, facts.long(), common)[2]
    plain = judge.clip_loss(net, x, ids, same, facts.long(), even)[2]
    assert all(a < b for a, b in zip(known, plain, strict=True))
