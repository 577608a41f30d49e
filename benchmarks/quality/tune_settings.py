"""Compares settings of `tune` and `generate` on people that no table uses.

    python -m benchmarks.quality.tune_settings --people 6 "learning_rate=1e-3 steps=300" "rank=16"

Every VARIANT is a line of recipe settings, changed from the recipe mini-cpu, or of what no
recipe sets (`stages/tune/internals.py`); `guidance=`, `identity_scale=`, `start=`, `hold=` and
`draw_steps=` change how the pictures are drawn, `tune=0` draws with the general branch alone.
The people are held out of every training and apart from those of mini_table, so that what is
chosen here is not chosen on the table. Prints rank-1 of 100, the judge's cosine, the right
caption among 32 and the seconds of tuning; appends the rows to --log as JSON lines.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.commands import command_line
from benchmarks.drawings import draw_set, identities, to_tensor
from benchmarks.places import WEIGHTS
from benchmarks.quality.people import (
    PROMPTS,
    Picture,
    background_change,
    rank1_of,
    right_prompt,
    write_photos,
)
from benchmarks.tuning import CONFIG, INTERNALS, Person, Tuning, drawing, make_job, parse, tuning
from pidiff_cli import api
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.diffusion.wording import complete
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.images import save_png
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.profile import Profile
from pidiff_cli.stages.faces import aligned_faces
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.tune.data import captions, codes_of, training_data, training_photos
from pidiff_cli.stages.tune.loop import train
from pidiff_cli.stages.tune.state import Run

FIRST = 50_000  # the table's people begin at 0
NOUN = "person"
DRAW = DrawSettings(steps=12, guidance=2.5)
DRAWING = {"guidance", "identity_scale", "start", "hold"}


def prepared(person: int, home: Path) -> Profile:
    """The profile of one person, prepared and inverted; kept in ``home``."""
    name = f"v{person}"
    if not (home / "profiles" / name / "identity.safetensors").is_file():
        api.prepare(write_photos(person, home / "photos" / name), name, force=True, home=home)
        api.invert(name, home=home)
    return Profile.open(name, home)


def tune(
    base: Base, profile: Profile, settings: Tuning, codes: tuple[Tensor, Tensor] | None = None
) -> tuple[nn.Module, float]:
    """Tune in this process, without previews and checkpoints; the adapter's model, seconds.

    ``codes``: (P, L, D) and their mean (L, D), in the place of the profile's; None on a base
    without a branch.
    """
    own, _ = training_photos(profile)
    began = time.perf_counter()
    data = training_data(profile, settings.config, base, own, aligned_faces(profile))
    person = Person(data, *(codes or (codes_of(profile, own) if base.has_branch else (None, None))))
    job = make_job(base, "mini", settings, person, captions(base, profile.manifest.noun))
    train(job, Run(), Progress())
    return job.model, time.perf_counter() - began


def pictures_of(base: Base, profile: Profile, settings: DrawSettings) -> list[Picture]:
    """One picture of every prompt."""
    mean = codes_of(profile, training_photos(profile)[0])[1]
    made = []
    for seed, wish in enumerate(PROMPTS):
        prompt = encode_prompt(base, complete(wish, NOUN), NOUN)
        image = draw(base, prompt, mean, [700 + seed], settings).images[0]
        made.append(Picture(image, wish, prompt.text, 700 + seed))
    return made


def read_variant(variant: str) -> tuple[Tuning | None, DrawSettings]:
    """A line of settings as what to tune with, None for not at all, and how to draw."""
    values = parse(variant)
    if unknown := values.keys() - CONFIG - INTERNALS - DRAWING - {"tune", "draw_steps"}:
        raise SystemExit(f"There is no setting {', '.join(sorted(unknown))}.")
    drawn = {key: value for key, value in values.items() if key in DRAWING}
    drawn["steps"] = values.get("draw_steps", DRAW.steps)
    settings = tuning("mini-cpu", values) if values.get("tune", 1) else None
    return settings, drawing(DRAW, drawn)


def try_variant(variant: str, people: list[int], args: argparse.Namespace) -> dict[str, Any]:
    """Means over the people."""
    settings, drawn_as = read_variant(variant)
    judge, reader = load_judge(WEIGHTS / "judge"), FaceReader.open(WEIGHTS / "faces")
    everyone = identities(100, FIRST)
    drawn = draw_set("gallery", everyone, 4, style="photo")
    vectors = judge.embed(to_tensor(drawn.plain)).view(len(everyone), 4, -1)
    reference = F.normalize(vectors.mean(1), dim=-1)
    rows, sheet = [], []
    for place, person in enumerate(people):
        base = load_base(args.weights, torch.device("cpu"), torch.float32)
        profile = prepared(person, args.home)
        seconds = tune(base, profile, settings)[1] if settings else 0.0
        made = pictures_of(base, profile, drawn_as)
        row = rank1_of(judge, reader, reference, place, made)
        plain = pictures_of(base, profile, replace(drawn_as, identity_scale=0.0))
        row["background"] = background_change(reader, made, plain) or 0.0
        row["plain_right"] = right_prompt(judge, NOUN, plain)
        rows.append({**row, "right": right_prompt(judge, NOUN, made), "seconds": seconds})
        sheet.append(np.concatenate([p.rgb for p in made], 1))
    if args.sheets:
        args.sheets.mkdir(parents=True, exist_ok=True)
        save_png(args.sheets / f"{variant.replace(' ', '_') or 'default'}.png",
                 np.concatenate(sheet))  # fmt: skip
    means = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    each = [round(row["rank1"], 2) for row in rows]
    return {"variant": variant or "default", "people": len(people), **means, "each": each}


def main() -> None:
    """Try every variant in turn."""
    parser = command_line("benchmarks.quality.tune_settings", __doc__)
    parser.add_argument("variants", nargs="*", default=[""])
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--home", type=Path, default=Path(".mini/settings/home").resolve())
    parser.add_argument("--log", type=Path, default=Path(".mini/settings/log.jsonl"))
    parser.add_argument("--sheets", type=Path, help="also keep the pictures in this folder")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="of the diffusion base")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for variant in args.variants:
        row = try_variant(variant, identities(args.people, FIRST), args)
        print(json.dumps(row), flush=True)
        args.log.parent.mkdir(parents=True, exist_ok=True)
        with args.log.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
