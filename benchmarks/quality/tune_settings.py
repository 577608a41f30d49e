"""Compares settings of `tune` and `generate` on people that no table uses.

    python -m benchmarks.quality.tune_settings --people 6 "learning_rate=1e-3 steps=300" "rank=16"

Every VARIANT is a line of recipe settings, changed from the recipe mini-cpu; `guidance=`,
`identity_scale=`, `start=` and `hold=` change how the pictures are drawn, `tune=0` draws with the
general branch alone.
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
from torch.nn import functional as F

from benchmarks.commands import pidiff
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
from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import Base, load_base
from pidiff_cli.core.diffusion.prompts import complete, encode_prompt
from pidiff_cli.core.diffusion.sampling import DrawSettings, draw
from pidiff_cli.core.faces.reader import FaceReader
from pidiff_cli.core.identity import adapter
from pidiff_cli.core.metrics.judge import load_judge
from pidiff_cli.core.training.fast_step import switch
from pidiff_cli.core.training.step import TrainingStep
from pidiff_cli.profile import Profile
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages.tune import plan as _planning
from pidiff_cli.stages.tune import setup as _tuning

FIRST = 50_000  # the table's people begin at 0
NOUN = "person"
DRAW = {
    "guidance": 2.5,
    "identity_scale": 1.0,
    "draw_steps": 12,
    "start": 0.0,
    "hold": 0.0,
    "tune": 1,
}


def prepared(person: int, home: Path) -> Profile:
    """The profile of one person, prepared and inverted by the commands; kept in ``home``."""
    name = f"v{person}"
    if not (home / "profiles" / name / "identity.safetensors").is_file():
        photos = write_photos(person, home / "photos" / name)
        pidiff("prepare", str(photos), "--name", name, "--force", home=home)
        pidiff("invert", name, home=home)
    return Profile.open(name, home)


def tailored(base: Base, profile: Profile, config: TuneConfig) -> tuple[Any, float]:
    """Tune in this process, without previews and checkpoints; the adapter's model, seconds."""
    own, _ = _tuning.training_photos(profile)
    codes, mean = _tuning.codes_of(profile, own)
    torch.manual_seed(config.seed)
    began = time.perf_counter()
    model = adapter.add_adapter(
        base.unet, config.rank, config.alpha, config.tune_code, config.trained_blocks
    )

    amp = _planning.autocast(config, "mini", base.device, None)
    switch(base.unet, _planning.switches(config, "mini", amp))
    parameters = list(adapter.trainable_parameters(model).values())
    groups = _tuning.rate_groups(model, config)
    training_step = TrainingStep(
        base, codes, mean, _tuning.captions(base, profile.manifest.noun),
        _tuning.loss_settings(config), adapter.code_delta(model), amp,
    )  # fmt: skip
    faces, photos = _tuning.training_data(profile, config, base, own)
    optimizer = adapter.make_optimizer(groups, "cpu", config.learning_rate)
    generator = torch.Generator().manual_seed(config.seed)
    for step in range(config.steps):
        data = faces if step < config.face_phase * config.steps else photos
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * _tuning.learning_rate(config, step)
        batch = training_step.sample(data, config.batch, generator)
        with training_step.half_weights:
            training_step.loss(batch)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    base.context.clear()
    return model, time.perf_counter() - began


def pictures_of(base: Base, profile: Profile, drawing: dict[str, float]) -> list[Picture]:
    """One picture of every prompt."""
    own, _ = _tuning.training_photos(profile)
    mean = _tuning.codes_of(profile, own)[1]
    settings = DrawSettings(
        steps=int(drawing["draw_steps"]),
        guidance=drawing["guidance"],
        identity_scale=drawing["identity_scale"],
        start=drawing["start"],
        keep_background=drawing["hold"],
    )
    made = []
    for seed, wish in enumerate(PROMPTS):
        prompt = encode_prompt(base, complete(wish, NOUN), NOUN)
        image = draw(base, prompt, mean, [700 + seed], settings).images[0]
        made.append(Picture(image, wish, prompt.text, 700 + seed))
    return made


def parse(variant: str, base: TuneConfig) -> tuple[TuneConfig, dict[str, float]]:
    """A line of settings as the configuration and how to draw."""
    drawing, changes = dict(DRAW), {}
    for word in variant.split():
        key, value = word.split("=")
        if key in drawing:
            drawing[key] = float(value)
        else:
            changes[key] = type(getattr(base, key))(float(value))
    return replace(base, **changes), drawing


def try_variant(
    variant: str, config: TuneConfig, people: list[int], args: argparse.Namespace
) -> dict[str, Any]:
    """Means over the people."""
    config, drawing = parse(variant, config)
    judge, reader = load_judge(WEIGHTS / "judge"), FaceReader.open(WEIGHTS / "faces")
    everyone = identities(100, FIRST)
    drawn = draw_set("gallery", everyone, 4, style="photo")
    vectors = judge.embed(to_tensor(drawn.plain)).view(len(everyone), 4, -1)
    reference = F.normalize(vectors.mean(1), dim=-1)
    rows, sheet = [], []
    for place, person in enumerate(people):
        base = load_base(args.weights, torch.device("cpu"), torch.float32)
        profile = prepared(person, args.home)
        seconds = tailored(base, profile, config)[1] if drawing["tune"] else 0.0
        made = pictures_of(base, profile, drawing)
        row = rank1_of(judge, reader, reference, place, made)
        plain = pictures_of(base, profile, {**drawing, "identity_scale": 0.0})
        row["background"] = background_change(reader, made, plain) or 0.0
        row["plain_right"] = right_prompt(judge, NOUN, plain)
        rows.append({**row, "right": right_prompt(judge, NOUN, made), "seconds": seconds})
        sheet.append(np.concatenate([p.rgb for p in made], 1))
    if args.sheets:
        from pidiff_cli.core.images import save_png

        args.sheets.mkdir(parents=True, exist_ok=True)
        save_png(args.sheets / f"{variant.replace(' ', '_') or 'default'}.png",
                 np.concatenate(sheet))  # fmt: skip
    means = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    each = [round(row["rank1"], 2) for row in rows]
    return {"variant": variant or "default", "people": len(people), **means, "each": each}


def main() -> None:
    """Try every variant in turn."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.tune_settings",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("variants", nargs="*", default=[""])
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--home", type=Path, default=Path(".mini/settings/home").resolve())
    parser.add_argument("--log", type=Path, default=Path(".mini/settings/log.jsonl"))
    parser.add_argument("--sheets", type=Path, help="also keep the pictures in this folder")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="of the diffusion base")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    recipe = load_recipe("mini-cpu")
    config = replace(TuneConfig(), **recipe.tune)
    for variant in args.variants:
        row = try_variant(variant, config, identities(args.people, FIRST), args)
        print(json.dumps(row), flush=True)
        args.log.parent.mkdir(parents=True, exist_ok=True)
        with args.log.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
