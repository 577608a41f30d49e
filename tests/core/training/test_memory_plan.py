"""The memory plan: the choice among ways of tuning."""

from __future__ import annotations

import pytest

from pidiff_cli.core.training.memory_plan import Plan, Sizes, choose_plan, plans

MB = 1_000_000


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
        assert choose_plan(found, plan.peak) == plan
    assert choose_plan(found, found[-1].peak - 1) is None


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


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_fewer_blocks_that_learn_take_less(family: str) -> None:
    sizes = [Sizes.of(family, 2, blocks) for blocks in ("all", "mid_up", "up")]
    peaks = [size.peak(Plan(4), 512, 16, True) for size in sizes if size is not None]
    adapters = [size.trained(16, True) for size in sizes if size is not None]
    assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == 3
    assert adapters == sorted(adapters, reverse=True) and len(set(adapters)) == 3
