"""What the two drawn worlds hold: ranges, shares, drawing rates, and faces in every style.

`python benchmarks/world.py [--people 4000] [--judge 60] [--out docs/measurements/world.json]`

Styles: held-out people of the narrow world (the judge knows no other), one picture each, are
sought among 100 by four photo drawings of everybody. The judge never saw woodblock or linocut.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from _drawings import draw_set, identities
from _networks import gallery, rank1
from mini_table import WEIGHTS, machine

from pidiff_cli.core.judge import load_judge
from pidiff_cli.mini.world import registry
from pidiff_cli.mini.world.camera import NO_CAMERA
from pidiff_cli.mini.world.context import Context, sample_context
from pidiff_cli.mini.world.features import build_features, landmarks
from pidiff_cli.mini.world.geometry import Geometry, head_shape
from pidiff_cli.mini.world.people import Person, sample_person
from pidiff_cli.mini.world.render import draw
from pidiff_cli.mini.world.worlds import NARROW, WIDE, World

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "world.json"
PARTS = ("skull", "jaw", "neck", "shoulder", "chin", "chin_half")
ROUNDS, A_ROUND = 4, 30  # of drawing, per world


def shapes(world: World, count: int) -> dict[str, list[float]]:
    """Part of the head -> least, greatest and standard deviation, units."""
    heads = [head_shape(sample_person(i, world)) for i in range(count)]
    found = {}
    for part in PARTS:
        values = np.array([getattr(head, part) for head in heads])
        found[part] = [round(float(v), 2) for v in (values.min(), values.max(), values.std())]
    return found


def hair(count: int) -> dict[str, float]:
    """Of the wide world's people beyond age 0.45: their share, white and grey hair, bare chins."""
    people = [sample_person(i, WIDE) for i in range(count)]
    old = [p for p in people if p.age > 0.45]
    level = np.array([np.mean(p.hair_rgb) for p in old])
    bare = [p.beard == "none" for p in old if p.noun == "man"]
    return {
        "old": len(old) / count,
        "white": float((level > 0.84).mean()),
        "grey": float(((level > 0.4) & (level <= 0.84)).mean()),
        "men_without_beard": float(np.mean(bare)),
    }


def contexts(count: int) -> dict[str, float]:
    """Shares of the wide world's contexts, and the least distance of a landmark to the edge, px."""
    rng = np.random.default_rng(0)
    many = [sample_context(rng, WIDE) for _ in range(count)]
    inside = [_margin(sample_person(i, WIDE), c) for i, c in enumerate(many)]
    return {
        "scene_light": float(np.mean([c.light == "scene" for c in many])),
        "occluder": float(np.mean([c.occluder != "none" for c in many])),
        "companion": float(np.mean([c.companion is not None for c in many])),
        "camera": float(np.mean([c.camera != NO_CAMERA for c in many])),
        "photo": float(np.mean([c.style == "photo" for c in many])),
        "margin_px": float(min(inside)),
    }


def _margin(person: Person, context: Context) -> float:
    geo = Geometry(person, context)
    points = geo.frame.to_px(landmarks(geo, build_features(person, context, geo))) / 2
    return min(float(points.min()), 128 - float(points.max()))


def rates() -> dict[str, float]:
    """Pictures a second of CPU time on one core, scenes warm; median of alternating rounds."""
    found: dict[str, list[float]] = {world.name: [] for world in (NARROW, WIDE)}
    for turn in range(ROUNDS + 1):
        for world in (NARROW, WIDE):
            rng, began = np.random.default_rng([9, turn % 2]), time.process_time()
            for i in range(A_ROUND):
                draw(sample_person(40 * turn + i, world), sample_context(rng, world))
            if turn > 1:  # both sets of contexts have painted their scenes by then
                found[world.name].append(A_ROUND / (time.process_time() - began))
    return {name: float(np.median(values)) for name, values in found.items()}


def styles(count: int) -> dict[str, float]:
    """Style -> rank-1 among 100 people, the contexts alike but for the style."""
    judge, people = load_judge(WEIGHTS / "judge"), identities()
    reference = gallery(judge, people)
    calm: dict[str, Any] = {
        "glasses": "none", "zoom": 1.1, "offset": (0.0, 0.0), "pitch": 0.0, "roll": 0.0,
    }  # fmt: skip
    found = {}
    for style in (*registry.styles(WIDE)[1:], "linocut"):
        some = draw_set("styles", people[:count], 1, style=style, **calm)
        found[style] = rank1(judge, reference, people, some.plain, some.persons)
    return found


def table(told: dict[str, Any]) -> str:
    """The measurements in Markdown."""
    lines = ["| half-width or height, units | narrow | wide |", "|---|---|---|"]
    for part in PARTS:
        cells = [f"{low} to {high} (sd {sd})" for low, high, sd in
                 (told["shapes"][w][part] for w in ("narrow", "wide"))]  # fmt: skip
        lines.append(f"| {part} | {' | '.join(cells)} |")
    lines += ["", "| style | rank-1 |", "|---|---|"]
    lines += [f"| {style} | {share:.2f} |" for style, share in told.get("styles", {}).items()]
    for name in ("hair", "contexts", "rates"):
        lines += ["", name + ": " + ", ".join(f"{k} {v:.3g}" for k, v in told[name].items())]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="what the drawn worlds hold")
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--judge", type=int, default=60, help="people a style; 0 for none")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    told: dict[str, Any] = {
        "on": machine(),
        "script": "benchmarks/world.py",
        "people": args.people,
        "shapes": {world.name: shapes(world, args.people) for world in (NARROW, WIDE)},
        "hair": hair(args.people),
        "contexts": contexts(3000),
        "rates": rates(),
    }
    if args.judge:
        told["styles"] = styles(args.judge)
    print(table(told))
    args.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
