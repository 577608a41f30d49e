"""The judge learns to favour no class, and goes on from the weights that are there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mini.train.common import WEIGHTS
from mini.train.data.aligned import open_aligned
from mini.train.judge import data as judge_data
from mini.train.judge import embedder as judge_embedder
from mini.train.judge import judge
from mini.train.text.text import known_facts
from mini.world.registry import BROAD
from pidiff_cli.core.metrics.judge import build_embedder, load_judge
from tests.support.tiny_bank import make_bank, working_in


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


def test_training_goes_on_from_the_judge_that_is_there(tmp_path: Path) -> None:
    settings = judge.settings_for(known_facts(BROAD))
    net = judge.Clip(settings)
    assert not judge.take_over(net, settings, tmp_path)
    assert not judge.take_over(net, {**settings, "dim": 64}, WEIGHTS / "judge")
    assert judge.take_over(net, settings, WEIGHTS / "judge")
    own = load_judge(WEIGHTS / "judge")._clip.state_dict()
    assert all(torch.equal(value, own[key]) for key, value in net.tower.state_dict().items())


def test_two_banks_are_read_as_one() -> None:
    first, second = np.arange(6).reshape(3, 2), np.arange(10, 18).reshape(4, 2)
    both = judge_data.Joined([first, second], [3, 2])  # the second is not finished
    rows = [both[i].tolist() for i in range(5)]
    assert rows == [[0, 1], [2, 3], [4, 5], [10, 11], [12, 13]]


def test_the_face_embedder_goes_on_from_the_one_that_is_there(tmp_path: Path) -> None:
    own = json.loads((WEIGHTS / "judge" / "embedder.json").read_text(encoding="utf-8"))
    asked = {**own, "world": "narrow", "factor_mean": [1.0]}  # another bank has other means
    net = build_embedder(asked)
    assert judge_embedder.take_over(net, asked, tmp_path) is None
    assert judge_embedder.take_over(net, {**asked, "dim": 64}, WEIGHTS / "judge") is None
    found = judge_embedder.take_over(net, asked, WEIGHTS / "judge")
    assert found is not None
    assert found["factor_mean"] == own["factor_mean"]
    shipped = load_judge(WEIGHTS / "judge")._embedder.state_dict()
    assert all(torch.equal(value, shipped[key]) for key, value in net.state_dict().items())


def test_people_of_two_aligned_banks_are_told_apart(tmp_path: Path) -> None:
    with working_in(tmp_path):
        make_bank()
        first = open_aligned()
        second = replace(first, persons=first.persons + 1000, factors=first.factors + 1)
        one = judge_embedder.Crops([first])
        both = judge_embedder.Crops([first, second])
    assert len(both.train) == 2 * len(one.train)
    rows = both.train[-1]
    assert (both.persons[rows] == second.persons[rows - len(first.persons)]).all()
    assert np.array_equal(both.pictures[int(rows[0])], first.plain[rows[0] - len(first.persons)])
    kept = judge_embedder.Crops([first])
    kept.load_state_dict(both.state_dict())
    assert np.array_equal(kept.scaled, both.scaled[: len(kept.scaled)])
