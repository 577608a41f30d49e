"""The memory plan: the choice among ways of tuning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pidiff_cli.core.training.memory_plan import Learnt, Plan, Sizes, choose_plan, plans

MB = 1_000_000


BRANCH = Learnt(8)


def _sizes(learnt: Learnt = BRANCH, width: int = 2) -> Sizes:
    values = {
        "bytes": 2, "frozen": 900 * MB, "branch_weights": 100 * MB, "rank": MB, "code": 0,
        "lora_rank": 2 * MB, "linears": 500 * MB, "attention": 300 * MB,
        "vae": 100 * MB, "text": 200 * MB,
        "steps": [[256, False, 0, 100 * MB], [512, False, 0, 400 * MB],
                  [256, True, 0, 20 * MB], [512, True, 0, 80 * MB]],
        "encode": [[256, 10 * MB], [512, 40 * MB]], "decode": [[256, 15 * MB], [512, 60 * MB]],
        "row": [[256, MB], [512, 4 * MB]],
    }  # fmt: skip
    return Sizes(values, width, learnt)


def test_plans_go_from_the_fastest_to_the_smallest() -> None:
    found = plans(_sizes(), 4, 512, nf4=True)
    assert found[0] == Plan(4, peak=found[0].peak)
    peaks = [plan.peak for plan in found]
    assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == len(peaks)
    assert found[-1].nf4 and found[-1].parked and found[-1].checkpointing
    for plan in found:
        assert choose_plan(found, plan.peak) == plan
    assert choose_plan(found, found[-1].peak - 1) is None


def test_a_prediction_adds_up() -> None:
    peak = _sizes().peak(Plan(2), 512)
    assert peak == int(1.05 * (1000 + 300 + 8 * 3 + 2 * 400) * MB)
    eight_bit = replace(BRANCH, eight_bit=True)
    drawing = _sizes(eight_bit).peak(Plan(1, True, parked=True), 256)
    assert drawing == int(1.05 * (1000 + 8 * 1.5 + 100 + 15) * MB), "a preview is the highest point"
    rows = _sizes(Learnt(0, 4, branch=False)).values | {"row": [[256, 40 * MB]]}
    asked = Sizes(rows, 2, Learnt(0, 4, branch=False)).peak(Plan(1, True, parked=True), 256)
    assert asked == int(1.05 * (900 + 2 * 4 * 3 + 300 + 4 * 40) * MB), "four rows of a step are"
    wide = _sizes(width=4).peak(Plan(2), 512)
    assert wide == int(1.05 * (2 * (1000 + 300 + 2 * 400) + 8 * 3) * MB)


def test_between_counted_sizes_the_area_decides() -> None:
    sizes, half = _sizes(), (256**2 + 512**2) / 2
    assert sizes.step(round(half**0.5), 1, False) == pytest.approx(250 * MB, rel=0.01)
    assert sizes.step(1024, 1, False) == pytest.approx(1600 * MB, rel=0.01)


def test_where_nothing_can_wait_elsewhere_no_plan_parks() -> None:
    found = plans(_sizes(), 4, 512, move=False)
    assert not any(plan.parked or plan.nf4 for plan in found) and len(found) > 2


def test_a_lora_alone_counts_no_branch_and_its_copies() -> None:
    sizes = _sizes(Learnt(0, 4, branch=False))
    drawing = int(1.05 * (900 + 4 * 2 * 3 + 300 + 300 + 60) * MB)
    assert sizes.peak(Plan(1, True), 512) == drawing, "weights with the LoRA lie beside the own"
    unfused = sizes.peak(Plan(1, True, unfused=True), 512)
    assert unfused == int(1.05 * (900 + 4 * 2 * 3 + 300 + 80) * MB), "a step is the highest point"
    in_four_bits = sizes.peak(Plan(1, True, nf4=True), 512)
    assert in_four_bits < unfused - 0.6 * 500 * MB, "such weights are never fused"


def test_both_parts_learn_with_states_of_their_own() -> None:
    assert _sizes(Learnt(8, 4)).trained() == (8 + 4 * 2) * 3 * MB
    assert _sizes(Learnt(0, 4, branch=False)).trained() == 4 * 2 * 3 * MB
    assert _sizes(Learnt(8, 4)).frozen(Plan(1)) == 1000 * MB


def test_copies_are_given_up_only_where_they_do_not_fit() -> None:
    found = plans(_sizes(Learnt(0, 4, branch=False)), 4, 512, nf4=True)
    assert not found[0].unfused and any(plan.unfused for plan in found)
    assert not any(plan.unfused for plan in plans(_sizes(), 4, 512, nf4=True))
    assert found[-1].nf4 and not found[-1].unfused


@pytest.mark.parametrize("family", ["mini", "sd15", "sdxl"])
def test_the_parts_were_counted(family: str) -> None:
    alone, lora, both = (
        Sizes.of(family, 4 if family == "mini" else 2, learnt)
        for learnt in (Learnt(8), Learnt(0, 8, branch=False), Learnt(8, 8))
    )
    assert alone is not None and lora is not None and both is not None
    assert lora.frozen(Plan(1)) < alone.frozen(Plan(1)) == both.frozen(Plan(1))
    size = 128 if family == "mini" else 512
    assert both.unet(Plan(1), size) > max(alone.unet(Plan(1), size), lora.unet(Plan(1), size))
    assert Sizes.of("other", 2, Learnt(8)) is None


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_fewer_blocks_that_learn_take_less(family: str) -> None:
    learnt = [Learnt(16, blocks=blocks, eight_bit=True) for blocks in ("all", "mid_up", "up")]
    sizes = [Sizes.of(family, 2, each) for each in learnt]
    peaks = [size.peak(Plan(4), 512) for size in sizes if size is not None]
    adapters = [size.trained() for size in sizes if size is not None]
    assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == 3
    assert adapters == sorted(adapters, reverse=True) and len(set(adapters)) == 3
