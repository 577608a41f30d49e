"""What a tuning of mini teaches: the noise error on pictures of the person that it has not seen.

    python benchmarks/tuned_loss.py --people 12 "" "feedback=4" "learning_rate=1e-4 steps=150"

Every VARIANT is a line of recipe settings, changed from the recipe mini-cpu; the people are those
of tune_settings.py, held out of every training and of every table. For each the error on the head
(v-prediction, min-SNR weighted; scenes, roles, styles and moods that the photos have not) before
and after, on the same pictures, captions, noise and timesteps. Rank-1 of a hundred pictures is good
to 0.04; this tells settings apart where that cannot, though not whether a face is recognised.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this script

import numpy as np
import torch
from _drawings import identities
from held_loss import errors, scenes
from tune_settings import FIRST, WEIGHTS, parse, prepared, tailored

from pidiff_cli.config import TuneConfig
from pidiff_cli.core.diffusion.base import load_base
from pidiff_cli.core.identity.likeness import FaceReader
from pidiff_cli.recipe import load_recipe
from pidiff_cli.stages import _tuning


def gain(
    person: int, config: TuneConfig, reader: FaceReader, home: Path, pictures: int
) -> tuple[float, float, float]:
    """Error on the head before tuning and after it, and the seconds it took."""
    made = scenes([person], pictures)
    profile = prepared(person, home)
    base = load_base(WEIGHTS, torch.device("cpu"), torch.float32)
    mean = _tuning.codes_of(profile, _tuning.training_photos(profile)[0])[1]
    codes = mean.expand(pictures, -1, -1)
    before = errors(base, made, codes)[1]
    _, seconds = tailored(base, profile, config, reader)
    return before, errors(base, made, codes)[1], seconds


def main() -> None:
    """A line of JSON for each variant."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("variants", nargs="*", default=[""])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--pictures", type=int, default=64, help="of each person")
    parser.add_argument("--home", type=Path, default=Path(".mini/settings/home").resolve())
    args = parser.parse_args()
    torch.set_num_threads(1)
    reader = FaceReader.open(WEIGHTS / "faces")
    recipe = replace(TuneConfig(), **load_recipe("mini-cpu").tune)
    for variant in args.variants:
        config = parse(variant, recipe)[0]
        rows = np.array([
            gain(person, config, reader, args.home, args.pictures)
            for person in identities(args.people, FIRST)
        ])  # fmt: skip
        change = rows[:, 1] - rows[:, 0]
        row = {
            "variant": variant or "the recipe", "people": len(rows),
            "before": round(float(rows[:, 0].mean()), 5),
            "change": round(float(change.mean()), 5),
            "standard error": round(float(change.std(ddof=1) / len(rows) ** 0.5), 5),
            "seconds": round(float(rows[:, 2].mean()), 1),
        }  # fmt: skip
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
