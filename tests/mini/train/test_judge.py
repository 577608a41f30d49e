"""What the judge and the text encoder are trained with."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from mini.train.data.layout import IDENTITY
from mini.train.judge import data as judge_data
from mini.train.judge.embedder import contrast_loss
from mini.train.text import text
from mini.world.context import Context
from mini.world.factors import NAMES
from mini.world.people import sample_person


def test_contrast_loss_rewards_persons_that_keep_together() -> None:
    torch.manual_seed(0)
    person = torch.arange(4).repeat_interleave(2)
    apart = F.normalize(torch.eye(4).repeat_interleave(2, 0), dim=-1)
    mixed = F.normalize(torch.randn(8, 4), dim=-1)
    none = torch.zeros(0, 4)
    assert contrast_loss(apart, person, none) < contrast_loss(mixed, person, none)
    assert contrast_loss(apart, person, apart[:2]) > contrast_loss(apart, person, none)


def test_captions_hold_only_words_of_the_vocabulary() -> None:
    from mini.world.captions import VOCABULARY
    from pidiff_cli.core.metrics.judge import caption_words

    texts, facts = text.draw_captions(200, np.random.default_rng(0), text.known_facts())
    held = set(VOCABULARY)
    assert {word for t in texts for word in caption_words(t)} <= held
    assert facts.shape == (200, 7)
    assert any("person" in t for t in texts)


def test_facts_are_read_from_person_and_context() -> None:
    facts = text.known_facts()
    noun = sample_person(1).noun
    row = facts.encode(noun, Context(role="chef", style="oil", headgear=True))
    named = {name: facts.values[name][k] for name, k in zip(facts.values, row, strict=True)}
    assert named["role"] == "chef" and named["style"] == "oil" and named["headgear"] == "True"
    assert named["noun"] == noun


def test_noise_spares_start_and_end() -> None:
    ids = torch.tensor([[98, 5, 6, 7, 99, 99]]).repeat(64, 1)
    noisy = text.add_noise(ids, {98, 99}, 100, torch.Generator().manual_seed(0))
    assert (noisy[:, [0, 4, 5]] == ids[:, [0, 4, 5]]).all()
    assert 0 < (noisy != ids).float().mean() < 0.2


def test_batches_are_in_range_and_reproducible() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)

    def made() -> torch.Tensor:
        rng = np.random.default_rng(5)
        torch.manual_seed(0)
        rows = [judge_data.soften(judge_data.move(picture, rng, 0.1, 3, 2), rng) for _ in range(4)]
        return judge_data.tinted(torch.from_numpy(np.stack(rows)), *judge_data.tints(4, rng, 0.05))

    x = made()
    assert x.shape == (4, 3, 128, 128) and x.abs().max() <= 1
    assert torch.equal(x, made())


def test_another_background_keeps_the_head() -> None:
    plain = np.full((128, 128, 3), 200, np.uint8)
    labels = np.zeros((128, 128), np.uint8)
    labels[40:90, 40:90] = 2
    out = judge_data.other_background(plain, labels, np.zeros_like(plain), np.random.default_rng(0))
    assert out[60, 60].tolist() == [200, 200, 200]
    assert out[5, 5].tolist() != [200, 200, 200]


def test_identity_factors_are_found_among_all() -> None:
    own = {NAMES[k] for k in IDENTITY}
    assert (len(NAMES), len(own)) == (79, 59) and "yaw" not in own and "jaw" in own
