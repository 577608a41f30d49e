"""How good mini's own pictures are, beside the drawings it learnt from.

    python -m benchmarks.quality.mini_pictures  # 2,000 pictures, half an hour on a core
    python -m benchmarks.quality.mini_pictures --count 200 --out .mini/small.json

What the captions ask for and the judge recognises (beside what it recognises in true drawings of
the same captions), the Fréchet distance in the judge's features over that of drawings to other
drawings, the diversity of one prompt over that of drawings with this caption, and whether factors
move one way between two people's W+ codes. Prints a Markdown table; writes
docs/measurements/mini_pictures.json and, with --sheet, a sheet of pictures below their drawings.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import command_line
from benchmarks.machine import machine
from benchmarks.places import MEASUREMENTS, WEIGHTS
from benchmarks.quality import world_pictures as world
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.diffusion.sampling import DrawSettings
from pidiff_cli.core.images import save_png
from pidiff_cli.core.metrics.judge import load_judge

RESULTS = MEASUREMENTS / "mini_pictures.json"
REACH = {"role": 0.95, "scene": 0.95, "style": 0.95, "expression": 0.85}
ONE_PROMPT = (
    {"role": "chef", "scene": "kitchen", "noun": "woman"},
    {"scene": "beach", "noun": "man"},
    {"role": "wizard", "scene": "forest", "style": "oil", "noun": "man"},
    {"scene": "city", "expression": "smile", "noun": "girl"},
)
LIMIT_MB = 40.0


def weights_mb() -> float:
    """Megabytes (10^6 bytes) of mini's weights in the package."""
    files = [f for f in WEIGHTS.rglob("*") if f.is_file()]
    return sum(f.stat().st_size for f in files) / 1e6


def digest() -> str:
    """Of the UNet, text encoder and autoencoder, so that kept pictures are of these weights."""
    files = sorted((WEIGHTS / "diffusers").rglob("*.safetensors"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:8]


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Every figure; pictures and drawings are kept under .mini/table."""
    base, judge = load_base(WEIGHTS), load_judge(WEIGHTS / "judge")
    settings = DrawSettings(steps=args.steps, guidance=args.guidance)
    wishes, drawings = world.sampled(args.count, 0)
    name = f"base-{digest()}-{args.count}-{args.steps}-{args.guidance}"
    made = world.kept(name, lambda: world.pictured(base, wishes, settings, 1, _say))
    others = world.sampled(args.count, 1)[1]
    real = world.features_of(judge, drawings)
    floor = world.frechet(real, world.features_of(judge, others))
    distance = world.frechet(world.features_of(judge, made), real)
    variety = _variety(base, judge, settings, args.repeats)
    pairs, true_pairs = world.held_out(args.unseen)
    name = f"pairs-{digest()}-{len(pairs)}-{args.steps}-{args.guidance}"
    paired = world.kept(name, lambda: world.pictured(base, pairs, settings, 30_000, _say))
    rare, combinations = world.unseen(args.unseen)
    name = f"unseen-{digest()}-{len(rare)}of{combinations}-{args.steps}-{args.guidance}"
    rarely = world.kept(name, lambda: world.pictured(base, rare, settings, 20_000, _say))
    if args.sheet:
        _sheet(args.sheet, drawings, made)
    return {
        "count": args.count, "steps": args.steps, "guidance": args.guidance,
        "recognised": world.recognised(judge, made, wishes),
        "recognised_drawings": world.recognised(judge, drawings, wishes),
        "frechet": distance, "frechet_drawings": floor, "frechet_ratio": distance / floor,
        **{name: float(np.mean(each)) for name, each in variety.items()}, "diversity_each": variety,
        "held_out_pairs": world.all_right(judge, paired, pairs),
        "held_out_pairs_drawings": world.all_right(judge, true_pairs, pairs),
        "unseen": {"combinations": combinations, **world.all_right(judge, rarely, rare)},
        "along_the_way": world.along_the_way(judge, WEIGHTS, args.pairs),
        "weights_mb": weights_mb(), "on": machine(),
    }  # fmt: skip


def _variety(base: Any, judge: Any, settings: Any, repeats: int) -> dict[str, list[float]]:
    """Of each prompt's pictures, how far apart they are over the drawings' own, by both kinds of
    drawings (``world.drawn_for``)."""
    each: dict[str, list[float]] = {"diversity": [], "diversity_of_facts": []}
    for i, facts in enumerate(ONE_PROMPT):
        same, told = world.repeated(facts, repeats, i)
        loose = world.repeated(facts, repeats, i, told=False)[1]
        pictures = world.pictured(base, same, settings, 7000)
        made, *own = (world.spread(world.features_of(judge, p)) for p in (pictures, told, loose))
        for shares, apart in zip(each.values(), own, strict=True):
            shares.append(made / apart)
    return each


def _say(done: int) -> None:
    print(f"{done} pictures", file=sys.stderr, flush=True)


def _sheet(path: Path, drawings: np.ndarray, made: np.ndarray) -> None:
    """Twelve drawings in a row, mini's pictures of the same captions below, four times."""
    rows = [np.concatenate(list(s[12 * k : 12 * k + 12]), 1) for k in range(min(4, len(made) // 12))
            for s in (drawings, made)]  # fmt: skip
    save_png(path, np.concatenate(rows))


def print_table(r: dict[str, Any]) -> None:
    """Figure | to reach | measured, as Markdown."""
    print("| figure | to reach | measured |\n|---|---|---|")
    for head, reach in REACH.items():
        true = r["recognised_drawings"][head]["mean"]
        got = r["recognised"][head]
        worst = min(got["each"], key=got["each"].get)
        print(f"| {head}s recognised in pictures | >= {reach} | {got['mean']:.3f} (true drawings "
              f"{true:.3f}; worst {worst} {got['each'][worst]:.2f}) |")  # fmt: skip
    parts = f"{r['frechet']:.2f} / {r['frechet_drawings']:.2f}"
    print(f"| Fréchet distance, {r['count']} pictures, over the drawings' own | <= 3 | "
          f"{r['frechet_ratio']:.1f} ({parts}) |")  # fmt: skip
    print(f"| diversity of one prompt over that of drawings with this caption | >= 0.8 | "
          f"{r['diversity']:.2f} |")  # fmt: skip
    print(f"| the same over drawings that share its facts, other styles and moods among them | | "
          f"{r['diversity_of_facts']:.2f} |")  # fmt: skip
    pairs, true = r["held_out_pairs"], r["held_out_pairs_drawings"]
    print(f"| role and scene both, in pairs of them never trained on | >= 0.85 | "
          f"{pairs['role_and_scene']:.3f} (role {pairs['role']:.3f}, scene {pairs['scene']:.3f}; "
          f"true drawings {true['role_and_scene']:.3f}) |")  # fmt: skip
    rare = r["unseen"]
    print(f"| role and scene both, in combinations of role, scene, style and expression that no "
          f"training picture holds | >= 0.85 | {rare['role_and_scene']:.3f} (all four "
          f"{rare['all']:.3f}; {rare['combinations']} combinations) |")  # fmt: skip
    way = r["along_the_way"]
    print(f"| factors monotone between two people's codes | >= 0.9 | {way['share']:.2f} "
          f"({way['pairs']} pairs, {way['factors_read']} factors read) |")  # fmt: skip
    print(f"| weights in the package | <= {LIMIT_MB:.0f} MB | {r['weights_mb']:.1f} MB |")


def main() -> None:
    """Measure, save, print."""
    parser = command_line("benchmarks.quality.mini_pictures", __doc__)
    parser.add_argument("--count", type=int, default=2000, help="pictures, and as many drawings")
    parser.add_argument("--steps", type=int, default=12, help="denoising steps of a picture")
    parser.add_argument("--guidance", type=float, default=2.5)
    parser.add_argument("--repeats", type=int, default=32, help="pictures of one prompt")
    parser.add_argument("--unseen", type=int, default=400, help="pictures of what was never drawn")
    parser.add_argument("--pairs", type=int, default=40, help="pairs of people to go between")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="also draw a sheet here")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    began = time.perf_counter()
    results = {**measure(args), "took_seconds": round(time.perf_counter() - began)}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print_table(results)


if __name__ == "__main__":
    main()
