"""The memory plan: counting on shapes, and the choice among ways of tuning."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from pidiff_cli.core.diffusion import footprint
from pidiff_cli.core.diffusion.footprint import LiveBytes, call_peak, counted, step_footprint
from pidiff_cli.core.diffusion.plan import TABLE, Plan, Sizes, choose, plans
from tests.tiny_real import CONFIGS

MB = 1_000_000


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


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_a_step_grows_with_the_batch_and_shrinks_by_checkpointing(family: str) -> None:
    config = CONFIGS[family]["unet"]

    def step(batch: int, checkpointing: bool = False) -> int:
        return step_footprint(config, batch, 256, checkpointing, rank=2, codes=(4, 8)).step

    one, two, four = step(1), step(2), step(4)
    assert (four - two) == pytest.approx(2 * (two - one), rel=0.05)
    assert step(4, True) < 0.8 * four


def test_a_checkpointed_step_keeps_no_block_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps recorded while the blocks run again would keep everything."""
    config = CONFIGS["sd15"]["unet"]
    wanted = step_footprint(config, 4, 256, True, rank=2, codes=(4, 8)).step
    monkeypatch.setattr(footprint.IdentityContext, "take_maps", lambda self: self.maps)
    assert step_footprint(config, 4, 256, True, rank=2, codes=(4, 8)).step > 1.1 * wanted


def test_a_call_s_peak() -> None:
    with torch.device("meta"):
        layer = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
    assert call_peak(layer, lambda: layer(torch.empty(1024, 256))) == 3 * 2**20 // 1


def _sizes() -> Sizes:
    values = {
        "bytes": 2, "frozen": 1000 * MB, "rank": MB, "code": 0, "linears": 500 * MB,
        "vae": 100 * MB, "text": 200 * MB,
        "steps": [[256, False, 0, 100 * MB], [512, False, 0, 400 * MB],
                  [256, True, 0, 20 * MB], [512, True, 0, 80 * MB]],
        "encode": [[256, 10 * MB], [512, 40 * MB]], "decode": [[256, 15 * MB], [512, 60 * MB]],
    }  # fmt: skip
    return Sizes(values, 2)


def test_plans_go_from_the_fastest_to_the_smallest() -> None:
    found = plans(_sizes(), 4, 512, 8, eight_bit=False, nf4=True)
    assert found[0] == Plan(4, peak=found[0].peak)
    peaks = [plan.peak for plan in found]
    assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == len(peaks)
    assert found[-1].nf4 and found[-1].parked and found[-1].checkpointing
    for plan in found:
        assert choose(found, plan.peak) == plan
    assert choose(found, found[-1].peak - 1) is None


def test_a_prediction_adds_up() -> None:
    sizes = _sizes()
    peak = sizes.peak(Plan(2), 512, 8, eight_bit=False)
    assert peak == int(1.05 * (1000 + 300 + 8 * 3 + 2 * 400) * MB)
    drawing = sizes.peak(Plan(1, True, parked=True), 256, 8, eight_bit=True)
    assert drawing == int(1.05 * (1000 + 8 * 1.5 + 100 + 15) * MB), "a preview is the highest point"
    wide = Sizes(_sizes().values, 4).peak(Plan(2), 512, 8, eight_bit=False)
    assert wide == int(1.05 * (2 * (1000 + 300 + 2 * 400) + 8 * 3) * MB)


def test_between_counted_sizes_the_area_decides() -> None:
    sizes, half = _sizes(), (256**2 + 512**2) / 2
    assert sizes.step(round(half**0.5), 1, False) == pytest.approx(250 * MB, rel=0.01)
    assert sizes.step(1024, 1, False) == pytest.approx(1600 * MB, rel=0.01)


def test_where_nothing_can_wait_elsewhere_no_plan_parks() -> None:
    found = plans(_sizes(), 4, 512, 8, eight_bit=False, move=False)
    assert not any(plan.parked or plan.nf4 for plan in found) and len(found) > 2


@pytest.mark.parametrize("blocks", ["all", "mid_up", "up"])
def test_the_table_is_what_is_counted_now(blocks: str) -> None:
    """`benchmarks/memory.py --write` renews it."""
    from pidiff_cli.core.identity.tokens import MINI_GROUPS, WPlusProjector

    table = json.loads(TABLE.read_text())
    assert set(table) == {"mini", "sd15", "sdxl"}
    weights = TABLE.parents[2] / "weights" / "mini"
    config = json.loads((weights / "diffusers" / "unet" / "config.json").read_text())
    sizes = json.loads((weights / "wplus.json").read_text())
    codes = int(sizes["rows"]), int(sizes["style_dim"])
    one, two = (
        step_footprint(
            config, batch, 128, dtype=torch.float32, codes=codes, blocks=blocks,
            projector=lambda: WPlusProjector(*codes, MINI_GROUPS, config["cross_attention_dim"]),
        )
        for batch in (1, 2)
    )  # fmt: skip
    found = Sizes.of("mini", 4, blocks)
    assert found is not None
    row = next(row for row in found.values["steps"] if not row[1])
    assert row[2:] == [2 * one.step - two.step, two.step - one.step]


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_fewer_blocks_that_learn_take_less(family: str) -> None:
    sizes = [Sizes.of(family, 2, blocks) for blocks in ("all", "mid_up", "up")]
    peaks = [size.peak(Plan(4), 512, 16, True) for size in sizes if size is not None]
    adapters = [size.trained(16, True) for size in sizes if size is not None]
    assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == 3
    assert adapters == sorted(adapters, reverse=True) and len(set(adapters)) == 3
