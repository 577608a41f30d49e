"""Which way of tuning fits the memory that is free: predicted before anything is loaded.

Sizes come from ``footprints.json``, which ``python -m benchmarks.speed.memory --write``
counts. A plan changes how a step is computed and never what it learns: the batch, the losses and
the random numbers are the recipe's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pidiff_cli.core.diffusion.base import TILE

TABLE = Path(__file__).with_name("footprints.json")
MARGIN = 0.05  # of the predicted peak: what the allocator cannot use between blocks
#: Time of a step: a part for every picture and one for every pass, fitted to the ratios measured
#: at 1, 2, 4 and 8 pictures at once (docs/memory.md); what checkpointing and 4 bits cost.
A_PICTURE, A_PASS = 0.79, 0.84
CHECKPOINTED, QUANTISED = 1.41, 1.3
NF4 = 0.53 / 2  # bytes of a 4-bit weight with its scales, over a bf16 one


@dataclass(frozen=True)
class Plan:
    """How a step is computed.

    Attributes:
        micro_batch: pictures in one pass; the batch's gradients add up over the passes.
        checkpointing: activations are computed again in the backward pass.
        parked: autoencoder and text encoders wait in main memory while the UNet learns.
        unfused: previews compute the LoRA layer by layer, no weights with it lie beside the own.
        tiled: the autoencoder draws previews tile by tile.
        nf4: the UNet's frozen linear layers are kept in 4 bits, and so never fused.
        peak: bytes predicted at the highest point, weights included.
    """

    micro_batch: int
    checkpointing: bool = False
    parked: bool = False
    tiled: bool = False
    nf4: bool = False
    unfused: bool = False
    peak: int = 0

    def document(self) -> dict[str, Any]:
        """JSON values, the peak in MB."""
        values = asdict(self)
        values["at_once"] = values.pop("micro_batch")  # a contract's key
        values["peak_mb"] = round(values.pop("peak") / 1e6)
        return values


@dataclass(frozen=True)
class Learnt:
    """What of an identity learns, and by which optimizer.

    Attributes:
        rank: of the branch's adapter. lora_rank: of the LoRA on the base's own attention. 0 is
            none.
        branch: whether the base has the W+ branch, which computes also where it does not learn.
        blocks: where the branch learns: all, mid_up or up.
        eight_bit: the optimizer's states are of 8 bits, not float32.
    """

    rank: int
    lora_rank: int = 0
    branch: bool = True
    blocks: str = "all"
    eight_bit: bool = False

    @property
    def part(self) -> str:
        """The row of the table that it is counted by."""
        if not self.branch:
            return "lora"
        return "both" if self.lora_rank else "branch"


class Sizes:
    """What is known of a family's sizes, in bytes, weights of ``width`` bytes each."""

    def __init__(self, values: dict[str, Any], width: int, learnt: Learnt) -> None:
        self.values, self.wider, self.learnt = values, width / values["bytes"], learnt

    @staticmethod
    def of(family: str, width: int, learnt: Learnt) -> Sizes | None:
        """The counted sizes of a family where this learns; None where it was not counted.

        With both parts the branch's blocks save nothing of a step: the LoRA is on all of them.
        """
        table = json.loads(TABLE.read_text(encoding="utf-8"))
        if family not in table:
            return None
        values = table[family]
        branch = values["branch"][learnt.blocks]
        steps = branch if learnt.part == "branch" else values[learnt.part]
        return Sizes({**values, **branch, **steps}, width, learnt)

    def step(self, size: int, count: int, checkpointing: bool) -> int:
        """What a step of ``count`` pictures of ``size`` px holds beside the weights."""
        rows = [row for row in self.values["steps"] if row[1] == checkpointing]
        fixed, each = (_between([(r[0], r[i]) for r in rows], size) for i in (2, 3))
        return int(self.wider * (fixed + count * each))

    def call(self, name: str, size: int) -> int:
        """What ``encode``, ``decode`` or a ``row`` of a step, of one picture, holds beside the
        weights."""
        return int(self.wider * _between([(row[0], row[1]) for row in self.values[name]], size))

    def trained(self) -> int:
        """Adapters and optimizer states; gradients count as part of the step."""
        learnt, parameters = self.learnt, 0
        if learnt.branch and learnt.rank:
            parameters += self.values["rank"] * learnt.rank + self.values["code"]
        parameters += self.values["lora_rank"] * learnt.lora_rank
        return int(parameters * (1 + (0.5 if learnt.eight_bit else 2)))

    def unet(self, plan: Plan, size: int) -> int:
        """The UNet's part while it learns: weights, adapters, optimizer states and a step."""
        step = self.step(size, plan.micro_batch, plan.checkpointing)
        return int(self.frozen(plan) + self.trained() + step)

    def frozen(self, plan: Plan) -> float:
        """The UNet's frozen weights, and those of the branch."""
        branch = self.values["branch_weights"] if self.learnt.branch else 0
        less = plan.nf4 * (1 - NF4) * self.values["linears"]
        return self.wider * (self.values["frozen"] + branch - less)

    def fused(self, plan: Plan) -> float:
        """The base's own attention with the LoRA in it, beside it while pictures are drawn."""
        fuses = self.learnt.lora_rank > 0 and not (plan.nf4 or plan.unfused)
        return self.wider * self.values["attention"] * fuses

    def peak(self, plan: Plan, size: int) -> int:
        """The highest point of a tuning: learning, or drawing a preview."""
        vae, text = (self.wider * self.values[name] for name in ("vae", "text"))
        others = 0 if plan.parked else vae + text
        learning = self.unet(plan, size) + others
        decode = max(others, vae) + self.call("decode", min(size, TILE) if plan.tiled else size)
        steps = others + (4 if self.learnt.lora_rank else 2) * self.call("row", size)
        weights = self.frozen(plan) + self.trained() + self.fused(plan)
        drawing = weights + max(decode, steps)
        return int((1 + MARGIN) * max(learning, drawing))


def plans(
    sizes: Sizes,
    batch: int,
    size: int,
    nf4: bool = False,
    move: bool = True,
    allowed: Callable[[Plan], bool] = lambda plan: True,
) -> list[Plan]:
    """Every plan worth having, the fastest first, each smaller than the one before.

    Args:
        batch: pictures a step. size: side in px. nf4: 4-bit weights can be had here.
        move: parts can wait in another memory than the device's.
        allowed: which plans may be taken.
    """
    ways, forms = [], _forms(nf4, move, sizes.learnt.lora_rank > 0)
    for micro_batch in range(1, batch + 1):
        for checkpointing in (False, True):
            for form in forms:
                plan = Plan(micro_batch, checkpointing, **form)
                ways.append((_cost(plan, batch), replace(plan, peak=sizes.peak(plan, size))))
    ways = [way for way in ways if allowed(way[1])]
    ways.sort(key=lambda way: (way[1].nf4, way[0], way[1].peak))  # 4 bits are not quite the same
    found: list[Plan] = []
    for _, plan in ways:
        if not found or plan.peak < found[-1].peak:
            found.append(plan)
    return found


def choose_plan(found: list[Plan], free: int) -> Plan | None:
    """The fastest plan that fits ``free`` bytes; None where none does."""
    return next((plan for plan in found if plan.peak <= free), None)


def _forms(nf4: bool, move: bool, fuses: bool) -> list[dict[str, bool]]:
    """What besides the step itself saves memory."""
    saves = ["unfused"] * fuses + ["parked"] * move + ["tiled"]
    found: list[dict[str, bool]] = [{}]
    for name in saves:
        found += [{**form, name: True} for form in found]
    small = {name: True for name in saves if name != "unfused"}
    return found + [{**small, "nf4": True}] if nf4 else found


def _cost(plan: Plan, batch: int) -> float:
    """Time a step, relative; what the autoencoder and the fusing do costs at previews only."""
    cost = A_PICTURE * batch + A_PASS * -(-batch // plan.micro_batch)
    cost *= (CHECKPOINTED if plan.checkpointing else 1) * (QUANTISED if plan.nf4 else 1)
    return cost + 0.005 * plan.unfused + 0.01 * plan.parked + 0.02 * plan.tiled


def _between(points: list[tuple[int, int]], size: int) -> float:
    """A value at ``size`` px from those at other sizes: straight lines over the picture's area."""
    points = sorted(points)
    area = size * size
    if len(points) == 1:
        return points[0][1] * area / points[0][0] ** 2
    upper = next((i for i, (s, _) in enumerate(points) if s >= size), len(points) - 1)
    (s0, v0), (s1, v1) = points[max(upper, 1) - 1], points[max(upper, 1)]
    return max(0.0, v0 + (v1 - v0) * (area - s0 * s0) / (s1 * s1 - s0 * s0))
