"""What a picture with identity costs beside the stock pipeline and beside stock IP-Adapter.

    python -m benchmarks.speed.generate_speed  # mini, two threads, 7 rounds
    python -m benchmarks.speed.generate_speed --base sd15 --steps 2 --size 256  # random weights
    python -m benchmarks.speed.generate_speed --base sd15 --cuda --steps 30 --rounds 9

Everything in one process on the same weights: every round draws one picture each way, in an order
that is shuffled anew, all with the round's prompt and seed and the same scheduler, steps, guidance
and size. Ours is the branch with the recipe's settings, `hold` included: mini's as it is, as its
recipes leave it, elsewhere with an adapter of rank 8 with random weights. `LoRA` is a person
without the branch: a random LoRA of rank 8 on the base's own attention, fused, on a base that was
opened bare, blended also where the recipe does not. `both` is mini's default recipe, the branch and
such a LoRA. `adapter` is mini with an adapter, as profiles of version 0.1 have it. The stock
pipelines are diffusers' own classes without safety checker and progress bar, asked for arrays;
IP-Adapter has the published layout (one image embedding of 1,024, four tokens) with random weights,
through diffusers' own loader, and is given the embedding, as ours is given the W+ code: neither
reads a photo in the time measured. `stdin` is the command's stage with prompts one after another:
from the moment a later prompt is taken to its picture being written, beside the time inside the
sampler. Ratios are medians over rounds of the ratio within a round; wall time, and on the CPU the
process's CPU time too, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS, WEIGHTS
from benchmarks.quality.costs import existing_profile
from benchmarks.speed.draw_arms import (
    Arms,
    bare_base,
    by_pipeline,
    lora_arms,
    random_code,
    random_lora,
    stock_pipeline,
)
from benchmarks.speed.real_size import write_base
from benchmarks.tuning import drawing
from pidiff_cli import api
from pidiff_cli.core.diffusion.base import Base, open_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.identity.adapter import add_adapter
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.person import drawing as drawn_by

RESULTS = MEASUREMENTS / "generate_speed.json"
WISHES = ("as an astronaut", "as a chef", "as a pirate", "at the beach", "in the snow", "smiling")
RECIPES = {"mini": "mini-cpu", "sd15": "sd15-8gb"}
ASKED = {
    "ours / stock": 1.3, "ours, hold 0 / stock": 1.0, "LoRA / stock": 1.3,
    "LoRA, hold 0 / stock": 1.0, "both / stock": 1.3, "both, hold 0 / stock": 1.0,
    "ours / IP-Adapter": 1.00, "stdin / sampling": 1.02,
}  # fmt: skip
RANK = 8
Device = tuple[torch.device, torch.dtype]


def folder_of(base: str, scratch: Path) -> Path:
    """A diffusers folder of the base: mini's own, or one of the real size with random weights."""
    if base == "mini":
        return WEIGHTS / "diffusers"

    write_base(scratch / base, base)
    return scratch / base


def our_base(folder: Path, codes: tuple[int, int] | None, how: Device, part: str = "") -> Base:
    """The base with an identity branch and a random "adapter" on it, a random "lora", or neither.

    Args:
        codes: size of a W+ code, for a branch of the text's own weights; None takes mini's.
    """
    opened = open_base(folder, None if codes else WEIGHTS / "identity", codes, *how)
    torch.manual_seed(0)
    if part == "lora":
        opened.lora = random_lora(opened, RANK)
    elif part:
        for name, parameter in add_adapter(opened.unet, RANK, RANK).named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.02)
    opened.unet.requires_grad_(False)
    return opened


def ip_adapter_state(unet: Any, seed: int = 0) -> dict[str, dict[str, torch.Tensor]]:
    """Random weights in the layout of the published `ip-adapter_sd15`."""
    generator = torch.Generator().manual_seed(seed)
    width = unet.config.cross_attention_dim

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * shape[-1] ** -0.5

    layers, place = {}, 1
    for name in unet.attn_processors:
        if name.endswith("attn2.processor"):
            inner = unet.get_submodule(name.removesuffix(".processor")).inner_dim
            for part in ("k", "v"):
                layers[f"{place}.to_{part}_ip.weight"] = normal(inner, width)
            place += 2
    image = {
        "proj.weight": normal(4 * width, 1024), "proj.bias": torch.zeros(4 * width),
        "norm.weight": torch.ones(width), "norm.bias": torch.zeros(width),
    }  # fmt: skip
    return {"image_proj": image, "ip_adapter": layers}


def arms_of(base: Base, folder: Path, settings: DrawSettings) -> Arms:
    """Each way to draw one picture of a wish with a seed."""
    code = random_code(base)
    stock, adapted = stock_pipeline(base, folder), stock_pipeline(base, folder)
    adapted.load_ip_adapter(
        ip_adapter_state(adapted.unet), subfolder="", weight_name="", image_encoder_folder=None
    )
    adapted.set_ip_adapter_scale(1.0)
    adapted.unet.to(base.device, base.dtype)
    embedding = torch.randn(1, 1, 1024, generator=torch.Generator().manual_seed(2))
    pair = torch.cat([torch.zeros_like(embedding), embedding]).to(base.device, base.dtype)

    def ours(wish: str, seed: int, **changes: Any) -> Any:
        prompt = encode_prompt(base, f"a photo of a person {wish}", "person")
        return draw(base, prompt, code, [seed], drawing(settings, changes))

    arms: Arms = {
        "stock": lambda wish, seed: by_pipeline(stock, settings, wish, seed),
        "IP-Adapter": lambda wish, seed: by_pipeline(
            adapted, settings, wish, seed, ip_adapter_image_embeds=[pair]
        ),
        "ours": ours,
        "ours, scale 0": lambda wish, seed: ours(wish, seed, identity_scale=0.0),
    }
    if settings.keep_background:
        arms["ours, hold 0"] = lambda wish, seed: ours(wish, seed, hold=0.0)
    return arms | lora_arms(bare_base(folder, base.device, base.dtype, RANK), settings)


def adapter_arm(base: Base, settings: DrawSettings) -> Callable[[str, int], Any]:
    """A picture by a branch with an adapter, whose rows and the base's own are two calls."""
    code = random_code(base)

    def drawn(wish: str, seed: int) -> Any:
        prompt = encode_prompt(base, f"a photo of a person {wish}", "person")
        return draw(base, prompt, code, [seed], settings)

    return drawn


def alternate(arms: Arms, rounds: int, device: torch.device) -> dict[str, dict[str, list[float]]]:
    """Seconds of every round by arm: wall, and the process's own CPU time."""
    taken: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu_time": []} for name in arms}
    order = random.Random(0)
    for number in range(-1, rounds):  # the first one warms up
        for name in order.sample(list(arms), len(arms)):
            wall, cpu = time.perf_counter(), time.process_time()
            arms[name](WISHES[number % len(WISHES)], max(number, 0))
            if device.type == "cuda":
                torch.cuda.synchronize()
            if number >= 0:
                taken[name]["wall"].append(time.perf_counter() - wall)
                taken[name]["cpu_time"].append(time.process_time() - cpu)
    return taken


def ratio(
    taken: dict[str, dict[str, list[float]]], one: str, other: str, clock: str = "wall"
) -> float:
    """Median over the rounds of one arm's time against another's."""
    pairs = zip(taken[one][clock], taken[other][clock], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 3)


def measure(base: str, args: argparse.Namespace) -> dict[str, Any]:
    """One base: ratios, seconds and the settings they belong to."""
    device = torch.device("cuda" if args.cuda else "cpu")
    dtype = torch.float32 if base == "mini" and not args.cuda else torch.bfloat16
    given = {key: getattr(args, key) for key in ("steps", "size") if getattr(args, key)}
    chosen = load_recipe(RECIPES[base]).generate
    known = {key: chosen[key] for key in ("steps", "guidance", "hold", "size") if key in chosen}
    settings = drawing(DrawSettings(), known | given)
    with tempfile.TemporaryDirectory() as scratch:
        folder = folder_of(base, Path(scratch))
        how = device, dtype
        if base == "mini":
            arms = arms_of(our_base(folder, None, how), folder, settings)
            arms |= lora_arms(our_base(folder, None, how, "lora"), settings, name="both")
            arms["adapter"] = adapter_arm(our_base(folder, None, how, "adapter"), settings)
        else:
            arms = arms_of(our_base(folder, (18, 512), how, "adapter"), folder, settings)
        taken = alternate(arms, args.rounds, device)
    others = [name for name in taken if name != "stock"]
    found: dict[str, Any] = {
        "base": base, "device": str(device), "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(), "rounds": args.rounds, "settings": vars(settings),
        "seconds": {k: round(statistics.median(v["wall"]), 3) for k, v in taken.items()},
    }  # fmt: skip
    for clock in ("wall", "cpu_time"):
        rows = {f"{name} / stock": ratio(taken, name, "stock", clock) for name in others}
        found[clock] = rows | {"ours / IP-Adapter": ratio(taken, "ours", "IP-Adapter", clock)}
    return found


def measure_stdin(home: Path, rounds: int) -> dict[str, Any]:
    """Later prompts of one run: to the written picture, against the time inside the sampler."""
    asked: list[float] = []
    written: list[float] = []
    inside: list[float] = []

    def timed(*given: Any, **more: Any) -> Any:
        began = time.perf_counter()
        made = draw(*given, **more)
        inside.append(time.perf_counter() - began)
        return made

    def prompts() -> Iterator[str]:
        for number in range(rounds + 1):
            asked.append(time.perf_counter())
            yield WISHES[number % len(WISHES)]

    name = existing_profile(home)
    with patch.object(drawn_by, "draw", timed):
        api.generate(
            name, prompts(), home=home, out=home / "stdin",
            on_written=lambda _: written.append(time.perf_counter()),
        )  # fmt: skip
    later = [w - a for w, a in zip(written, asked, strict=True)][1:]
    ratios = [a / b for a, b in zip(later, inside[1:], strict=True)]
    return {"stdin / sampling": round(statistics.median(ratios), 3), "rounds": rounds,
            "seconds": round(statistics.median(later), 3)}  # fmt: skip


def print_table(results: dict[str, Any]) -> None:
    """Figures asked for beside those measured, as Markdown."""
    print("| base | figure | to reach | wall | CPU time |\n|---|---|---|---|---|")
    for key, row in results.items():
        if key == "stdin":
            ask = ASKED["stdin / sampling"]
            print(f"| mini | later prompt on stdin / sampling | <= {ask:.2f} "
                  f"| {row['stdin / sampling']:.3f} | |")  # fmt: skip
            continue
        for name, value in row["wall"].items():
            asked = f"<= {ASKED[name]:.2f}" if name in ASKED else "reported"
            cpu = f"{row['cpu_time'][name]:.3f}" if row["device"] == "cpu" else ""
            print(f"| {key} | {name} | {asked} | {value:.3f} | {cpu} |")


def plot(results: dict[str, Any], path: Path) -> None:
    """Bars of the ratios against the stock pipeline, a line at 1."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = {key: row for key, row in results.items() if key != "stdin"}
    clocks = {key: "cpu_time" if row["device"] == "cpu" else "wall" for key, row in rows.items()}
    shown = {key: row[clocks[key]] for key, row in rows.items()}
    figure, axes = plt.subplots(1, len(shown), figsize=(5 * len(shown), 3.2), squeeze=False)
    for axis, (key, row) in zip(axes[0], shown.items(), strict=True):
        bars = {name.removesuffix(" / stock"): v for name, v in row.items() if "/ stock" in name}
        axis.barh(list(bars), list(bars.values()), color="#5b7a99")
        axis.axvline(1.0, color="black", linewidth=0.8)
        clock = clocks[key].replace("cpu_", "CPU ").replace("wall", "wall time")
        axis.set_title(f"{key}: {clock} of a picture, stock pipeline = 1", fontsize=9)
        axis.set_xlim(0, max(1.2, *bars.values()) + 0.05)
        axis.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, merge into the kept results, print, plot."""
    parser = command_line("benchmarks.speed.generate_speed", __doc__)
    parser.add_argument("--base", action="append", choices=tuple(RECIPES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=0, help="instead of the recipe's")
    parser.add_argument("--size", type=int, default=0, help="px, instead of the recipe's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cuda", action="store_true")
    parser.add_argument("--stdin", action="store_true", help="only the later prompts of one run")
    parser.add_argument("--home", type=Path, default=Path(".mini/table/home").resolve())
    parser.add_argument("--out", type=Path, default=RESULTS, help="with a plot beside it")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    results = json.loads(args.out.read_text()) if args.out.is_file() else {}
    told = machine("cuda" if args.cuda else "cpu")
    told |= {"script": "benchmarks.speed.generate_speed"}
    if args.stdin:
        results["stdin"] = {**measure_stdin(args.home, args.rounds), **told}
    else:
        for base in args.base or ("mini",):
            key = f"{base} {'CUDA' if args.cuda else 'CPU'}"
            results[key] = {**measure(base, args), **told}
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print_table(results)
    if any(key != "stdin" for key in results):
        plot(results, args.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
