"""Time of a tuning step beside DreamBooth-LoRA's, same base, size, batch and rank, side by side.

    python -m benchmarks.speed.tune_speed  # mini on this CPU, two minutes
    python -m benchmarks.speed.tune_speed --base sd15  # real size, random weights
    python -m benchmarks.speed.tune_speed --base sd15 --cuda  # the same on a GPU

The baseline is stock diffusers + peft (`dreambooth`): LoRA on every attention, latents and
text cached, with and without prior preservation; on the real bases also with gradient
checkpointing, as it is set up for small cards, and PIDiff too. PIDiff learns the LoRA alone on a
bare base, the branch alone, and both. Rounds alternate; a ratio is the median of the rounds'
ratios. A PIDiff step that checks the preserve term and one that does not are
timed apart and weighed by the recipe's share; dropped captions and identities come as they come
(with one picture a step they save nothing). On a CPU both CPU time and wall time are told; wall
time is worth little where the cores are shared.
"""

from __future__ import annotations

import re
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch

from benchmarks.commands import command_line
from benchmarks.machine import keep, machine, table
from benchmarks.places import MEASUREMENTS, WEIGHTS
from benchmarks.speed.cuda_steps import CODES
from benchmarks.speed.dreambooth import Cached, DreamBooth
from benchmarks.speed.tune_steps import (
    CAPTION,
    Case,
    Steps,
    copied,
    halves,
    nobody,
    pooled_width,
    random_person,
    real_base,
    same_weights,
    timed,
    without_codes,
)
from benchmarks.tuning import Person, tuning
from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.training.dataset import LatentSet
from pidiff_cli.core.training.memory_plan import Plan

RESULTS = MEASUREMENTS / "tune_speed.json"
FIRST = "DreamBooth-LoRA"
AIM = 0.8  # of its time, to reach
RECIPES = {"mini": "mini-cpu", "sd15": "sd15-8gb", "sdxl": "sdxl-16gb"}


#: What learns, by title, as settings of a recipe; the ranks are alike (the default LoRA's is 8).
ARMS: dict[str, dict[str, Any]] = {
    "LoRA alone": {"rank": 0}, "branch alone": {"lora_rank": 0}, "LoRA and branch": {},
}  # fmt: skip
RANK = 8


def mini_cases() -> dict[str, Case]:
    """Recipe `mini-cpu` with each part and the baseline, in float32 and bf16, mini's weights."""
    from diffusers import DDPMScheduler, UNet2DConditionModel

    person, ranks = nobody(), {"rank": RANK, "lora_rank": RANK, "lora_alpha": float(RANK)}
    config, latents = tuning("mini-cpu", ranks).config, person.data[0].latents
    cases: dict[str, Case] = {}
    for title, prior, amp in baselines():
        unet = UNet2DConditionModel.from_pretrained(str(WEIGHTS / "diffusers" / "unet"))
        scheduler = DDPMScheduler.from_pretrained(str(WEIGHTS / "diffusers" / "scheduler"))
        cached = Cached(latents, torch.randn(1, CAPTION["mini"], 192))
        cases[title] = [(1.0, DreamBooth(
            cast(Any, unet).float(), scheduler, cached, cached if prior else None, config.batch,
            RANK, amp=amp,
        ).step)]  # fmt: skip
    for title, changes in ARMS.items():
        for precision in ("auto", "fp32"):
            given = tuning("mini-cpu", {**ranks, **changes, "precision": precision})
            branch = given.config.rank > 0
            base = open_base(WEIGHTS / "diffusers", WEIGHTS / "identity" if branch else None)
            who = person if branch else without_codes(person)
            name = f"PIDiff, {title}{', float32' * (precision == 'fp32')}"
            cases[name] = halves(Steps(base, "mini", given, who))
    return cases


def baselines() -> list[tuple[str, bool, torch.dtype | None]]:
    """Title, prior preservation, autocast."""
    half = torch.bfloat16
    return [
        (FIRST, False, None), (f"{FIRST}, bf16", False, half),
        (f"{FIRST} with prior", True, None), (f"{FIRST} with prior, bf16", True, half),
    ]  # fmt: skip


def real_cases(
    family: str, device: torch.device, batch: int, size: int, every: bool, only: str = ""
) -> dict[str, Case]:
    """Random weights of the real size in bf16; all cases share the frozen ones.

    ``only``: a pattern that titles must match whole; the baseline is always there.
    """
    wanted = re.compile(only or ".*").fullmatch
    base = real_base(family, device)
    asked = {key: value for key, value in (("batch", batch), ("size", size)) if value}
    config = tuning(RECIPES[family], asked).config
    person = on_device(config.size, base, device)
    cached = cached_of(family, base, person)
    cases: dict[str, Case] = {}
    for title, with_prior, again in (
        (FIRST, False, False), (f"{FIRST}, checkpointed", False, True),
        (f"{FIRST} with prior", True, False), (f"{FIRST} with prior, checkpointed", True, True),
    ):  # fmt: skip
        if title != FIRST and not wanted(title):
            continue
        cases[title] = [(1.0, baseline(base, cached, with_prior, config, again).step)]
    blocks = ("all", "mid_up", "up") if every else ("all",)
    arms = [(arm, changes, "all") for arm, changes in ARMS.items()]
    arms += [("branch alone", ARMS["branch alone"], part) for part in blocks[1:]]
    for arm, changes, part in arms:
        changed = tuning(RECIPES[family], {**asked, **changes, "trained_blocks": part})
        branch = changed.config.rank > 0
        for again in (False, True):
            title = f"PIDiff, {arm}{f', {part} learn' * (part != 'all')}{', checkpointed' * again}"
            plan, who = (
                Plan(changed.config.batch, again),
                person if branch else without_codes(person),
            )
            cases[title] = halves(Steps(copied(base, branch), family, changed, who, plan))
    return cases


def on_device(size: int, base: Base, device: torch.device) -> Person:
    """Random latents in bf16 on a device."""
    channels = base.latent_channels
    person = random_person(size, channels, (base.rows, base.dim) if base.has_branch else CODES)
    data = person.data[0]
    latents = LatentSet(data.latents.to(device, torch.bfloat16), data.masks.to(device), data.photo)
    return replace(person, data=(latents, latents))


def cached_of(family: str, base: Base, person: Person) -> Cached:
    """The same latents for the baseline, with random text states."""
    latents = person.data[0].latents
    text = torch.randn(1, CAPTION[family], cast(Any, base.unet).config.cross_attention_dim)
    text = text.to(latents)
    added = None
    if family == "sdxl":
        pooled = text.new_zeros(1, pooled_width(base))
        added = {"text_embeds": pooled, "time_ids": text.new_zeros(1, 6)}
    return Cached(latents, text, added)


def baseline(
    base: Base, cached: Cached, prior: bool, config: TuneConfig, checkpointing: bool
) -> DreamBooth:
    """DreamBooth-LoRA on a stock UNet with the base's weights, as many pictures, the same rank."""
    from diffusers import DDPMScheduler

    stock = same_weights(base.unet, dict(cast(Any, base.unet).config))
    return DreamBooth(
        stock, DDPMScheduler.from_config(base.scheduler_config), cached, cached if prior else None,
        config.batch, config.lora_rank or config.rank, amp=torch.bfloat16,
        checkpointing=checkpointing,
    )  # fmt: skip


def race(
    cases: dict[str, Case], first: str, rounds: int, each: int, device: torch.device
) -> list[dict[str, Any]]:
    """Milliseconds a step and ratios to ``first``: medians over the rounds, one round warms up."""
    walls: dict[str, list[float]] = {name: [] for name in cases}
    cpus: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, parts in cases.items():
            wall = cpu = 0.0
            for weight, act in parts:
                if weight:
                    found = timed(act, each, device)
                    wall, cpu = wall + weight * found[0], cpu + weight * found[1]
            if number:
                walls[name].append(wall)
                cpus[name].append(cpu)
        told = {name: round(times[-1], 2) for name, times in cpus.items() if times}
        print(f"round {number} of {rounds}, CPU s: {told}", file=sys.stderr, flush=True)

    def ratio(times: dict[str, list[float]], name: str) -> float:
        pairs = zip(times[name], times[first], strict=True)
        return round(statistics.median(a / b for a, b in pairs), 3)

    return [
        {
            "case": name, "ms": round(1e3 * statistics.median(walls[name]), 1),
            "cpu_ms": round(1e3 * statistics.median(cpus[name]), 1),
            "ratio": ratio(walls, name), "cpu_ratio": ratio(cpus, name),
        }
        for name in cases
    ]  # fmt: skip


def plot(rows: list[dict[str, Any]], title: str, path: Path) -> None:
    """A bar a case: its CPU time over the baseline's."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "pidiff"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 0.5 * len(rows) + 1.2))
    names, values = [row["case"] for row in rows], [row["cpu_ratio"] for row in rows]
    colours = ["#4477aa" if name.startswith("PIDiff") else "#bbbbbb" for name in names]
    bars = axes.barh(names[::-1], values[::-1], color=colours[::-1])
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.axvline(AIM, color="#cc3311", linewidth=1, linestyle="--")
    axes.set_xlabel(f"time of a step, DreamBooth-LoRA = 1; dashed: {AIM:.2f}")
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> int:
    """Run it."""
    parser = command_line("benchmarks.speed.tune_speed", __doc__)
    parser.add_argument("--base", choices=tuple(RECIPES), default="mini")
    parser.add_argument("--cuda", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--each", type=int, default=0, help="steps of a case a round")
    parser.add_argument("--batch", type=int, default=0, help="0 is the recipe's")
    parser.add_argument("--size", type=int, default=0, help="px; 0 is the recipe's")
    parser.add_argument("--only", default="", help="real bases: pattern of the cases' titles")
    parser.add_argument("--blocks", action="store_true", help="also with fewer blocks that learn")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device("cuda" if args.cuda else "cpu")
    each = args.each or (8 if args.base == "mini" else 1)
    name = f"{args.base}-{device.type}"
    cases = (
        mini_cases()
        if args.base == "mini"
        else real_cases(args.base, device, args.batch, args.size, args.blocks, args.only)
    )
    rows = race(cases, FIRST, args.rounds, each, device)
    told = {**machine(device.type), "script": "benchmarks.speed.tune_speed"}
    title = f"{args.base} on {device.type}, {told.get('gpu', told['cpu'])}"
    print(table(rows))
    settings = {"rounds": args.rounds, "batch": args.batch, "size": args.size}
    keep(args.out, name, {**told, **settings, "rows": rows})
    plot(rows, title, args.out.with_name(f"tune_speed_{name}.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
