"""The methods that are compared, by name, with the settings chosen for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.rivals.cases import Case
from benchmarks.rivals.general import ip_adapter
from benchmarks.rivals.pidiff import pidiff
from benchmarks.rivals.shop import Made, Shop, all_seeds, full_prompts
from benchmarks.rivals.words import custom_diffusion, dreambooth_lora, textual_inversion
from pidiff_cli.recipe import load_recipe

CHOSEN = Path(__file__).with_name("rivals.json")
Settings = dict[str, Any]
Fit = Callable[[Shop, Case, Settings], Iterator[Made]]


@dataclass(frozen=True)
class Method:
    """A line of the table.

    Attributes:
        title: as printed. fit: makes the pictures. settings: fixed ones of this line.
        grid: settings tried on the validation people, the best being kept in ``rivals.json``.
        needs: kind of the general branch that has to be trained before ("" for none).
    """

    title: str
    fit: Fit
    settings: Settings = field(default_factory=dict)
    grid: tuple[Settings, ...] = ()
    needs: str = ""


def nothing(shop: Shop, case: Case, settings: Settings) -> Iterator[Made]:
    """The base's own pictures."""
    yield Made(shop.draw(shop.pipe, full_prompts(case), all_seeds(case)))


def _rates(*rates: float, **more: Any) -> tuple[Settings, ...]:
    return tuple({"rate": rate, **more} for rate in rates)


LOOKS = {"steps": 600, "looks": [150, 300, 600], "batch": 2}
_TI = {**LOOKS, "batch": 4}

MAIN: dict[str, Method] = {
    "base": Method("the base, nobody in it", nothing),
    "inversion": Method(
        "textual inversion", textual_inversion,
        grid=(*_rates(5e-3, 2e-2, **_TI, vectors=1), *_rates(5e-3, 2e-2, **_TI, vectors=4)),
    ),
    "dreambooth": Method(
        "DreamBooth-LoRA", dreambooth_lora,
        grid=(
            *_rates(3e-4, 1e-3, **LOOKS, rank=8, text=0),
            *_rates(3e-4, 1e-3, **LOOKS, rank=8, text=1),
        ),
    ),
    "custom": Method(
        "Custom Diffusion (K, V)", custom_diffusion, grid=_rates(1e-4, 5e-4, 2e-3, **LOOKS)
    ),
    "ip": Method(
        "IP-Adapter of the face vector", ip_adapter,
        grid=({"scale": 0.6}, {"scale": 0.8}, {"scale": 1.0}), needs="ip",
    ),
    "wplus": Method(
        "W+ adapter, not tuned (M = 1)", pidiff,
        {"tune": 0, "map": 0, "hold": 0.0, "start": 0.0},
        grid=({"identity_scale": 0.7}, {"identity_scale": 1.0}),
    ),
    "untuned": Method("PIDiff's branch, not tuned", pidiff, {"tune": 0}),
    "pidiff": Method("PIDiff", pidiff),
    "bare": Method("PIDiff without a general branch", pidiff, {"bare": 1}),
}  # fmt: skip
BRANCH = {"learning_rate": 1e-3}  # mini's fair one, ten times that of real bases
RECIPE = load_recipe("mini-cpu").tune  # what is the recipe's own is not a line of its own
WITHOUT: dict[str, Method] = {
    "no-wplus": Method("the embedder's vector for W+", pidiff, {"vector": 1}, needs="vector"),
    "no-removal": Method("background left in", pidiff, {"background": 1}),
    "no-map": Method("no localisation map (nothing held)", pidiff, {"map": 0}),
    "no-locate": Method("no L_loc", pidiff, {"locate_weight": 0.0}),
    "no-preserve": Method("no L_preserve", pidiff, {"preserve_weight": 0.0}),
    **(
        {"one-phase": Method("one phase (no face crops)", pidiff, {"face_phase": 0.0})}
        if RECIPE["face_phase"]
        else {"two-phases": Method("two phases (half on face crops)", pidiff, {"face_phase": 0.5})}
    ),
    "no-others": Method("no captions but the photos'", pidiff, {"lora_others": False}),
    "min-snr": Method("min-SNR weights", pidiff, {"lora_min_snr": 5.0}),
    "no-hold": Method("background not held while drawing", pidiff, {"hold": 0.0}),
    **{
        f"rank-{rank}": Method(
            f"rank {rank}", pidiff, {"lora_rank": rank, "lora_alpha": float(rank)}
        )
        for rank in (2, 4, 16)
    },
    "branch-too": Method("the branch learns too", pidiff, {**BRANCH, "rank": 8, "alpha": 8.0}),
    "bare-branch": Method(
        "bare: the branch alone, 400 steps", pidiff,
        {**BRANCH, "bare": 1, "rank": 16, "alpha": 16.0, "lora_rank": 0, "steps": 400},
    ),
    "bare-both": Method(
        "bare: branch and LoRA", pidiff, {**BRANCH, "bare": 1, "rank": 16, "alpha": 16.0}
    ),
}  # fmt: skip
METHODS = {**MAIN, **WITHOUT}
STOCK = ("base", "inversion", "dreambooth", "custom")  # nothing of the program's code in them
RIVALS = ("inversion", "dreambooth", "custom", "ip", "wplus")


@cache
def chosen() -> dict[str, Any]:
    """What the validation chose, by method."""
    return dict(json.loads(CHOSEN.read_text(encoding="utf-8"))) if CHOSEN.is_file() else {}


def settings_of(name: str) -> Settings:
    """The settings with which a method is drawn: its own, and those chosen for it."""
    method = METHODS[name]
    found = chosen().get(name, {}).get("chosen") or (method.grid[0] if method.grid else {})
    return {**{k: v for k, v in found.items() if k != "looks"}, **method.settings}
