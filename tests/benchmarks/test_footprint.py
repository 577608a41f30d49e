"""Memory counted on shapes, and that the stored table is what is counted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmarks.speed import footprint, memory
from benchmarks.speed.footprint import Learnt, LiveBytes, call_peak, counted, step_footprint
from pidiff_cli.core.identity.context import IdentityContext
from pidiff_cli.core.training.memory_plan import TABLE
from tests.support.tiny_real import CONFIGS


def test_live_bytes_are_those_of_tensors_that_live() -> None:
    with LiveBytes() as live:
        x = torch.empty(1024, 256)  # 1 MiB
        y = x + 1
        view = y.T[:10]
        assert live.live == 2 * 2**20
        del y
        assert live.live == 2 * 2**20, "a view keeps its storage"
        del view
        assert live.live == 2**20
    assert live.peak == 2 * 2**20
    assert x.shape[0] == 1024


def test_what_was_there_before_is_not_counted() -> None:
    weight = torch.empty(512, 512)
    with LiveBytes() as live:
        out = torch.empty(512, 512) @ weight.T
    assert live.peak == 2 * 2**20 and out.shape == weight.shape


def test_attention_keeps_no_probabilities() -> None:
    def bytes_of(tokens: int) -> int:
        with counted() as live:
            q = torch.empty(1, 2, tokens, 8, requires_grad=True)
            torch.nn.functional.scaled_dot_product_attention(q, q, q).sum().backward()
        return live.peak

    assert bytes_of(4096) < 2.1 * bytes_of(2048)
    real = torch.nn.functional.scaled_dot_product_attention
    assert real.__name__ == "scaled_dot_product_attention", "the stock one is back"


PARTS = {
    "branch": Learnt(2, codes=(4, 8)),
    "lora": Learnt(0, 2),
    "both": Learnt(2, 2, codes=(4, 8)),
}


@pytest.mark.parametrize("learnt", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_a_step_grows_with_the_batch_and_shrinks_by_checkpointing(
    family: str, learnt: Learnt
) -> None:
    config = CONFIGS[family]["unet"]

    def step(batch: int, checkpointing: bool = False) -> int:
        return step_footprint(config, batch, 256, checkpointing, learnt=learnt).step

    one, two, four = step(1), step(2), step(4)
    assert (four - two) == pytest.approx(2 * (two - one), rel=0.05)
    assert step(4, True) < 0.8 * four


def test_a_checkpointed_step_keeps_no_block_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps recorded while the blocks run again would keep everything."""
    config = CONFIGS["sd15"]["unet"]
    wanted = step_footprint(config, 4, 256, True, learnt=PARTS["branch"]).step
    monkeypatch.setattr(IdentityContext, "take_maps", lambda self: self.maps)
    assert step_footprint(config, 4, 256, True, learnt=PARTS["branch"]).step > 1.1 * wanted


def test_a_call_s_peak() -> None:
    with torch.device("meta"):
        layer = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
    assert call_peak(layer, lambda: layer(torch.empty(1024, 256))) == 3 * 2**20 // 1


def test_a_lora_keeps_its_layers_inputs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS["sd15"]["unet"]
    once = step_footprint(config, 1, 256, learnt=PARTS["lora"]).step
    monkeypatch.setattr(footprint, "keep_inputs_once", lambda unet: None)
    assert step_footprint(config, 1, 256, learnt=PARTS["lora"]).step > 1.02 * once


@pytest.mark.parametrize("part", ["all", "mid_up", "up", "lora", "both"])
def test_the_table_is_what_is_counted_now(part: str) -> None:
    """`python -m benchmarks.speed.memory --write` renews it."""
    table = json.loads(TABLE.read_text())
    assert set(table) == {"mini", "sd15", "sdxl"}
    mini, lora = memory.of_mini(), memory.LORA["mini"]
    learnt = {"lora": lora, "both": replace(mini, lora_rank=lora.lora_rank)}.get(part)
    learnt = learnt or replace(mini, blocks=part)
    config = memory.configs("mini")["unet"]
    one, two = (
        step_footprint(config, batch, 128, dtype=torch.float32, learnt=learnt) for batch in (1, 2)
    )
    kept = table["mini"].get(part) or table["mini"]["branch"][part]
    row = next(row for row in kept["steps"] if not row[1])
    assert row[2:] == [2 * one.step - two.step, two.step - one.step]
